// What has to be done so that a table is watched.
#pragma once

#include <cstdint>
#include <optional>

#include "outbox/database.h"
#include "strata/outbox/outbox_schema.h"

namespace strata::outbox {

// Errors and arguments as install_outbox() has them. Changes nothing.
[[nodiscard]] Result<OutboxChange> plan_install(Database& database, OutboxTable table,
                                                std::optional<std::uint64_t> max_rows);

}  // namespace strata::outbox
