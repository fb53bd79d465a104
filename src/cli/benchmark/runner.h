// measure(): lets threads make their requests of a store, and times each.
//
// A request is timed from just before its call to just after it, so that each latency includes one
// reading of the clock. What is written is made before, what was read is checked after that. The
// rate is that of the whole loop: measured on a store that does nothing, it tells what the
// measuring costs.
//
// Threads   measure() starts its own and joins them.
// Errors    The first that a store returned; kCorrupt for a value that is not the entry's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "cli/benchmark/requests.h"
#include "cli/benchmark/store.h"
#include "cli/benchmark/values.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"
#include "strata/stats/histogram.h"

namespace strata::benchmark {

struct RunOptions {
  std::span<const std::vector<Request>> requests;  // of each thread; none is empty
  std::optional<std::uint64_t> operations{};  // of all threads; at least one of the two is given
  std::optional<Duration> seconds{};          // the first of the two to be reached ends it
  // Told by the first thread, now and then: how many more it has made, in how much more time.
  std::function<void(std::uint64_t operations, Duration time)> progress{};
};

struct Measured {
  std::uint64_t hits = 0;
  std::uint64_t not_kept = 0;  // writes: declined, or overtaken by another of the entry
  std::uint64_t checksum = 0;  // the sum of the hashes of all values that were read
  Duration elapsed{0};         // from the first thread's beginning to the last one's end
  HistogramSnapshot reads;
  HistogramSnapshot writes;

  [[nodiscard]] std::uint64_t operations() const { return reads.count() + writes.count(); }
};

// On an interrupt it ends early, with what was measured until then.
[[nodiscard]] Result<Measured> measure(Store& store, const Values& values, const Clock& clock,
                                       const RunOptions& options);

}  // namespace strata::benchmark
