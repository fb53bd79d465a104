// What a hot tier answers that does not know better.
#include "strata/ports/hot_tier.h"

#include <string>

namespace strata {

Result<Curve> HotTier::curve() const {
  return Error{.code = ErrorCode::kRejected,
               .message = "the tier " + std::string(name()) + " keeps no curve"};
}

}  // namespace strata
