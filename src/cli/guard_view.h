// What `strata stats` prints of the guards before tiers and sources: how they are now, and what
// they did in all runs.
#pragma once

#include <string>

#include "cli/stats_view.h"
#include "cli/table.h"
#include "strata/codecs/json_writer.h"

namespace strata::cli {

// The member "guards".
void write_guards(JsonWriter& writer, const StatsView& view);
// Empty if no guard ever had anything to do.
[[nodiscard]] std::string guard_table(const StatsView& view, const TableStyle& style);

}  // namespace strata::cli
