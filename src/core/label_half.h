// LabelHalf: an open-addressed hash table from labels to the numbers of their invalidations, for
// LabelTable.
//
// It is at most half full and grows by doubling: what was there moves by and by, a few labels with
// each set(), and lookups ask both tables until then. It forgets everything at once by a number up
// to which all that it has counts as absent. So no call does more work than a few slots', but for
// clear() and reset().
//
// Threads   Thread-compatible.
// Memory    16 bytes a slot, taken as it is touched; none is given back but by reset().
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "core/assert.h"
#include "core/zeroed_array.h"
#include "strata/core/label.h"

namespace strata::internal {

// Invariants:
// (1) A slot is used if its number is above `base_`; others end a search, whatever they hold.
// (2) What is in `slots_` is newer than what `former_` says of the same label.
// (3) `former_` is empty before `slots_` is full: it has half as many slots, of which kMoved are
//     moved by each set(), and a quarter as many labels are added at least.
class LabelHalf {
 public:
  explicit LabelHalf(std::uint64_t odd_factor) : slots_(kSlotsMin), factor_(odd_factor) {}

  // The label's number, or zero.
  [[nodiscard]] std::uint64_t find(LabelId label) const {
    const std::uint64_t found = number_in(slots_, label);
    return found != 0 || former_.empty() ? found : number_in(former_, label);
  }

  // Precondition: the number is above that of drop(). Returns false, and changes nothing, when
  // there is no memory to grow.
  [[nodiscard]] bool set(LabelId label, std::uint64_t number) {
    if (!former_.empty()) move_some();
    Slot& slot = place(slots_, label);
    const bool is_new = !is_used(slot) && (former_.empty() || number_in(former_, label) == 0);
    if (is_new && 2 * (count_ + 1) > slots_.size()) {
      if (!grow()) return false;
      place(slots_, label) = {label, number};
    } else {
      slot = {label, number};
    }
    count_ += is_new ? 1 : 0;
    return true;
  }

  // Forgets all. Precondition: no number is above `all`, and all later ones are.
  void drop(std::uint64_t all) {
    base_ = all;
    former_ = {};
    count_ = 0;
  }

  // Forgets all, whatever the numbers are. O(slots).
  void clear() {
    std::memset(static_cast<void*>(slots_.data()), 0, slots_.size() * sizeof(Slot));
    former_ = {};
    count_ = 0;
  }

  // Forgets all and gives the memory back, if it can.
  void reset() {
    if (count_ == 0 && former_.empty()) return;
    ZeroedArray<Slot> smaller(kSlotsMin, std::nothrow);
    if (smaller.empty()) return clear();
    slots_ = std::move(smaller);
    former_ = {};
    count_ = 0;
  }

  // A label's search begins at the address `begin() + (label * odd_factor >> shift()) *
  // kSlotBytes`.
  static constexpr std::size_t kSlotBytes = 16;
  [[nodiscard]] std::uintptr_t begin() const {
    return reinterpret_cast<std::uintptr_t>(slots_.data());
  }
  [[nodiscard]] unsigned shift() const { return shift_of(slots_); }

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t footprint_bytes() const {
    return (slots_.size() + former_.size()) * sizeof(Slot);
  }

  // Visits each label once, with its number.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (std::size_t at = 0; at < slots_.size(); ++at) {
      if (is_used(slots_[at])) visit(slots_[at].label, slots_[at].number);
    }
    for (std::size_t at = moved_; at < former_.size(); ++at) {
      const Slot& slot = former_[at];
      if (is_used(slot) && number_in(slots_, slot.label) == 0) visit(slot.label, slot.number);
    }
  }

 private:
  struct Slot {
    LabelId label{};
    std::uint64_t number = 0;
  };
  static_assert(sizeof(Slot) == kSlotBytes);
  static constexpr std::size_t kSlotsMin = 16;
  static constexpr std::size_t kMoved = 4;

  [[nodiscard]] bool is_used(const Slot& slot) const { return slot.number > base_; }
  [[nodiscard]] static unsigned shift_of(const ZeroedArray<Slot>& slots) {
    return 64 - static_cast<unsigned>(std::countr_zero(slots.size()));
  }
  // The label's slot, or the free one where it would be.
  [[nodiscard]] Slot& place(const ZeroedArray<Slot>& slots, LabelId label) const {
    const std::uint64_t spread = static_cast<std::uint64_t>(label) * factor_;
    auto at = static_cast<std::size_t>(spread >> shift_of(slots));
    while (is_used(slots[at]) && slots[at].label != label) at = (at + 1) & (slots.size() - 1);
    return slots[at];
  }
  [[nodiscard]] std::uint64_t number_in(const ZeroedArray<Slot>& slots, LabelId label) const {
    const Slot& slot = place(slots, label);
    return is_used(slot) ? slot.number : 0;
  }

  [[nodiscard]] bool grow() {
    STRATA_ASSERT(former_.empty());
    ZeroedArray<Slot> larger(2 * slots_.size(), std::nothrow);
    if (larger.empty()) return false;
    former_ = std::exchange(slots_, std::move(larger));
    moved_ = 0;
    return true;
  }

  void move_some() {
    for (std::size_t step = 0; step < kMoved && moved_ < former_.size(); ++step, ++moved_) {
      const Slot& from = former_[moved_];
      if (!is_used(from)) continue;
      Slot& to = place(slots_, from.label);
      if (!is_used(to)) to = from;
    }
    if (moved_ == former_.size()) former_ = {};
  }

  ZeroedArray<Slot> slots_;
  ZeroedArray<Slot> former_;  // empty, or what was `slots_` before it grew
  std::size_t moved_ = 0;     // of its slots
  std::size_t count_ = 0;
  std::uint64_t base_ = 0;
  std::uint64_t factor_;
};

}  // namespace strata::internal
