// Tickets: one ticket per tier of a cache, taken at one moment.
#pragma once

#include <array>
#include <cstddef>

#include "strata/core/ticket.h"

namespace strata {

inline constexpr std::size_t kMaxLowerTiers = 7;

struct Tickets {
  Ticket hot{};
  std::array<Ticket, kMaxLowerTiers> lower{};  // by the tier's place in the chain
};

}  // namespace strata
