// The registry of running invalidations behind the low-water mark.
#include "strata/load/running_invalidations.h"

#include <optional>
#include <vector>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/mutex.h"

namespace strata {

// Invariants:
// (1) A used slot holds positions read, under the mutex, before its invalidation's first raise.
// (2) low_water() reads the positions and the slots under the same mutex.
//
// Take a load that reads its mark at moment m, and an invalidation that made its guard at g and
// raises tier T to n at r > g. If m < g, the position that the load read in T at m is below n.
// If g < m and the invalidation still runs at m, the slot holds a position below n, by (1), and
// the mark is not above it, by (2). Either way a fill of the load with the label is refused in
// T. If the invalidation ended before m, memory was clean and every tier raised before the load
// read anything.
struct RunningInvalidations::State {
  std::function<Tickets()> read_positions;
  mutable Mutex mutex;
  std::vector<std::optional<Tickets>> slots STRATA_GUARDED_BY(mutex);
  std::vector<std::size_t> free_slots STRATA_GUARDED_BY(mutex);
};

RunningInvalidations::RunningInvalidations(std::function<Tickets()> positions)
    : state_(std::make_unique<State>()) {
  state_->read_positions = std::move(positions);
}

RunningInvalidations::~RunningInvalidations() = default;

RunningInvalidations::Guard::Guard(RunningInvalidations& registry) : registry_(registry) {
  State& state = *registry.state_;
  const MutexLock lock(state.mutex);
  if (state.free_slots.empty()) {
    state.free_slots.reserve(state.slots.size() + 1);  // So that the end of none needs memory.
    state.slots.emplace_back();
    state.free_slots.push_back(state.slots.size() - 1);
  }
  slot_ = state.free_slots.back();
  state.slots[slot_] = state.read_positions();
  state.free_slots.pop_back();
}

RunningInvalidations::Guard::~Guard() {
  State& state = *registry_.state_;
  const MutexLock lock(state.mutex);
  STRATA_ASSERT(state.slots[slot_].has_value());
  state.slots[slot_].reset();
  state.free_slots.push_back(slot_);
}

Tickets RunningInvalidations::low_water() const {
  const MutexLock lock(state_->mutex);
  Tickets mark = state_->read_positions();
  if (STRATA_MUTANT(kNoLowWater)) return mark;
  for (const std::optional<Tickets>& running : state_->slots) {
    if (!running) continue;
    mark.hot = older(mark.hot, running->hot);
    for (std::size_t i = 0; i < mark.lower.size(); ++i) {
      mark.lower[i] = older(mark.lower[i], running->lower[i]);
    }
  }
  return mark;
}

Tickets RunningInvalidations::positions() const {
  const MutexLock lock(state_->mutex);
  return state_->read_positions();
}

std::size_t RunningInvalidations::count() const {
  const MutexLock lock(state_->mutex);
  return state_->slots.size() - state_->free_slots.size();
}

}  // namespace strata
