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
#include "strata/ports/guard_stats.h"
#include "strata/ports/tenants.h"
#include "strata/ports/tier_stats.h"
#include "strata/tiered/enabled.h"
#include "strata/tiered/memory_pressure.h"

namespace strata {

struct LatencyStats {
  std::uint64_t count = 0;
  Duration p50{0}, p95{0}, p99{0}, max{0};
};

struct KeyspaceStats {
  std::string name;
  std::string source;
  Enabled enabled = true;                                // now
  std::array<std::uint64_t, kOutcomeCount> outcomes{};   // of look-ups, by Outcome
  std::array<std::uint64_t, kMissReasonCount> misses{};  // of look-ups, by MissReason
  std::uint64_t loads = 0;                               // runs of a source, refreshes included
  std::uint64_t load_failures = 0;
  std::uint64_t refreshes_ahead = 0;  // begun by refresh_ahead, before a ttl ended
  std::uint64_t backed_off = 0;       // look-ups answered with the error of an earlier load
  std::uint64_t turned_away = 0;      // ... that would have waited for a load beside max_waiters
  std::uint64_t joined = 0;           // look-ups that waited for another's load
  std::uint64_t join_refused = 0;     // ... whose result was older than they may take
  std::uint64_t refused = 0;          // values returned but not stored, by the fill rule
  std::uint64_t too_large = 0;        // values returned but not stored, by max_value_bytes
  std::uint64_t puts = 0;
  // Of what was offered to the tiers below memory: as codecs made it, as it was stored, and how
  // many values were compressed.
  std::uint64_t value_bytes = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t compressed = 0;
  Duration load_time_saved{0};  // what the hits would have cost
  LatencyStats load;

  [[nodiscard]] std::uint64_t count(Outcome outcome) const {
    return outcomes[static_cast<std::size_t>(outcome)];
  }
  [[nodiscard]] std::uint64_t lookups() const;
  // What packing spared, in bytes; 0 where encrypting added more.
  [[nodiscard]] std::uint64_t bytes_saved() const {
    return value_bytes > stored_bytes ? value_bytes - stored_bytes : 0;
  }
  // Bytes of values per byte stored; 0 if nothing was.
  [[nodiscard]] double compression_ratio() const {
    if (stored_bytes == 0) return 0;
    return static_cast<double>(value_bytes) / static_cast<double>(stored_bytes);
  }
};

struct TierTraffic {
  TierStats tier;    // what the tier itself says
  LatencyStats get;  // memory: one in 64 is timed
};

struct CacheStats {
  std::string name;
  std::vector<TierTraffic> tiers;  // memory first
  TenantsStats tenants;            // what those with a quota take of memory
  std::vector<KeyspaceStats> keyspaces;
  std::vector<SourceStats> sources;  // of this process; by name
  std::uint64_t invalidations = 0;
  std::uint64_t tier_errors = 0;  // degradations: a tier failed and was passed over
  MemoryPressureStats pressure;   // while it lowers memory's bound, memory is degraded

  [[nodiscard]] double request_hit_rate() const;  // 0 without look-ups
  [[nodiscard]] double lookup_hit_rate() const;
};

}  // namespace strata
