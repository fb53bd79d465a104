// Charge: what an entry counts for against the tier's byte bound.
//
// That is its own memory and its share of what finds and orders it. A label that several entries
// share is charged once, by the index. Shares are averages over
// how full the tables are, so that they do not depend on when an entry came; the accounting test
// compares their sum with what the allocator hands out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/core/entry.h"

namespace strata::memory {

// A slot of 8 bytes and its share of the bucket in a table that is between 4/10 and 9/10 full; and
// half of what the ghost takes, which is as long as nine tenths of a tier that evicts, and empty
// in one that does not.
inline constexpr std::size_t kTableShareBytes = 22;
// A posting in a list of several: 8 bytes in a table that is as full as the others.
inline constexpr std::size_t kPostingShareBytes = 16;
// The index's slot for a label: 24 bytes, likewise, less the first posting, which lies in it.
inline constexpr std::size_t kLabelSlotShareBytes = 45 - kPostingShareBytes;

// A place in the expiry wheel, of 8 bytes in a list that is three quarters full, if it is short.
inline constexpr std::size_t kWheelShareBytes = 11;

// What a label takes once, however many entries carry it.
[[nodiscard]] inline std::uint64_t label_charge_bytes(const Label& label) {
  return label.footprint_bytes() + kLabelSlotShareBytes;
}

[[nodiscard]] inline std::uint64_t charge_bytes(const Entry& entry) {
  return entry.footprint_bytes() + kTableShareBytes + entry.labels().size() * kPostingShareBytes;
}

// The most that an entry with this charge may need: that, a place in the wheel if it expires, and
// its labels if it is the first to carry them.
[[nodiscard]] inline std::uint64_t room_bytes(const Entry& entry, std::uint64_t charge) {
  std::uint64_t bytes = charge;
  if (entry.keep_until() != kNever) bytes += kWheelShareBytes;
  for (const Label& label : entry.labels()) bytes += label_charge_bytes(label);
  return bytes;
}

}  // namespace strata::memory
