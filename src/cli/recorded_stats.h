// RecordedStats: what all runs of the program on one SQLite file have done, added up.
//
// A run counts for milliseconds and is gone; without this, `strata stats` would show zeros. The
// sums are written as JSON ("strata.recorded-stats/1") that nothing else reads.
//
// Errors    from_json(): kCorrupt, saying what is wrong.
// Memory    At most kRecordedKeyspaces keyspaces; what else there is counts under "(other)".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/stats/histogram.h"
#include "strata/tiered/cache_stats.h"

namespace strata::cli {

inline constexpr std::size_t kRecordedKeyspaces = 1000;
inline constexpr std::size_t kRecordedTiers = 16;

struct RecordedStats {
  WallTime since;  // when the first run ended
  std::uint64_t runs = 0;
  CacheStats counts;        // counters only: no sizes, limits or percentiles
  HistogramSnapshot calls;  // how long get and put took, as their callers saw it

  // Adds what another run, or several, did. `since` becomes the earlier one.
  void add(const RecordedStats& more);
};

[[nodiscard]] std::string to_json(const RecordedStats& stats);
[[nodiscard]] Result<RecordedStats> recorded_stats_from_json(std::string_view json);

}  // namespace strata::cli
