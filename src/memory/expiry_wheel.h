// ExpiryWheel: entries by the time at which they are to leave, so that they need not be looked for.
//
// A hierarchy of wheels of 64 slots. A slot of the first covers one tick, half a second; one of the
// next covers a whole turn of the wheel before. Entries wait in the slot of their keep_until in the
// first wheel that reaches so far, and come down as it draws near. Times may change meanwhile:
// whoever comes too early is put back.
//
// Source    Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP 1987, scheme 7.
// Threads   Thread-compatible, guarded by the shard's lock.
// Cost      add() and remove() O(1); take() as much as it is told. An entry that never expires is
//           not in it and costs nothing.
// Memory    8 to 16 bytes for each entry in it; 8 where a slot has many, 40 for one that is alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "memory/block_list.h"
#include "strata/core/entry.h"
#include "strata/core/time.h"

namespace strata::memory {

class ExpiryWheel {
 public:
  static constexpr unsigned kLevels = 4;
  static constexpr unsigned kSlotBits = 6;
  static constexpr unsigned kSlots = 1u << kSlotBits;
  static constexpr Duration kTick = std::chrono::milliseconds(500);

  explicit ExpiryWheel(Instant now) : tick_(tick_of(now)) {}

  // Without memory for it the entry is not in the wheel, and only counted.
  void add(Entry& entry) noexcept;
  // If it is there.
  void remove(Entry& entry) noexcept;

  // Takes entries whose keep_until is over out of the wheel, until `expired` is full or about
  // `looks` slots and entries were looked at; returns how many it took. Those of the tick that is
  // not over yet are found only if `exactly`.
  std::size_t take(Instant now, std::span<Entry*> expired, std::size_t looks, bool exactly);

  // Whether take() has stopped before `now`, for want of room or looks.
  [[nodiscard]] bool is_behind(Instant now) const { return tick_ < tick_of(now); }
  // Whether take() may find anything, or has to go on to the present tick.
  [[nodiscard]] bool has_work(Instant now, bool exactly) const {
    return is_behind(now) || (exactly && (to_bring_down_ > 0 || !slots_[tick_ % kSlots].empty()));
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  // How many entries that should be in it had no room, ever.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }
  void check_invariants() const;

 private:
  using Slot = BlockList<Entry*>;

  [[nodiscard]] static std::uint64_t tick_of(Instant at) {
    return static_cast<std::uint64_t>(std::max(at.since_boot, Duration(0)) / kTick);
  }
  [[nodiscard]] Slot& slot(unsigned level, std::uint64_t tick) {
    return slots_[level * kSlots + (tick >> (level * kSlotBits)) % kSlots];
  }
  [[nodiscard]] Entry* take_last(Slot& slot);
  void leave(Entry& entry);
  [[nodiscard]] bool bring_down(std::size_t& looks);
  void go_on(std::uint64_t present);

  std::array<Slot, kLevels * kSlots> slots_;
  std::uint64_t tick_;          // everything before it was taken
  unsigned to_bring_down_ = 0;  // wheels whose slot of this tick has to be emptied first
  std::array<std::size_t, kLevels> sizes_{};
  std::size_t size_ = 0;  // their sum
  std::uint64_t left_out_ = 0;
};

}  // namespace strata::memory
