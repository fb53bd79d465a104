// Worth: how much more a hit of one resident counts than a hit of another, for the room they take.
//
// A hit counts for one request, for the entry's bytes, or for the time that loading it takes
// (EvictionAim); the room is a place where entries are bounded, and the weight where that is. Worth
// is the former by the latter, relative to the residents together, in grades: each is four times
// the one below, and kMeanGrade is around the mean. Where all are alike, all are of that grade.
//
// What loading takes is known in classes, each three times the one below. An entry of which it is
// not known, because it was put, counts as the mean of the others.
//
// Threads   Thread-compatible.
#pragma once

#include <array>
#include <cstdint>

#include "memory/policy/resident.h"
#include "strata/core/time.h"
#include "strata/memory/memory_tier.h"

namespace strata::memory {

// For set_cost_class(). 0 is that of no cost.
[[nodiscard]] std::uint8_t cost_class_of(Duration cost);

// Of the residents of one shard.
class Worth {
 public:
  static constexpr std::uint8_t kGrades = 7;
  static constexpr std::uint8_t kMeanGrade = kGrades / 2;
  static constexpr int kGradeBits = 2;  // a grade is a factor of 1 << kGradeBits

  explicit Worth(EvictionAim aim) : aim_(aim) {}

  // `cost`: its class.
  void add(std::uint32_t weight, std::uint8_t cost) {
    ++entries_;
    weight_ += weight;
    if (cost != 0) ++costed_, cost_ += kCosts[cost];
  }
  void add(const Resident& entry) { add(entry.weight, cost_class_of(entry)); }
  void remove(std::uint32_t weight, std::uint8_t cost) {
    --entries_;
    weight_ -= weight;
    if (cost != 0) --costed_, cost_ -= kCosts[cost];
  }
  void remove(const Resident& entry) { remove(entry.weight, cost_class_of(entry)); }
  // Whether it is entries that are scarce, and not weight.
  void set_counts_places(bool counts_places) { counts_places_ = counts_places; }

  [[nodiscard]] std::uint8_t grade(std::uint32_t weight, std::uint8_t cost) const {
    const bool is_mean = aim_ == EvictionAim::kRequests
                             ? counts_places_ || weight * entries_ == weight_
                             : aim_ == EvictionAim::kBytes && !counts_places_;
    return is_mean ? kMeanGrade : compute_grade(weight, cost);
  }
  [[nodiscard]] std::uint8_t grade(const Resident& entry) const {
    return grade(entry.weight, cost_class_of(entry));
  }

  // Aborts if the sums are not those of so many residents. O(1).
  void check_invariants(std::uint64_t entries, std::uint64_t weight) const;

 private:
  static constexpr std::uint8_t kCostClasses = 16;
  // What an entry of each class is taken to have cost, in units of the first.
  static constexpr std::array<std::uint64_t, kCostClasses> kCosts{
      0,     1,     3,      9,      27,      81,      243,       729,
      2'187, 6'561, 19'683, 59'049, 177'147, 531'441, 1'594'323, 4'782'969};

  [[nodiscard]] std::uint8_t compute_grade(std::uint32_t weight, std::uint8_t cost) const;

  friend std::uint8_t cost_class_of(Duration cost);  // how many there are

  const EvictionAim aim_;
  bool counts_places_ = false;
  std::uint64_t entries_ = 0;
  std::uint64_t weight_ = 0;
  std::uint64_t costed_ = 0;  // entries whose cost is known
  std::uint64_t cost_ = 0;    // of those
};

}  // namespace strata::memory
