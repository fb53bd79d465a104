// CauseRing: the last causes by their ids, and which of them each tier's numbers were.
//
// A cause stands in the slot that its id names, so that it is found without a search. Ids may be
// left out, as after a restart; a slot tells which id it holds.
//
// Threads   Thread-compatible: guarded by the journal's lock.
// Memory    128 bytes for a cause and 16 for a number of each tier, for a power of two of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/zeroed_array.h"
#include "strata/core/limits.h"
#include "strata/labels/cause.h"

namespace strata::internal {

class CauseRing {
 public:
  // Room for at least `capacity` causes; none if that is zero.
  CauseRing(std::size_t capacity, std::size_t tiers);

  CauseId begin(const NewCause& cause);
  void set_number(CauseId cause, Ticket number, std::size_t tier);

  [[nodiscard]] bool contains(CauseId id) const { return slot_of(id) != nullptr; }
  // Precondition: contains(id).
  [[nodiscard]] Cause cause(CauseId id) const;
  [[nodiscard]] CauseId parent(CauseId id) const { return CauseId{slot_of(id)->parent}; }

  [[nodiscard]] CauseId cause_of_number(Ticket number, std::size_t tier) const;

  // The id that comes next, and the oldest that may be here.
  [[nodiscard]] CauseId next() const { return CauseId{next_}; }
  [[nodiscard]] CauseId oldest() const;

  // Takes causes of a former process, in the order of their ids, and goes on at `next`.
  // Precondition: nothing has begun.
  void restore(const std::vector<Cause>& causes, CauseId next);

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::uint64_t begun() const { return next_ - first_; }
  [[nodiscard]] std::size_t footprint_bytes() const {
    return slots_.size() * sizeof(Slot) + numbers_.size() * sizeof(Numbered);
  }
  void check_invariants() const;

 private:
  struct alignas(64) Slot {
    std::uint64_t id = 0;  // zero: nothing was here yet
    std::uint64_t parent = 0;
    std::uint64_t number = 0;  // in memory; zero: none
    std::int64_t at_ms : 48 = 0;
    std::uint64_t kind : 8 = 0;
    std::uint64_t text_bytes : 8 = 0;
    char text[limits::kCauseTextBytes] = {};
  };
  static_assert(sizeof(Slot) == 128);
  struct Numbered {
    std::uint64_t number = 0;
    std::uint64_t id = 0;
  };

  [[nodiscard]] const Slot* slot_of(CauseId id) const {
    const auto wanted = static_cast<std::uint64_t>(id);
    if (wanted == 0 || slots_.empty()) return nullptr;
    const Slot& slot = slots_[wanted & mask_];
    return slot.id == wanted ? &slot : nullptr;
  }
  // Where in numbers_ a tier's number stands. Precondition: there are slots, and such a tier.
  [[nodiscard]] std::uint64_t place_of(Ticket number, std::size_t tier) const {
    return tier * slots_.size() + (strata::number(number) & mask_);
  }
  void write(std::uint64_t id, const NewCause& cause);

  ZeroedArray<Slot> slots_;
  ZeroedArray<Numbered> numbers_;  // tier by tier, in the place that the number names
  std::size_t tiers_ = 0;
  std::uint64_t mask_ = 0;
  std::uint64_t next_ = 1;
  std::uint64_t first_ = 1;  // of this process
  std::size_t count_ = 0;
};

}  // namespace strata::internal
