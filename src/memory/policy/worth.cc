// Worth: sums over the residents, and quotients of them.
#include "memory/policy/worth.h"

#include "core/assert.h"

namespace strata::memory {
namespace {

// What is cheaper than thrice this is of the first class.
constexpr Duration kFirstCost = std::chrono::microseconds(20);

}  // namespace

std::uint8_t cost_class_of(Duration cost) {
  if (cost <= Duration(0)) return 0;
  std::uint8_t result = 1;
  for (Duration most = 3 * kFirstCost; cost >= most && result + 1 < Worth::kCostClasses;
       most *= 3) {
    ++result;
  }
  return result;
}

std::uint8_t Worth::compute_grade(std::uint32_t weight, std::uint8_t cost) const {
  const auto entries = static_cast<double>(entries_);
  const auto all_weight = static_cast<double>(weight_);
  // What a hit counts, and what one of each resident would.
  double gain = 1;
  double all_gain = entries;
  if (aim_ == EvictionAim::kBytes) {
    gain = static_cast<double>(weight);
    all_gain = all_weight;
  } else if (aim_ == EvictionAim::kCost && cost != 0) {
    gain = static_cast<double>(kCosts[cost]) * static_cast<double>(costed_);
    all_gain = static_cast<double>(cost_) * entries;
  }
  const double own = gain * (counts_places_ ? entries : all_weight);
  const double mean = all_gain * (counts_places_ ? 1 : static_cast<double>(weight));
  constexpr double kFactor = 1 << kGradeBits;
  std::uint8_t grade = kMeanGrade;
  if (own > mean) {
    for (double least = mean * 2; own >= least && grade + 1 < kGrades; least *= kFactor) ++grade;
  } else {
    for (double least = own * 2; mean > least && grade > 0; least *= kFactor) --grade;
  }
  return grade;
}

void Worth::check_invariants(std::uint64_t entries, std::uint64_t weight) const {
  STRATA_ASSERT(entries_ == entries);
  STRATA_ASSERT(weight_ == weight);
  STRATA_ASSERT(costed_ <= entries_);
  STRATA_ASSERT(costed_ <= cost_);
}

}  // namespace strata::memory
