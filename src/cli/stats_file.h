// The file beside the SQLite file in which runs of the program add up what they did.
#pragma once

#include <string>

#include "cli/recorded_stats.h"
#include "strata/core/result.h"

namespace strata::cli {

inline constexpr std::size_t kStatsFileBytes = 4u << 20;

// "/var/cache/app.db" -> "/var/cache/app.db.stats.json"
[[nodiscard]] std::string stats_file_of(const std::string& sqlite_path);

// The sums so far; zeros if there is no file. Errors: kCorrupt for one that cannot be read.
[[nodiscard]] Result<RecordedStats> read_stats_file(const std::string& path);

// Adds a run. Several processes may do so at once. Errors: kCorrupt: what the file held was lost
// and it begins anew with this run; others: nothing was changed.
[[nodiscard]] Result<void> add_to_stats_file(const std::string& path, const RecordedStats& run);

}  // namespace strata::cli
