// Striped counters.
#include "strata/stats/counter.h"

#include <memory>
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
// (3) The array is in two parts, of which the second appears with the first cell in it.
//
// By (1) an owner may add with a load and a store instead of a locked instruction. Threads that
// have the shared slot, or for which there was no memory, share one cell and add to it atomically.
struct Counter::Far {
  std::array<std::atomic<Cell*>, internal::kThreadSlots - kNear> cells{};
};

Counter::~Counter() {
  for (const std::atomic<Cell*>& cell : near_) delete cell.load(std::memory_order_relaxed);
  const std::unique_ptr<Far> far(far_.load(std::memory_order_relaxed));
  if (far == nullptr) return;
  for (const std::atomic<Cell*>& cell : far->cells) delete cell.load(std::memory_order_relaxed);
}

void Counter::add(std::uint64_t amount) { add_as(internal::thread_slot(), amount); }

// Makes the calling thread's cell, or adds to the shared one.
void Counter::add_first(std::atomic<Cell*>& place, std::size_t slot, std::uint64_t amount) {
  if (slot != internal::kSharedSlot) {
    if (auto* made = new (std::nothrow) Cell) {
      made->count.store(amount, std::memory_order_relaxed);
      place.store(made, std::memory_order_release);
      return;
    }
  }
  shared_.fetch_add(amount, std::memory_order_relaxed);
}

void Counter::add_far(std::size_t slot, std::uint64_t amount) {
  Far* far = far_.load(std::memory_order_acquire);
  if (far == nullptr) {
    std::unique_ptr<Far> made(new (std::nothrow) Far);
    if (made == nullptr) {
      shared_.fetch_add(amount, std::memory_order_relaxed);
      return;
    }
    // Of several who make it at once, one is right.
    if (far_.compare_exchange_strong(far, made.get(), std::memory_order_acq_rel)) {
      far = made.release();
    }
  }
  std::atomic<Cell*>& place = far->cells[slot - kNear];
  Cell* const cell = place.load(std::memory_order_relaxed);
  if (cell == nullptr) return add_first(place, slot, amount);
  cell->add(amount);
}

std::uint64_t Counter::read() const {
  std::uint64_t sum = shared_.load(std::memory_order_relaxed);
  const auto add_all = [&](const auto& cells) {
    for (const std::atomic<Cell*>& place : cells) {
      const Cell* cell = place.load(std::memory_order_acquire);
      if (cell != nullptr) sum += cell->count.load(std::memory_order_relaxed);
    }
  };
  add_all(near_);
  if (const Far* far = far_.load(std::memory_order_acquire)) add_all(far->cells);
  return sum;
}

}  // namespace strata
