// The names of a tier's and of a breaker's states.
#include "strata/ports/tier_stats.h"

namespace strata {

std::string_view to_string(TierState state) {
  switch (state) {
    case TierState::kOk:
      return "ok";
    case TierState::kDegraded:
      return "degraded";
    case TierState::kOff:
      break;
  }
  return "off";
}

std::string_view to_string(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return "closed";
    case BreakerState::kOpen:
      return "open";
    case BreakerState::kHalfOpen:
      return "half-open";
    case BreakerState::kOff:
      break;
  }
  return "off";
}

}  // namespace strata
