// The label table: two bounded hash tables, of which the older is dropped as a whole.
#include "strata/core/label_table.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

#include "core/assert.h"
#include "core/label_half.h"
#include "core/prefetch.h"

namespace strata {
// Labels are remembered in two halves. A raise writes to the young half. When that is full it
// becomes the old half, and the former old half is dropped and becomes young. So at least the
// last capacity/2 labels are always remembered, and forgetting costs nothing (label_half.h).
//
// `boundary` is the number at which the old half was closed; `all` is the last invalidation of
// everything, which is not kept in a half because it answers for every label.
//
// Invariants:
// (1) floor <= boundary <= now, and all <= now.
// (2) Numbers in the old half lie in [floor, boundary], numbers in the young one in
//     [boundary, now].
// (3) A label that is in neither half was not invalidated after max(floor, all).
// (4) Neither half holds more than capacity/2 labels, and a label's number in the young half is
//     not less than the one in the old half.
//
// invalidated_after(label, t): for t < floor the answer is yes, unseen. For t < all it is yes,
// by definition. Otherwise by (3) the halves know of every invalidation after t, and by (4) the
// first of young and old to know the label has its last one. By (2) the old half need not be
// asked when t >= boundary, nor anything when t >= now, which is the usual case: most loads see
// no invalidation at all.
//
// Dropping a half keeps (3): its numbers are at most the boundary, which becomes the floor. One
// raise of more labels than fit closes a half with its own number in it, more than once; the
// floor is then at most that number, and tickets taken after the raise are still good.
// Everything() drops both halves: by (3) `all` now answers for what they knew. So does a raise
// that finds no memory to grow, with the floor in the place of `all`.
struct LabelTable::State {
  State(std::size_t capacity, Ticket start)
      : half_capacity(capacity / 2),
        factor(spread(this)),
        young(factor),
        old(factor),
        now(number(start)),
        floor(now),
        boundary(now) {
    show_young();
  }

  // Where labels land differs from table to table, so that texts chosen to collide in one
  // process do not in another. Any odd factor spreads; the address makes it hard to foresee.
  static std::uint64_t spread(const void* address) {
    return (reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15ULL) | 1;
  }

  void remember(LabelId label) {
    if (young.count() == half_capacity && young.find(label) == 0) {
      std::swap(young, old);
      // All that the dropped half knows is at most the boundary. One raise of more labels than fit
      // may have the same number before and after.
      if (boundary < now) {
        young.drop(boundary);
      } else {
        young.clear();
      }
      floor = boundary;
      boundary = now;
    }
    if (young.set(label, now)) return;
    // Without memory nothing can be remembered, so everything is forgotten.
    young.clear();
    old.clear();
    floor = now;
    boundary = now;
  }

  void forget_all() {
    young.reset();
    old.reset();
  }

  [[nodiscard]] std::uint64_t find(LabelId label) const {
    const std::uint64_t found = young.find(label);
    return found != 0 ? found : old.find(label);
  }

  [[nodiscard]] bool invalidated_after(LabelId label, std::uint64_t ticket) const {
    const std::uint64_t found = young.find(label);
    if (found != 0) return found > ticket;
    return ticket < boundary && old.find(label) > ticket;
  }

  void show_young() {
    if (young_begin.load(std::memory_order_relaxed) == young.begin()) return;
    young_begin.store(young.begin(), std::memory_order_relaxed);
    young_shift.store(young.shift(), std::memory_order_relaxed);
  }

  const std::size_t half_capacity;
  const std::uint64_t factor;
  internal::LabelHalf young;
  internal::LabelHalf old;
  std::uint64_t now;
  std::uint64_t floor;
  std::uint64_t boundary;
  std::uint64_t all = 0;
  // Where the young half is, for who has no lock; in a line that is hardly ever written.
  alignas(64) std::atomic<std::uintptr_t> young_begin{0};
  std::atomic<unsigned> young_shift{0};
};

LabelTable::LabelTable(std::size_t capacity, Ticket start) {
  STRATA_ASSERT(capacity >= 2);
  state_ = std::make_unique<State>(capacity, start);
}

LabelTable::~LabelTable() = default;

Ticket LabelTable::position() const { return Ticket{state_->now}; }

Ticket LabelTable::raise(std::span<const LabelId> labels) {
  static const LabelId kEverything = everything().id();
  State& state = *state_;
  STRATA_ASSERT(state.now < UINT64_MAX);
  ++state.now;
  if (std::find(labels.begin(), labels.end(), kEverything) != labels.end()) {
    state.all = state.now;
    state.forget_all();
  } else {
    for (const LabelId label : labels) state.remember(label);
  }
  state.show_young();
  return Ticket{state.now};
}

// The half may have moved meanwhile, and then something else is fetched.
void LabelTable::prefetch(LabelId label) const {
  const std::uint64_t spread = static_cast<std::uint64_t>(label) * state_->factor;
  const std::uint64_t slot = spread >> state_->young_shift.load(std::memory_order_relaxed);
  const std::uintptr_t begin = state_->young_begin.load(std::memory_order_relaxed);
  internal::prefetch_for_write(
      reinterpret_cast<const void*>(begin + slot * internal::LabelHalf::kSlotBytes));
}

bool LabelTable::invalidated_after(std::span<const LabelId> labels, Ticket ticket) const {
  const State& state = *state_;
  const std::uint64_t asked = number(ticket);
  if (asked < state.floor || asked < state.all) return true;
  if (asked >= state.now) return false;
  return std::any_of(labels.begin(), labels.end(),
                     [&](LabelId label) { return state.invalidated_after(label, asked); });
}

bool LabelTable::invalidated_after(LabelId label, Ticket ticket) const {
  return invalidated_after(std::span(&label, 1), ticket);
}

Ticket LabelTable::last(LabelId label) const {
  const State& state = *state_;
  return Ticket{std::max({state.floor, state.all, state.find(label)})};
}

Ticket LabelTable::floor() const { return Ticket{state_->floor}; }

std::size_t LabelTable::remembered() const { return state_->young.count() + state_->old.count(); }

std::size_t LabelTable::footprint_bytes() const {
  return sizeof(State) + state_->young.footprint_bytes() + state_->old.footprint_bytes();
}

void LabelTable::check_invariants() const {
  const State& state = *state_;
  STRATA_ASSERT(state.floor <= state.boundary);
  STRATA_ASSERT(state.boundary <= state.now);
  STRATA_ASSERT(state.all <= state.now);
  STRATA_ASSERT(state.young.count() <= state.half_capacity);
  STRATA_ASSERT(state.old.count() <= state.half_capacity);

  std::size_t old_count = 0;
  state.old.for_each([&](LabelId label, std::uint64_t last) {
    STRATA_ASSERT(last >= state.floor);
    STRATA_ASSERT(last <= state.boundary);
    STRATA_ASSERT(state.old.find(label) == last);
    ++old_count;
  });
  STRATA_ASSERT(old_count == state.old.count());

  std::size_t young_count = 0;
  state.young.for_each([&](LabelId label, std::uint64_t last) {
    STRATA_ASSERT(last >= state.boundary);
    STRATA_ASSERT(last <= state.now);
    STRATA_ASSERT(last >= state.old.find(label));
    STRATA_ASSERT(state.young.find(label) == last);
    ++young_count;
  });
  STRATA_ASSERT(young_count == state.young.count());
}

}  // namespace strata
