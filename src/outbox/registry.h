// The registry: which tables the outbox of a database watches, and what is left of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outbox/database.h"
#include "outbox/trigger_sql.h"
#include "strata/outbox/outbox_schema.h"

namespace strata::outbox {

struct Watched {
  std::int64_t number = 0;
  OutboxTable table;                 // under the name that it has now
  std::string registered_name;       // that it had when it was installed
  std::vector<Definition> triggers;  // that there are

  [[nodiscard]] bool is_lost() const;  // changes go unnoticed
};

// Those of the outbox's own tables and triggers that are not there. kRejected if a newer Strata
// has made it.
[[nodiscard]] Result<std::vector<Definition>> missing_definitions(Database& database);

// Precondition: nothing is missing.
[[nodiscard]] Result<std::vector<Watched>> read_watched(Database& database);

// The one of this name, or null.
[[nodiscard]] const Watched* find_watched(const std::vector<Watched>& watched,
                                          const std::string& table);

}  // namespace strata::outbox
