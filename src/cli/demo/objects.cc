// Numbers what the demo reads.
#include "cli/demo/objects.h"

#include <functional>
#include <numeric>

#include "core/assert.h"

namespace strata::demo {

std::string_view to_string(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kPackage:
      return "package";
    case ObjectKind::kSection:
      return "section";
    case ObjectKind::kPlace:
      return "place";
  }
  return "";
}

Objects::Objects(const Catalogue& catalogue) : catalogue_(catalogue) {
  std::map<std::string_view, std::vector<ObjectId>> sections;
  for (const PackageRow& row : catalogue.packages) {
    sections[row.section].push_back(static_cast<ObjectId>(names_.size()));
    names_.push_back(row.name);
  }
  section_of_.resize(names_.size());
  for (auto& [name, packages] : sections) {
    for (const ObjectId package : packages) {
      section_of_[package] = static_cast<ObjectId>(names_.size());
    }
    packages_of_.push_back(std::move(packages));
    names_.push_back(name);
  }
  for (const PlaceRow& row : catalogue.places) {
    places_of_[row.country_code].push_back(static_cast<ObjectId>(names_.size()));
    names_.push_back(row.zone);
  }
  ids_.resize(names_.size());
  std::iota(ids_.begin(), ids_.end(), ObjectId{0});
  for (const ObjectId id : ids_) by_name_[static_cast<int>(kind(id))].emplace(names_[id], id);
}

std::size_t Objects::first(ObjectKind kind) const {
  switch (kind) {
    case ObjectKind::kPackage:
      return 0;
    case ObjectKind::kSection:
      return catalogue_.packages.size();
    case ObjectKind::kPlace:
      return catalogue_.packages.size() + packages_of_.size();
  }
  return 0;
}

ObjectKind Objects::kind(ObjectId id) const {
  STRATA_ASSERT(id < names_.size());
  if (id < first(ObjectKind::kSection)) return ObjectKind::kPackage;
  return id < first(ObjectKind::kPlace) ? ObjectKind::kSection : ObjectKind::kPlace;
}

std::optional<ObjectId> Objects::find(ObjectKind kind, std::string_view name) const {
  const auto& names = by_name_[static_cast<int>(kind)];
  const auto found = names.find(name);
  if (found == names.end()) return std::nullopt;
  return found->second;
}

std::span<const ObjectId> Objects::all(ObjectKind kind) const {
  const std::size_t begin = first(kind);
  const std::size_t end = kind == ObjectKind::kPackage   ? first(ObjectKind::kSection)
                          : kind == ObjectKind::kSection ? first(ObjectKind::kPlace)
                                                         : names_.size();
  return std::span(ids_).subspan(begin, end - begin);
}

std::span<const ObjectId> Objects::packages_of(ObjectId section) const {
  STRATA_ASSERT(kind(section) == ObjectKind::kSection);
  return packages_of_[section - first(ObjectKind::kSection)];
}

std::span<const ObjectId> Objects::places_of(std::string_view country_code) const {
  const auto found = places_of_.find(country_code);
  if (found == places_of_.end()) return {};
  return found->second;
}

std::string Objects::tag_of(ObjectId id) const {
  if (kind(id) == ObjectKind::kPlace) return "country:" + place(id).country_code;
  const ObjectId section = kind(id) == ObjectKind::kSection ? id : section_of(id);
  return "section:" + std::string(name(section));
}

std::vector<ObjectId> Objects::sharing_tag_with(ObjectId id) const {
  if (kind(id) == ObjectKind::kPlace) {
    const auto places = places_of(place(id).country_code);
    return {places.begin(), places.end()};
  }
  const ObjectId section = kind(id) == ObjectKind::kSection ? id : section_of(id);
  const auto packages = packages_of(section);
  std::vector<ObjectId> sharing(packages.begin(), packages.end());
  sharing.push_back(section);
  return sharing;
}

const PlaceRow& Objects::place(ObjectId id) const {
  STRATA_ASSERT(kind(id) == ObjectKind::kPlace);
  return catalogue_.places[id - first(ObjectKind::kPlace)];
}

}  // namespace strata::demo
