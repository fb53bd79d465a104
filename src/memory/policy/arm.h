// Arm: one setting of the horizon structure (memory/policy/horizon_rules.h).
//
// All that eviction policies of this family differ in are these few numbers, so that changing the
// policy is to store which arm is in force; what is held moves on by later evictions.
#pragma once

#include <array>
#include <cstdint>

namespace strata::memory {

struct Arm {
  const char* name;
  std::uint32_t small_permille;      // the small queue's share of the shard
  std::uint32_t reach_percent;       // of the horizon, within which somebody's return counts
  bool has_horizon;                  // otherwise every remembered return counts
  bool demotes;                      // the main queue's tail goes to the small queue, not away
  bool second_chance;                // a used entry goes around the small queue
  std::uint8_t most_uses;            // uses saturate here
  std::uint8_t uses_to_stay;         // in the small queue, for the main one
  std::uint32_t needs_lead_percent;  // of the present arm's score, before it takes over

  // The small queue has at least two entries where its share is tiny.
  [[nodiscard]] std::uint64_t least_small(std::uint64_t capacity) const {
    return small_permille < 50 && capacity >= 4 ? 2 : 1;
  }
};

// The first is in force at the start, and always where nothing adapts.
inline constexpr std::array<Arm, 5> kArms{{
    // A compromise that is never far from the best.
    {"h7a", 70, 70, true, false, false, 3, 2, 0},
    // Like LIRS: loops and scans.
    {"h1", 10, 70, true, false, false, 3, 2, 0},
    // Like S3-FIFO and 2Q: web and database traffic.
    {"h20", 200, 100, true, false, false, 3, 2, 0},
    // Like ARC and SLRU: recency.
    {"r30", 300, 0, false, true, false, 3, 1, 0},
    // Like LRU; nobody is used twice with uses that saturate at one.
    {"lru", 900, 0, false, true, true, 1, 2, 5},
}};

}  // namespace strata::memory
