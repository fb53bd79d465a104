// Doubt: a mark beside a database that may have missed invalidations, because a cache that is
// configured to have it went on without it. Whoever opens the database next begins empty.
#pragma once

#include <string>

#include "strata/ports/log.h"
#include "strata/ports/tier.h"

namespace strata::internal {

// Leaves the mark beside the database, if there is one. What cannot be left is logged.
void leave_doubt(const std::string& database, const LogSink& log);

// Whether it has the mark.
[[nodiscard]] bool is_in_doubt(const std::string& database);

// Clears the tier of a database that was opened, if it has the mark, and then takes that away.
void settle_doubt(const std::string& database, Tier& tier, const LogSink& log);

}  // namespace strata::internal
