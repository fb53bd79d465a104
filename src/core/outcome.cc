// The stable names of outcomes.
#include "strata/core/outcome.h"

#include "core/assert.h"

namespace strata {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHit:
      return "hit";
    case Outcome::kStaleHit:
      return "stale_hit";
    case Outcome::kNegativeHit:
      return "negative_hit";
    case Outcome::kLoaded:
      return "loaded";
    case Outcome::kRefreshed:
      return "refreshed";
    case Outcome::kMiss:
      return "miss";
    case Outcome::kError:
      return "error";
  }
  STRATA_ASSERT(false && "not an Outcome");
}

}  // namespace strata
