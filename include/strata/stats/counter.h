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
// Memory    A quarter KiB, and 64 bytes for each thread slot that ever added.
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

  // The sum so far. O(threads).
  [[nodiscard]] std::uint64_t read() const;

 private:
  struct Cell;
  static constexpr std::size_t kCells = 32;

  Cell* own_cell(std::size_t slot);

  std::atomic<std::uint64_t> shared_{0};
  std::array<std::atomic<Cell*>, kCells> cells_{};
};

}  // namespace strata
