// Which options of a relay are acceptable.
#pragma once

#include <string_view>

#include "strata/core/result.h"
#include "strata/outbox/outbox_relay.h"

namespace strata::outbox {

// Which names readers may have; kRejected, saying so.
[[nodiscard]] Result<void> check_reader_name(std::string_view name);

// kRejected, naming the option and its range.
[[nodiscard]] Result<void> check_options(const OutboxRelayOptions& options,
                                         const OutboxHandler& handler);

}  // namespace strata::outbox
