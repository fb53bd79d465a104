// SlotSegment: the slots of a LinearTable whose hashes begin alike: open addressing with linear
// probing.
//
// The bits that they have in common are skipped; a slot's home is given by those that follow, so
// that slots stand in the order of their hashes, except for those that had to move past an occupied
// home. A range of hashes is a range of homes whatever the capacity is.
//
// Threads   Thread-compatible.
// Ownership Copies name the same slots: whoever holds them says which copy counts, and calls
//           release() on that one.
// Errors    rehash() throws std::bad_alloc, and then has changed nothing.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/assert.h"
#include "core/slab_heap.h"

namespace strata::memory {

// Invariants:
// (1) The capacity is 0 or a power of two from kCapacityMin on; at most 3/4 of it is used.
// (2) No empty slot lies between a used slot's home and its place, cyclically. Hence a search
//     from the home to the first empty slot sees every slot with that home; erasing keeps this
//     by moving later slots back, so there are no tombstones.
template <typename Slot>
class SlotSegment {
 public:
  static constexpr std::size_t kCapacityMin = 8;

  SlotSegment() = default;
  // With room for `size` slots, of which the first `depth` bits of their hashes are alike.
  SlotSegment(unsigned depth, std::size_t size) : depth_(static_cast<std::uint8_t>(depth)) {
    if (size > 0) allocate(capacity_for(size));
  }
  void release() {
    if (slots_ == nullptr) return;
    std::destroy_n(slots_, capacity());
    internal::slab_free(slots_, capacity() * sizeof(Slot), alignof(Slot));
    slots_ = nullptr;
    size_ = 0;
  }

  [[nodiscard]] unsigned depth() const { return depth_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return slots_ == nullptr ? 0 : mask() + 1; }
  [[nodiscard]] bool is_full() const { return (std::size_t{size_} + 1) * 4 > capacity() * 3; }
  [[nodiscard]] Slot& at(std::size_t index) const { return slots_[index]; }

  template <typename Matches>
  [[nodiscard]] Slot* find(std::uint64_t hash, const Matches& matches) const {
    if (slots_ == nullptr) return nullptr;
    for (std::size_t at = home(hash); !slots_[at].empty(); at = next(at)) {
      if (slots_[at].hash() == hash && matches(slots_[at])) return &slots_[at];
    }
    return nullptr;
  }

  // Precondition: it is not full.
  Slot& place(Slot&& slot) {
    std::size_t at = home(slot.hash());
    while (!slots_[at].empty()) at = next(at);
    slots_[at] = std::move(slot);
    ++size_;
    return slots_[at];
  }

  void erase(Slot* slot) {
    auto gap = static_cast<std::size_t>(slot - slots_);
    for (std::size_t at = next(gap); !slots_[at].empty(); at = next(at)) {
      // A slot may move back to the gap unless its home lies behind the gap.
      const std::size_t from_home = (at - home(slots_[at].hash())) & mask();
      const std::size_t from_gap = (at - gap) & mask();
      if (from_home < from_gap) continue;
      slots_[gap] = std::move(slots_[at]);
      gap = at;
    }
    slots_[gap] = Slot{};
    --size_;
  }

  void rehash(std::size_t capacity) {
    SlotSegment changed;
    changed.depth_ = depth_;
    changed.allocate(capacity);
    move_to([&](std::uint64_t) -> SlotSegment& { return changed; });
    std::swap(*this, changed);
    changed.release();
  }

  // Moves each slot to what `target(hash)` says.
  template <typename Target>
  void move_to(const Target& target) {
    for (std::size_t at = 0; at < capacity(); ++at) {
      if (!slots_[at].empty()) target(slots_[at].hash()).place(std::move(slots_[at]));
    }
    size_ = 0;
  }

  // The capacity that is left when what is far more than is needed is given back.
  [[nodiscard]] std::size_t fitting_capacity() const {
    const std::size_t wanted = capacity_for(size_);
    return wanted * 4 <= capacity() ? wanted : capacity();
  }

  // Visits slots with hashes from `from` on, of as many homes as `homes`, which it decreases by how
  // many there were. Returns the hash from which to go on, behind the segment or within it; 0
  // behind the last hash that there is.
  template <typename Visit>
  std::uint64_t walk(std::uint64_t from, std::size_t& homes, const Visit& visit) const {
    const std::uint64_t mine = ~std::uint64_t{0} >> depth_;
    if (slots_ == nullptr || size_ == 0) {
      --homes;
      return (from | mine) + 1;
    }
    const std::size_t first = home(from);
    const std::size_t end = first + std::min(homes, capacity() - first);
    homes -= end - first;

    // Slots that moved on from a home in the range stand before the first empty one after it.
    for (std::size_t step = 0; step < capacity(); ++step) {
      const Slot& slot = slots_[(first + step) & mask()];
      if (slot.empty()) {
        if (first + step >= end) break;
        continue;
      }
      const std::size_t slot_home = home(slot.hash());
      if (slot_home >= first && slot_home < end && slot.hash() >= from) visit(slot);
    }
    if (end == capacity()) return (from | mine) + 1;
    return (from & ~mine) | (static_cast<std::uint64_t>(end) << shift_ >> depth_);
  }

  void check_invariants() const {
    STRATA_ASSERT(slots_ != nullptr || size_ == 0);
    if (slots_ == nullptr) return;
    STRATA_ASSERT(std::has_single_bit(capacity()) && capacity() >= kCapacityMin);
    STRATA_ASSERT(std::size_t{size_} * 4 <= capacity() * 3);
    std::size_t used = 0;
    for (std::size_t at = 0; at < capacity(); ++at) {
      if (slots_[at].empty()) continue;
      ++used;
      for (std::size_t on_way = home(slots_[at].hash()); on_way != at; on_way = next(on_way)) {
        STRATA_ASSERT(!slots_[on_way].empty());
      }
    }
    STRATA_ASSERT(used == size_);
  }

 private:
  // With room for one more.
  [[nodiscard]] static std::size_t capacity_for(std::size_t size) {
    return std::max(kCapacityMin, std::bit_ceil((3 * size + 2) / 2));
  }
  // Not from malloc: that gathers what was freed in small pieces in one long call.
  void allocate(std::size_t capacity) {
    slots_ = static_cast<Slot*>(internal::slab_allocate(capacity * sizeof(Slot), alignof(Slot)));
    std::uninitialized_value_construct_n(slots_, capacity);
    shift_ = static_cast<std::uint8_t>(64 - std::countr_zero(capacity));
  }
  [[nodiscard]] std::size_t mask() const { return ~std::uint64_t{0} >> shift_; }
  [[nodiscard]] std::size_t home(std::uint64_t hash) const { return hash << depth_ >> shift_; }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

  Slot* slots_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint8_t shift_ = 0;
  std::uint8_t depth_ = 0;
};

}  // namespace strata::memory
