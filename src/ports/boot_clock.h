// BootClock: the machine's time since boot, fine and coarse, from readings of its clocks.
//
// A template over where the readings come from, so that tests can put a machine to sleep.
//
// Threads   Thread-safe if the reader is.
#pragma once

#include <atomic>
#include <cstdint>

#include "strata/core/time.h"

namespace strata::internal {

// The fine clock is CLOCK_BOOTTIME: the only one that is common to all processes, goes on while
// the machine sleeps, and never steps. It has no coarse variant, so coarse_now() adds to
// CLOCK_MONOTONIC_COARSE the time that the machine has slept so far, `slept`.
//
// Invariants:
// (1) `slept` never exceeds BOOTTIME - MONOTONIC, and never falls.
// (2) `slept` was measured when the coarse monotonic clock was at `measured` or later.
//
// By (1), and since the coarse clock is behind the fine one, coarse_now() <= now(), and
// coarse_now() never goes back. By (2), a sleep is noticed kRemeasureNs of waking time after it
// at the latest, so coarse_now() is late by that and a tick of the kernel (1 to 10 ms) at most.
//
// The difference is measured by reading BOOTTIME first. What passes between the two readings,
// preemption included, makes it too small, never too large, and the largest one seen is kept.
//
// Reader has boottime_ns(), monotonic_ns() and monotonic_coarse_ns().
template <typename Reader>
class BootClock {
 public:
  explicit BootClock(Reader reader = Reader()) : reader_(reader) { measure(coarse()); }

  [[nodiscard]] Instant now() const { return {Duration(reader_.boottime_ns())}; }

  [[nodiscard]] Instant coarse_now() const {
    const std::int64_t monotonic = coarse();
    if (monotonic - measured_ns_.load(std::memory_order_relaxed) > kRemeasureNs) {
      measure(monotonic);
    }
    return {Duration(monotonic + slept_ns_.load(std::memory_order_relaxed))};
  }

  static constexpr std::int64_t kRemeasureNs = 2'000'000;

 private:
  [[nodiscard]] std::int64_t coarse() const { return reader_.monotonic_coarse_ns(); }

  void measure(std::int64_t monotonic) const {
    const std::int64_t boot = reader_.boottime_ns();
    const std::int64_t slept = boot - reader_.monotonic_ns();
    std::int64_t known = slept_ns_.load(std::memory_order_relaxed);
    while (slept > known &&
           !slept_ns_.compare_exchange_weak(known, slept, std::memory_order_relaxed)) {
    }
    measured_ns_.store(monotonic, std::memory_order_relaxed);
  }

  Reader reader_;
  mutable std::atomic<std::int64_t> slept_ns_{0};
  mutable std::atomic<std::int64_t> measured_ns_{0};
};

}  // namespace strata::internal
