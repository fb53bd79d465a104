// LinearTable: open addressing with linear probing, over small slots that know their hash.
//
// A slot's home is given by the top bits of its hash, so that slots stand in the order of their
// hashes, except for those that had to move past an occupied home. A range of hashes is a range
// of homes whatever the capacity is, and walks can be resumed after the table was resized.
//
// Slot: movable without exceptions; a default-constructed one is empty; has `bool empty() const`
// and `std::uint64_t hash() const`.
//
// Threads   Thread-compatible.
// Errors    insert() throws std::bad_alloc, and then has changed nothing. A table that cannot
//           get memory to shrink stays as it is.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "core/assert.h"

namespace strata::memory {

// Invariants:
// (1) capacity is 0 or a power of two from kCapacityMin on; at most 3/4 of it is used.
// (2) No empty slot lies between a used slot's home and its place, cyclically. Hence a search
//     from the home to the first empty slot sees every slot with that home; erasing keeps this
//     by moving later slots back, so there are no tombstones.
//
// Erasing does not shrink the table: what somebody leaves who erases in the order of hashes
// stands close together, and would be crowded in a smaller one. Insertions shrink it once little
// is left; so does fit(), for those who erase in another order or have done.
template <typename Slot>
class LinearTable {
 public:
  static constexpr std::size_t kCapacityMin = 8;
  static constexpr std::size_t kSlotsPerUsedMax = 16;  // an insertion shrinks beyond it

  LinearTable() = default;
  LinearTable(LinearTable&& other) noexcept { swap(other); }
  LinearTable& operator=(LinearTable&& other) noexcept {
    LinearTable moved(std::move(other));
    swap(moved);
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] Slot& at(std::size_t index) { return slots_[index]; }
  [[nodiscard]] const Slot& at(std::size_t index) const { return slots_[index]; }

  // The first slot with this hash for which `matches(slot)`, or nullptr.
  template <typename Matches>
  [[nodiscard]] Slot* find(std::uint64_t hash, const Matches& matches) const {
    if (capacity_ == 0) return nullptr;
    for (std::size_t at = home(hash); !slots_[at].empty(); at = next(at)) {
      if (slots_[at].hash() == hash && matches(slots_[at])) return &slots_[at];
    }
    return nullptr;
  }

  void prefetch(std::uint64_t hash) const {
    if (capacity_ != 0) __builtin_prefetch(&slots_[home(hash)]);
  }

  Slot& insert(Slot slot) {
    if ((size_ + 1) * 4 > capacity_ * 3) {
      rehash(capacity_ == 0 ? kCapacityMin : capacity_ * 2);
    } else if (capacity_ > kCapacityMin && size_ * kSlotsPerUsedMax < capacity_) {
      try_shrink(capacity_ / 2);
    }
    ++size_;
    return place(std::move(slot));
  }

  // Erases a slot of this table. Other slots may move.
  void erase(Slot* slot) {
    close_gap(static_cast<std::size_t>(slot - slots_.get()));
    --size_;
  }

  // Gives back what is far more than is needed.
  void fit() {
    const std::size_t wanted = std::max(kCapacityMin, std::bit_ceil(2 * size_));
    if (wanted * 4 <= capacity_) try_shrink(wanted);
  }

  // Visits the slots with hashes from `from` on whose homes are among the next `homes` ones.
  // Returns the hash from which to go on, or nothing at the end of the table.
  template <typename Visit>
  std::optional<std::uint64_t> walk(std::uint64_t from, std::size_t homes,
                                    const Visit& visit) const {
    if (size_ == 0) return std::nullopt;
    const std::size_t first = home(from);
    const std::size_t end = homes < capacity_ - first ? first + homes : capacity_;

    // Slots that moved on from a home in the range stand before the first empty one after it.
    for (std::size_t step = 0; step < capacity_; ++step) {
      const Slot& slot = slots_[(first + step) & (capacity_ - 1)];
      if (slot.empty()) {
        if (first + step >= end) break;
        continue;
      }
      const std::size_t slot_home = home(slot.hash());
      if (slot_home >= first && slot_home < end && slot.hash() >= from) visit(slot);
    }
    if (end == capacity_) return std::nullopt;
    return static_cast<std::uint64_t>(end) << shift_;
  }

  void check_invariants() const {
    STRATA_ASSERT(capacity_ == 0 || (std::has_single_bit(capacity_) && capacity_ >= kCapacityMin));
    STRATA_ASSERT(size_ * 4 <= capacity_ * 3);
    std::size_t used = 0;
    for (std::size_t at = 0; at < capacity_; ++at) {
      if (slots_[at].empty()) continue;
      ++used;
      for (std::size_t on_way = home(slots_[at].hash()); on_way != at; on_way = next(on_way)) {
        STRATA_ASSERT(!slots_[on_way].empty());
      }
    }
    STRATA_ASSERT(used == size_);
  }

 private:
  [[nodiscard]] std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash >> shift_);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (capacity_ - 1); }

  Slot& place(Slot slot) {
    std::size_t at = home(slot.hash());
    while (!slots_[at].empty()) at = next(at);
    slots_[at] = std::move(slot);
    return slots_[at];
  }

  void close_gap(std::size_t gap) {
    for (std::size_t at = next(gap); !slots_[at].empty(); at = next(at)) {
      // A slot may move back to the gap unless its home lies behind the gap.
      const std::size_t from_home = (at - home(slots_[at].hash())) & (capacity_ - 1);
      const std::size_t from_gap = (at - gap) & (capacity_ - 1);
      if (from_home < from_gap) continue;
      slots_[gap] = std::move(slots_[at]);
      gap = at;
    }
    slots_[gap] = Slot{};
  }

  void rehash(std::size_t capacity) {
    LinearTable larger;
    larger.slots_ = std::make_unique<Slot[]>(capacity);
    larger.capacity_ = capacity;
    larger.shift_ = 64 - static_cast<unsigned>(std::countr_zero(capacity));
    for (std::size_t at = 0; at < capacity_; ++at) {
      if (!slots_[at].empty()) larger.place(std::move(slots_[at]));
    }
    larger.size_ = size_;
    swap(larger);
  }

  void try_shrink(std::size_t capacity) {
    try {
      rehash(capacity);
    } catch (const std::bad_alloc&) {
      return;
    }
  }

  void swap(LinearTable& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(shift_, other.shift_);
  }

  std::unique_ptr<Slot[]> slots_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  unsigned shift_ = 0;
};

}  // namespace strata::memory
