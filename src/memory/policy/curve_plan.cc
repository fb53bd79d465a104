// CurvePlan: the sizes of shadows.
#include "memory/policy/curve_plan.h"

#include <algorithm>
#include <cmath>

#include "memory/policy/arm.h"

namespace strata::memory {
namespace {

// A shadow remembers as many evicted keys as a shard does, at its scale.
constexpr std::uint32_t kGhostsPerResident = 3;
constexpr double kGhostsMin = 512;
// Where the weight is bounded, as many of the places as this are expected to be needed: what is
// there may become lighter.
constexpr double kExpectedOfPlaces = 0.8;

constexpr std::array<std::uint32_t, kCurvePoints> kFollowerResidents{128, 256,   512,
                                                                     512, 1'024, 2'048};
constexpr std::uint32_t kTrialResidents = 132;
constexpr std::uint32_t kOwnTrialResidents = 256;

std::uint64_t scaled(std::uint64_t amount, double share) {
  return std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::llround(static_cast<double>(amount) * share)));
}

// Of the amount, `size` times as much; at least 1.
std::uint64_t times(std::uint64_t amount, double size) {
  if (amount == 0) return 0;
  const double product = static_cast<double>(amount) * size;
  return product >= 1e18 ? std::uint64_t{1} << 60
                         : std::max<std::uint64_t>(1, static_cast<std::uint64_t>(product));
}

// Bytes for weights and grades leave less for residents; where entries are bounded, for those of
// followers, so that the choice of the arm does not depend on the aim.
std::uint32_t affordable_trial(std::uint32_t residents, const Capacity& capacity) {
  return capacity.max_weight != 0 ? residents * 7 / 8 : residents;
}
std::uint32_t affordable_follower(std::uint32_t residents, const Capacity& capacity,
                                  EvictionAim aim) {
  if (capacity.max_weight != 0) return residents * 7 / 8;
  return Shadow::has_weights({.aim = aim}) ? residents * 5 / 8 : residents;
}

}  // namespace

SampledShadow SampledShadow::of(const Capacity& capacity, std::uint32_t residents,
                                std::uint8_t level_min) {
  SampledShadow sampled;
  if (capacity.entries == 0) return sampled;
  const double expected = capacity.max_weight == 0 ? 1 : kExpectedOfPlaces;
  const auto entries = static_cast<double>(capacity.entries);
  sampled.level = std::max(level_min, level_for(residents * expected / entries));
  sampled.limit = limit_of_level(sampled.level);
  ShadowOptions& options = sampled.options;
  const auto needed = static_cast<std::uint32_t>(scaled(capacity.entries, sampled.share()));
  // Where the weight is bounded how many there will be is not known.
  options.residents = capacity.max_weight != 0 ? residents : std::min(residents, needed);
  // Where both bind, the one in weight does before that many entries are there.
  if (capacity.max_entries != 0) {
    options.max_entries =
        std::min<std::uint64_t>(scaled(capacity.max_entries, sampled.share()), options.residents);
  }
  if (capacity.max_weight != 0) {
    options.max_weight = scaled(capacity.max_weight, sampled.share());
  }
  options.expected = std::min(needed, options.residents);
  options.ghosts = std::max(static_cast<std::uint32_t>(kGhostsMin * sampled.share()),
                            options.expected * kGhostsPerResident);
  return sampled;
}

CurvePlan CurvePlan::of(const Capacity& capacity, const CurvePlan* former, EvictionAim aim) {
  CurvePlan plan;
  const auto lay_out = [&](std::size_t i, std::uint8_t follower_level) {
    const Capacity sized{.entries = times(capacity.entries, kCurveSizes[i]),
                         .max_entries = times(capacity.max_entries, kCurveSizes[i]),
                         .max_weight = times(capacity.max_weight, kCurveSizes[i])};
    plan.followers[i] = SampledShadow::of(
        sized, affordable_follower(kFollowerResidents[i], capacity, aim), follower_level);
    const std::uint32_t of_trial = i == kOwnSize ? kOwnTrialResidents : kTrialResidents;
    plan.trials[i] = SampledShadow::of(sized, affordable_trial(of_trial, capacity),
                                       former == nullptr ? 0 : former->trials[i].level);
    plan.followers[i].options.aim = aim;
    plan.trials[i].options.aim = aim;
  };
  const auto former_level = [&](std::size_t i) {
    return former == nullptr ? std::uint8_t{0} : former->followers[i].level;
  };
  // What the others count is compared with the cache's own size on the same sample.
  lay_out(kOwnSize, former_level(kOwnSize));
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    if (i != kOwnSize) lay_out(i, std::max(former_level(i), plan.followers[kOwnSize].level));
  }
  return plan;
}

std::size_t CurvePlan::footprint_bytes_max() const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    bytes += Shadow::footprint_bytes_max(followers[i].options) +
             Shadow::footprint_bytes_max(trials[i].options) * kArms.size();
  }
  return bytes;
}

}  // namespace strata::memory
