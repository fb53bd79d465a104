// Origin: stands for the database or service that a cache saves calls of: it answers after a while.
//
// Each entry takes its own time, 80 % to 120 % of the latency, the same whenever it is asked for;
// a machine that is busy adds to that. Calls are counted and timed.
//
// Threads   Thread-safe; calls run concurrently, as many as there are callers.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cli/benchmark/values.h"
#include "strata/core/time.h"

namespace strata::benchmark {

inline constexpr double kOriginJitter = 0.2;

struct OriginOptions {
  Duration latency{0};
  std::uint64_t seed = 0;  // of the jitter
  // Lets a duration go by: workload::pause() or, in tests, nothing.
  std::function<void(Duration)> wait;
};

class Origin {
 public:
  // `values` outlive the origin.
  Origin(const Values& values, OriginOptions options);

  // The value of entry `number`, after its latency.
  [[nodiscard]] std::string fetch(std::uint64_t number);

  // How long that takes.
  [[nodiscard]] Duration latency_of(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }

 private:
  const Values& values_;
  const OriginOptions options_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace strata::benchmark
