// Chooses objects.
#include "cli/demo/choice.h"

namespace strata::demo {
namespace {

std::vector<ObjectId> in_random_order(std::span<const ObjectId> ids, std::uint64_t seed) {
  const auto random = seeded_random(seed);
  std::vector<ObjectId> shuffled_ids;
  for (const std::size_t at : workload::shuffled(ids.size(), *random))
    shuffled_ids.push_back(ids[at]);
  return shuffled_ids;
}

workload::Popularity small_ones_first(const Objects& objects, std::span<const ObjectId> sections) {
  std::vector<double> weights;
  for (const ObjectId section : sections) {
    weights.push_back(1.0 / static_cast<double>(objects.packages_of(section).size()));
  }
  return workload::Popularity::of_weights(weights);
}

}  // namespace

Choice::Choice(const Objects& objects, std::uint64_t seed)
    : packages_(in_random_order(objects.all(ObjectKind::kPackage), seed)),
      sections_(in_random_order(objects.all(ObjectKind::kSection), seed)),
      places_(in_random_order(objects.all(ObjectKind::kPlace), seed)),
      of_packages_(workload::Popularity::zipf(packages_.size(), kZipfExponent)),
      of_sections_(small_ones_first(objects, sections_)),
      of_places_(workload::Popularity::zipf(places_.size(), kZipfExponent)) {}

ObjectId Choice::any(Random& random) const {
  const double share = workload::unit(random);
  if (share < kShareOfPlaces) return place(random);
  if (share < kShareOfPlaces + kShareOfSections) return section(random);
  return package(random);
}

ObjectId Choice::package(Random& random) const { return packages_[of_packages_.pick(random)]; }
ObjectId Choice::section(Random& random) const { return sections_[of_sections_.pick(random)]; }
ObjectId Choice::place(Random& random) const { return places_[of_places_.pick(random)]; }

}  // namespace strata::demo
