// off_tier(): stands in for a tier that could not be opened, so that the cache works without it
// and says why in its statistics.
//
// Numbers rise as in any tier, since loads and joins compare them; nothing is ever held, so
// nothing wrong can be served. Everything that would need the store answers kUnavailable.
//
// Threads   As Tier's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "strata/ports/tier.h"

namespace strata::internal {

// `missed` is called once, before the first invalidation that the store does not see is counted.
[[nodiscard]] std::unique_ptr<Tier> off_tier(std::string name, std::string reason,
                                             std::function<void()> missed = {});

}  // namespace strata::internal
