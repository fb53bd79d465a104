// CacheStats: a snapshot of what a cache has done. Counters never decrease.
//
// Two hit rates, both named. request_hit_rate: look-ups answered by any tier / look-ups.
// lookup_hit_rate: hits over look-ups summed over the tiers; a miss in memory that SQLite answers
// counts once as a miss and once as a hit.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "strata/core/outcome.h"
#include "strata/core/time.h"
#include "strata/labels/miss_reason.h"
#include "strata/ports/tier_stats.h"

namespace strata {

struct LatencyStats {
  std::uint64_t count = 0;
  Duration p50{0}, p95{0}, p99{0}, max{0};
};

struct KeyspaceStats {
  std::string name;
  std::string source;
  std::array<std::uint64_t, kOutcomeCount> outcomes{};   // of look-ups, by Outcome
  std::array<std::uint64_t, kMissReasonCount> misses{};  // of look-ups, by MissReason
  std::uint64_t loads = 0;                               // runs of a source, refreshes included
  std::uint64_t load_failures = 0;
  std::uint64_t joined = 0;        // look-ups that waited for another's load
  std::uint64_t join_refused = 0;  // ... whose result was older than they may take
  std::uint64_t refused = 0;       // values returned but not stored, by the fill rule
  std::uint64_t too_large = 0;     // values returned but not stored, by max_value_bytes
  std::uint64_t puts = 0;
  Duration load_time_saved{0};  // what the hits would have cost
  LatencyStats load;

  [[nodiscard]] std::uint64_t count(Outcome outcome) const {
    return outcomes[static_cast<std::size_t>(outcome)];
  }
  [[nodiscard]] std::uint64_t lookups() const;
};

struct TierTraffic {
  TierStats tier;    // what the tier itself says
  LatencyStats get;  // memory: one in 64 is timed
};

struct CacheStats {
  std::string name;
  std::vector<TierTraffic> tiers;  // memory first
  std::vector<KeyspaceStats> keyspaces;
  std::uint64_t invalidations = 0;
  std::uint64_t tier_errors = 0;  // degradations: a tier failed and was passed over

  [[nodiscard]] double request_hit_rate() const;  // 0 without look-ups
  [[nodiscard]] double lookup_hit_rate() const;
};

}  // namespace strata
