// Exact percentiles of a few ten thousand durations.
#include "cli/demo/latencies.h"

#include <algorithm>
#include <numeric>

namespace strata::demo {

void Latencies::merge(const Latencies& other) {
  took_.insert(took_.end(), other.took_.begin(), other.took_.end());
}

LatencySummary Latencies::summary() const {
  if (took_.empty()) return {};
  std::vector<Duration> sorted = took_;
  std::sort(sorted.begin(), sorted.end());
  const auto percentile = [&sorted](std::size_t percent) {
    return sorted[(sorted.size() * percent + 99) / 100 - 1];
  };
  return {.count = sorted.size(),
          .p50 = percentile(50),
          .p95 = percentile(95),
          .p99 = percentile(99),
          .max = sorted.back(),
          .sum = std::accumulate(sorted.begin(), sorted.end(), Duration(0))};
}

}  // namespace strata::demo
