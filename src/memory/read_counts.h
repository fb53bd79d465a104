// ReadCounts: a tier's hits and misses, counted by each thread in a line of its own.
//
// What Counter does for many counters that few threads use, at a third of the instructions and more
// memory.
//
// Promise   As Counter's: what happened before hits() is in the sum, which never goes down.
// Threads   Thread-safe.
// Memory    16 KiB.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/thread_slot.h"

namespace strata::memory {

class ReadCounts {
 public:
  // `slot`: the calling thread's (core/thread_slot.h).
  void add_hits(unsigned slot, std::uint64_t count) { add(slot, lines_[slot].hits, count); }
  void add_misses(unsigned slot, std::uint64_t count) { add(slot, lines_[slot].misses, count); }

  // Looks at every slot that was ever taken.
  [[nodiscard]] std::uint64_t hits() const { return sum(&Line::hits); }
  [[nodiscard]] std::uint64_t misses() const { return sum(&Line::misses); }

 private:
  using Count = std::atomic<std::uint64_t>;
  struct alignas(64) Line {
    Count hits{0};
    Count misses{0};
  };

  static void add(unsigned slot, Count& count, std::uint64_t more) {
    if (slot == internal::kSharedSlot) [[unlikely]] {
      count.fetch_add(more, std::memory_order_relaxed);
    } else {
      count.store(count.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] std::uint64_t sum(Count Line::*count) const {
    std::uint64_t all = 0;
    for (unsigned slot = 0; slot < internal::thread_slots_in_use(); ++slot) {
      all += (lines_[slot].*count).load(std::memory_order_relaxed);
    }
    return all;
  }

  std::array<Line, internal::kThreadSlots> lines_;
};

}  // namespace strata::memory
