// What `strata stats` prints: what all runs did, and what the tiers hold now.
#pragma once

#include <map>
#include <string>

#include "cli/recorded_stats.h"
#include "cli/table.h"
#include "strata/tiered/cache_stats.h"

namespace strata::cli {

struct StatsView {
  RecordedStats recorded;  // what all runs so far did
  CacheStats now;          // what the tiers hold, and how they are
  std::string file;        // the SQLite file
  // Keyspaces and sources that are switched off, or not on for all of their keys.
  std::map<std::string, Enabled> switched{};
};

[[nodiscard]] std::string stats_json(const StatsView& view);
[[nodiscard]] std::string stats_text(const StatsView& view, const TableStyle& style);

}  // namespace strata::cli
