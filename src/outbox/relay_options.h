// Which options of a relay are acceptable.
#pragma once

#include "strata/core/result.h"
#include "strata/outbox/outbox_relay.h"

namespace strata::outbox {

// kRejected, naming the option and its range.
[[nodiscard]] Result<void> check_options(const OutboxRelayOptions& options,
                                         const OutboxHandler& handler);

}  // namespace strata::outbox
