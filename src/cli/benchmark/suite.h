// run_suite(): every row of a benchmark: each workload on each store.
//
// A store is filled once for the workloads that begin full, which follow each other in the order
// read, mixed, write; `read-through` has an empty one of its own. The requests of a workload are
// the same for every store.
//
// Threads   Starts its own and joins them. SIGINT and SIGTERM end it early, without an error.
// Files     In temporary folders, mode 0700, that are gone when it returns.
// Errors    What keeps a store from being made, filled or measured, with its name and workload.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/benchmark/options.h"
#include "cli/benchmark/runner.h"
#include "cli/workload/progress.h"
#include "strata/config/settings.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"

namespace strata::benchmark {

struct Row {
  Workload workload = Workload::kRead;
  Subject subject = Subject::kMemory;
  Measured measured;
  std::uint64_t origin_calls = 0;
  Duration settling{0};  // after the end: until what was written was committed

  // How long callers waited in all.
  [[nodiscard]] Duration waited() const;
  [[nodiscard]] std::optional<double> hit_ratio() const;  // of reads, if there were any
  [[nodiscard]] double operations_per_second() const;
};

struct Report {
  Duration timer{0};           // what reading the clock adds to a latency: its median
  Duration idle_operation{0};  // the whole loop's turn when a store does nothing
  std::vector<Row> rows;       // by workload, then by store

  // What callers would have waited longer if every read had gone to the origin, by that row's
  // mean; less than zero if the cache cost more. Nothing without reads, or without an origin's row
  // of the same workload.
  [[nodiscard]] std::optional<Duration> time_saved(const Row& row) const;
};

// What the calls cost that were not made; nothing without reads.
[[nodiscard]] std::optional<double> cost_saved(const Row& row, double origin_cost);

// A row of the origin ends after this time, if no other is asked for: its calls are all alike.
inline constexpr Duration kOriginRow = std::chrono::seconds(2);

struct SuiteParts {
  const Settings& settings;  // of the tiers; nothing else of them is used
  std::shared_ptr<Clock> clock;
  workload::Progress& progress;
};

// Leaves out what needs a tier that the settings switch off; returns the names of that.
[[nodiscard]] std::vector<std::string> leave_out_disabled(BenchmarkOptions& options,
                                                          const Settings& settings);

// How many turns of the loop that calls nothing are timed at once: 20,000, less if the values that
// they read would be more than 64 MiB, but three at least.
[[nodiscard]] std::uint64_t idle_operations(std::uint64_t value_bytes);

// Nothing on an interrupt: part of a benchmark is none.
[[nodiscard]] Result<std::optional<Report>> run_suite(const BenchmarkOptions& options,
                                                      const SuiteParts& parts);

}  // namespace strata::benchmark
