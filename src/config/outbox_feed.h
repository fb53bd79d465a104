// A relay that tells a cache what an outbox says.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "strata/labels/rules.h"
#include "strata/outbox/outbox_relay.h"
#include "strata/ports/log.h"
#include "strata/tiered/cache.h"

namespace strata::internal {

struct OutboxFeedOptions {
  OutboxRelayOptions relay;
  RuleDefinitions rules;        // that the cache begins with
  std::set<std::string> types;  // that keyspaces of the configuration name
};

// Starts a relay whose events are emitted, and after whose gaps nothing is left of what may be
// wrong. A write or delete that no rule is for invalidates its type, and what
// Cache::invalidate_by_write() would. The cache's close() ends the relay. Errors: those of
// OutboxRelay::open().
[[nodiscard]] Result<void> feed_from_outbox(Cache& cache, OutboxFeedOptions options,
                                            const std::shared_ptr<Clock>& clock,
                                            const LogSink& log);

}  // namespace strata::internal
