// What `strata benchmark` prints: what was measured, as tables for people and as JSON.
#pragma once

#include <string>

#include "cli/benchmark/options.h"
#include "cli/benchmark/suite.h"
#include "cli/table.h"

namespace strata::cli {

// At most 100 columns wide.
[[nodiscard]] std::string benchmark_as_text(const benchmark::BenchmarkOptions& options,
                                            const benchmark::Report& report,
                                            const TableStyle& style);

// strata.benchmark/1, on one line.
[[nodiscard]] std::string benchmark_as_json(const benchmark::BenchmarkOptions& options,
                                            const benchmark::Report& report);

}  // namespace strata::cli
