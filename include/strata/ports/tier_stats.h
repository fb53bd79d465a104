// TierStats: a snapshot of what a tier holds and has done. Counters never decrease.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "strata/core/removal.h"
#include "strata/ports/guard_stats.h"

namespace strata {

enum class TierState { kOk, kDegraded, kOff };
// "ok", "degraded", "off"
[[nodiscard]] std::string_view to_string(TierState state);

struct TierStats {
  std::string name;
  TierState state = TierState::kOk;
  std::string reason;  // why it is not kOk, for people

  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t max_entries = 0;  // 0: no limit
  std::uint64_t max_bytes = 0;    // 0: no limit

  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t errors = 0;
  std::uint64_t stored = 0;    // fills and puts that became visible
  std::uint64_t refused = 0;   // by the fill rule
  std::uint64_t declined = 0;  // too large, full or busy
  std::uint64_t invalidations = 0;
  std::array<std::uint64_t, kRemovalCauseCount> removals{};  // by RemovalCause

  std::uint64_t pending_writes = 0;  // accepted, not yet committed
  std::uint64_t tombstones = 0;      // labels whose removal or expire is not yet committed

  BreakerStats reads;  // of what guards the tier; off: nothing does
  BreakerStats fills;

  [[nodiscard]] std::uint64_t removed(RemovalCause cause) const {
    return removals[static_cast<std::size_t>(cause)];
  }
};

}  // namespace strata
