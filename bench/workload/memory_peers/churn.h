// Churn: a memory tier at capacity that is written to, invalidated and resized for a while.
//
// Every call is timed by itself, by the wall and by its thread's processor time, and the entries
// that it removed are counted. An idle loop that reads the same clocks takes turns with it, a
// tenth of a second each: what that sees, the machine did.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "workload/memory_peers/histogram.h"

namespace strata::bench {

struct CallRow {
  std::string call;
  Histogram wall_ns;
  Histogram cpu_ns;
  std::uint64_t most_removed = 0;  // entries, by one call
};

struct ChurnReport {
  std::size_t entries = 0;
  double seconds = 0;
  std::vector<CallRow> calls;
  std::uint64_t entries_at_end = 0;
  std::uint64_t wrong = 0;  // values that are not their key's
};

[[nodiscard]] ChurnReport run_churn(std::size_t entries, double seconds);

}  // namespace strata::bench
