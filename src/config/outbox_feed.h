// A relay that tells a cache what an outbox says.
#pragma once

#include <memory>

#include "strata/outbox/outbox_relay.h"
#include "strata/ports/log.h"
#include "strata/tiered/cache.h"

namespace strata::internal {

// Starts a relay whose events are emitted, and after whose gaps nothing is left of what may be
// wrong. The cache's close() ends it. Errors: those of OutboxRelay::open().
[[nodiscard]] Result<void> feed_from_outbox(Cache& cache, OutboxRelayOptions options,
                                            const std::shared_ptr<Clock>& clock,
                                            const LogSink& log);

}  // namespace strata::internal
