// Charge: what an entry counts for against the tier's byte bound.
//
// That is its own memory and its share of what finds and orders it. Shares are averages over
// how full the tables are, so that they do not depend on when an entry came; the accounting test
// compares their sum with what the allocator hands out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/core/entry.h"

namespace strata::memory {

// A slot of 16 bytes in a table that is between 3/8 and 3/4 full, and one of 8 bytes in the ghost,
// which is as long as nine tenths of the tier and about half full.
inline constexpr std::size_t kTableShareBytes = 44;
// A posting: from 14 bytes in a long list to 45 for a label that only this entry carries.
inline constexpr std::size_t kPostingShareBytes = 28;

[[nodiscard]] inline std::uint64_t charge_bytes(const Entry& entry) {
  const std::size_t postings = entry.details() ? entry.details()->label_ids.size() : 0;
  return entry.footprint_bytes() + kTableShareBytes + postings * kPostingShareBytes;
}

}  // namespace strata::memory
