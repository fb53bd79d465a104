// The SQL of the outbox: its own tables, and the triggers on a table that is watched.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/table_shape.h"
#include "strata/outbox/outbox_schema.h"

namespace strata::outbox {

// Of the tables. An outbox with a higher one is left alone.
inline constexpr std::int64_t kSchemaVersion = 1;

[[nodiscard]] std::string quote_name(std::string_view name);  // "a ""b"""

// Milliseconds since 1970, as an expression.
[[nodiscard]] std::string_view now_sql();

// A table or trigger of the outbox, and the statement that makes it.
struct Definition {
  std::string name;
  std::string sql;
};

// The tables and the trigger that every outbox has.
[[nodiscard]] const std::vector<Definition>& outbox_definitions();

// The triggers of a table with this number, each with its name. Precondition: the columns exist.
[[nodiscard]] std::vector<Definition> trigger_definitions(std::int64_t number,
                                                          const OutboxTable& table,
                                                          const TableShape& shape);

}  // namespace strata::outbox
