// Striped counters.
#include "strata/stats/counter.h"

#include <new>

#include "core/thread_slot.h"

namespace strata {

// A counter is an array of cells, one per thread slot (core/thread_slot.h), and a shared cell.
//
// Invariants:
// (1) A cell in the array is written only by the thread that has its slot now. What a former
//     owner wrote happens before what the next one reads, since slots change hands under a lock.
// (2) Cells appear in the array and stay until the counter goes.
//
// By (1) an owner may add with a load and a store instead of a locked instruction. Threads whose
// number is too high for the array, that have the shared slot, or for which there was no memory
// share one cell and add to it atomically.
struct alignas(64) Counter::Cell {
  std::atomic<std::uint64_t> count{0};
};

Counter::~Counter() {
  for (const std::atomic<Cell*>& cell : cells_) delete cell.load(std::memory_order_relaxed);
}

void Counter::add(std::uint64_t amount) {
  const unsigned slot = internal::thread_slot();
  Cell* cell = slot < kCells ? cells_[slot].load(std::memory_order_relaxed) : nullptr;
  if (cell == nullptr) cell = own_cell(slot);
  if (cell == nullptr) {
    shared_.fetch_add(amount, std::memory_order_relaxed);
    return;
  }
  const std::uint64_t count = cell->count.load(std::memory_order_relaxed);
  cell->count.store(count + amount, std::memory_order_relaxed);
}

// The calling thread's cell, made when it is first needed; null if it is to share.
Counter::Cell* Counter::own_cell(std::size_t slot) {
  if (slot == internal::kSharedSlot || slot >= kCells) return nullptr;
  auto* made = new (std::nothrow) Cell;
  cells_[slot].store(made, std::memory_order_release);
  return made;
}

std::uint64_t Counter::read() const {
  std::uint64_t sum = shared_.load(std::memory_order_relaxed);
  for (const std::atomic<Cell*>& place : cells_) {
    const Cell* cell = place.load(std::memory_order_acquire);
    if (cell != nullptr) sum += cell->count.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace strata
