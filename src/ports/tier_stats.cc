// The names of a tier's states.
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

}  // namespace strata
