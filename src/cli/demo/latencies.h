// Latencies: how long operations took, all of them, so that the percentiles are exact.
//
// Threads   Thread-compatible: each thread has its own, merged in the end.
// Memory    Eight bytes per operation.
#pragma once

#include <cstdint>
#include <vector>

#include "strata/core/time.h"

namespace strata::demo {

struct LatencySummary {
  std::uint64_t count = 0;
  Duration p50{0}, p95{0}, p99{0}, max{0};
  Duration sum{0};
};

class Latencies {
 public:
  void add(Duration took) { took_.push_back(took); }
  void merge(const Latencies& other);
  // pN: the smallest that at least N % of the operations did not exceed. O(n log n).
  [[nodiscard]] LatencySummary summary() const;

 private:
  std::vector<Duration> took_;
};

}  // namespace strata::demo
