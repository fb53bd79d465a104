// BootClock: the machine's time since boot, and a coarse form of it that costs less.
//
// A template over where the readings come from, so that tests can put a machine to sleep.
//
// Threads   Thread-safe if the reader is.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "strata/core/time.h"

namespace strata::internal {

// The clock is CLOCK_BOOTTIME: the only one that is common to all processes, goes on while the
// machine sleeps, and never steps. Asking it is a considerable part of a hit. So its answer is kept
// for kTicksKept of the processor's counter, less than half a millisecond, and given again. A
// counter that was set back, as by a sleep or on another core, is not trusted.
//
// Invariant: `last` never falls, and is what the clock said when the counter was at `looked` or
// later. So coarse_now() never goes back and is never ahead of now(); it is late by what the
// counter does not tell: kTicksKept of waking time, in which no machine wakes up.
//
// Reader has boottime_ns() and ticks(): a counter that grows by 1 to 8 in a nanosecond while the
// machine is awake, or 0 if there is none.
template <typename Reader>
class BootClock {
 public:
  explicit BootClock(Reader reader = Reader()) : reader_(reader) {}

  [[nodiscard]] Instant now() const { return {Duration(reader_.boottime_ns())}; }

  [[nodiscard]] Instant coarse_now() const {
    const std::uint64_t ticks = reader_.ticks();
    if (ticks - looked_.load(std::memory_order_acquire) < kTicksKept && ticks != 0) {
      return {Duration(last_ns_.load(std::memory_order_relaxed))};
    }
    return look(ticks);
  }

  static constexpr std::uint64_t kTicksKept = 400'000;

 private:
  // Apart, so that the rest needs no stack: a hit that asks takes 12 instructions instead of 28.
  [[nodiscard, gnu::noinline]] Instant look(std::uint64_t ticks) const {
    const std::int64_t seen = reader_.boottime_ns();
    std::int64_t last = last_ns_.load(std::memory_order_relaxed);
    while (seen > last && !last_ns_.compare_exchange_weak(last, seen, std::memory_order_relaxed)) {
    }
    looked_.store(ticks, std::memory_order_release);
    return {Duration(std::max(seen, last))};
  }

  Reader reader_;
  mutable std::atomic<std::int64_t> last_ns_{0};
  mutable std::atomic<std::uint64_t> looked_{0};
};

}  // namespace strata::internal
