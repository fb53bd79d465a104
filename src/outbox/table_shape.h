// TableShape: what the outbox has to know of a table that is not ours.
#pragma once

#include <string>
#include <vector>

#include "outbox/database.h"
#include "strata/core/result.h"

namespace strata::outbox {

// A column as a unique index compares it.
struct KeyColumn {
  std::string name;
  std::string collation;  // empty: the column's own
};
using UniqueKey = std::vector<KeyColumn>;

struct TableShape {
  std::string name;  // as the schema writes it
  std::vector<std::string> columns;
  UniqueKey identity;                       // tells a row from every other
  std::vector<UniqueKey> keys;              // that REPLACE removes rows for, `identity` included
  std::vector<std::string> unseen_indexes;  // unique ones of expressions, or of a part of the rows
};

// kRejected, saying why, if there is no such table or triggers cannot watch it.
[[nodiscard]] Result<TableShape> read_table_shape(Database& database, const std::string& table);

// The column as the table writes it. kRejected, with the nearest one, if there is none.
[[nodiscard]] Result<std::string> find_column(const Database& database, const TableShape& table,
                                              const std::string& column);

// Whether SQLite takes both for the same name: the case of ASCII letters does not count.
[[nodiscard]] bool is_same_name(std::string_view a, std::string_view b);

}  // namespace strata::outbox
