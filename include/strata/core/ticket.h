// Ticket: a tier's invalidation number, taken before anything is read.
//
// Each tier counts its invalidations. A value read from an origin or a deeper tier may enter
// a tier only if none of its labels was invalidated there after the ticket
// (docs/consistency.md). Tickets of different tiers mean nothing to each other, and no clock
// is involved.
#pragma once

#include <algorithm>
#include <cstdint>

namespace strata {

// A position in a tier's sequence of invalidations. Zero is before the first.
enum class Ticket : std::uint64_t {};

[[nodiscard]] constexpr std::uint64_t number(Ticket ticket) {
  return static_cast<std::uint64_t>(ticket);
}

[[nodiscard]] constexpr Ticket older(Ticket a, Ticket b) { return std::min(a, b); }

}  // namespace strata
