// Counter: counts events of many threads without making them share a cache line.
//
// Each thread adds to a cell of its own, which it alone writes; reading sums the cells. A thread
// that finds no cell left adds to one that is shared, which costs more and counts as well.
//
//   Counter hits;
//   hits.add(1);
//   hits.read();
//
// Promise   What happened before read() is in the sum. Successive reads never go down.
// Threads   Thread-safe.
// Memory    A quarter KiB, 64 bytes for each thread slot that ever added, and 2 KiB once one of the
//           slots beyond 32 did.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace strata {

class Counter {
 public:
  Counter() = default;
  ~Counter();

  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  // About 2 ns. Wraps at 2^64.
  void add(std::uint64_t amount);

  // The same for who knows the calling thread's slot (core/thread_slot.h).
  void add_as(std::size_t slot, std::uint64_t amount) {
    if (slot >= kNear) [[unlikely]]
      return add_far(slot, amount);
    Cell* const cell = near_[slot].load(std::memory_order_relaxed);
    if (cell == nullptr) [[unlikely]]
      return add_first(near_[slot], slot, amount);
    cell->add(amount);
  }

  // The sum so far. O(threads).
  [[nodiscard]] std::uint64_t read() const;

 private:
  struct alignas(64) Cell {
    std::atomic<std::uint64_t> count{0};
    // By the thread whose cell it is.
    void add(std::uint64_t amount) {
      count.store(count.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
  };
  static constexpr std::size_t kNear = 32;
  struct Far;  // cells of the slots from kNear on

  void add_first(std::atomic<Cell*>& place, std::size_t slot, std::uint64_t amount);
  void add_far(std::size_t slot, std::uint64_t amount);

  std::atomic<std::uint64_t> shared_{0};
  std::array<std::atomic<Cell*>, kNear> near_{};
  std::atomic<Far*> far_{nullptr};
};

}  // namespace strata
