// What became of a value that was offered to a tier, and what an invalidation did there.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/core/ticket.h"

namespace strata {

enum class FillOutcome {
  kStored,    // visible now; "stored" does not mean kept: a tier may evict at any time
  kRefused,   // one of its labels was invalidated after the ticket
  kDeclined,  // not refused, but not kept: too large, tier full or busy
};

struct InvalidateOutcome {
  Ticket position{};  // the invalidation's number in this tier
  // Entries; nothing if they are reclaimed later. For an expire(): those whose ttl it ended.
  std::optional<std::uint64_t> removed;
};

}  // namespace strata
