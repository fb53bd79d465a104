#include "outbox/table_shape.h"

#include <sqlite3.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/nearest.h"
#include "core/quote.h"

namespace strata::outbox {
namespace {

std::string suggest(std::string_view name, const std::vector<std::string>& names) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return internal::suggestion(name, candidates);
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& known) { return is_same_name(known, name); });
}

Error no_such_table(Database& database, const std::string& table) {
  const Result<std::vector<std::string>> tables = database.texts(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
      " AND name NOT GLOB 'strata_outbox*' ORDER BY name");
  if (!tables) return tables.error();
  return database.rejected("has no table " + internal::quoted(table) + suggest(table, *tables));
}

struct Kind {
  std::string name;
  std::string type;  // "table", "view", "virtual" or "shadow"
  bool has_rowid = true;
};

Result<Kind> read_kind(Database& database, const std::string& table) {
  Result<Statement> statement =
      database.prepare("SELECT name, type, wr FROM pragma_table_list(?1) WHERE schema = 'main'");
  if (!statement) return statement.error();
  const Result<bool> found = statement->bind(1, table).step();
  if (!found) return found.error();
  if (!*found) return no_such_table(database, table);
  return Kind{std::string(statement->text(0)), std::string(statement->text(1)),
              statement->number(2) == 0};
}

Result<void> check_kind(const Database& database, const Kind& kind) {
  const auto refuse = [&](const std::string& why) -> Result<void> {
    return database.rejected("cannot watch " + internal::quoted(kind.name) + ": " + why);
  };
  if (kind.type == "view") return refuse("it is a view; watch the tables that it reads");
  if (kind.type != "table") return refuse("it is a virtual table, and those have no triggers");
  if (kind.name.starts_with("sqlite_")) return refuse("it is SQLite's own");
  if (kind.name.starts_with("strata_outbox")) return refuse("it is the outbox's own");
  return {};
}

// The columns of an index, or nothing if some of them are expressions.
Result<std::optional<UniqueKey>> read_index(Database& database, const std::string& index) {
  Result<Statement> statement = database.prepare(
      "SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno");
  if (!statement) return statement.error();
  statement->bind(1, index);
  UniqueKey key;
  while (true) {
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    if (!*row) return std::optional<UniqueKey>(std::move(key));
    if (statement->is_null(0)) return std::optional<UniqueKey>();
    key.push_back({std::string(statement->text(0)), std::string(statement->text(1))});
  }
}

Result<void> read_unique_indexes(Database& database, TableShape& table) {
  const Result<std::vector<std::string>> partial = database.texts(
      R"(SELECT name FROM pragma_index_list(?1) WHERE "unique" = 1 AND partial = 1)", table.name);
  if (!partial) return partial.error();
  table.unseen_indexes = *partial;
  const Result<std::vector<std::string>> whole = database.texts(
      R"(SELECT name FROM pragma_index_list(?1) WHERE "unique" = 1 AND partial = 0)", table.name);
  if (!whole) return whole.error();
  for (const std::string& index : *whole) {
    Result<std::optional<UniqueKey>> key = read_index(database, index);
    if (!key) return key.error();
    if (*key) {
      table.keys.push_back(**std::move(key));
    } else {
      table.unseen_indexes.push_back(index);
    }
  }
  return {};
}

}  // namespace

bool is_same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         sqlite3_strnicmp(a.data(), b.data(), static_cast<int>(a.size())) == 0;
}

Result<TableShape> read_table_shape(Database& database, const std::string& table) {
  const Result<Kind> kind = read_kind(database, table);
  if (!kind) return kind.error();
  if (const Result<void> checked = check_kind(database, *kind); !checked) return checked.error();

  TableShape shape;
  shape.name = kind->name;
  const Result<std::vector<std::string>> columns =
      database.texts("SELECT name FROM pragma_table_xinfo(?1) ORDER BY cid", shape.name);
  if (!columns) return columns.error();
  shape.columns = *columns;
  if (const Result<void> read = read_unique_indexes(database, shape); !read) return read.error();

  if (kind->has_rowid) {
    for (const char* const name : {"rowid", "_rowid_", "oid"}) {
      if (contains(shape.columns, name)) continue;
      shape.identity = {{name, {}}};
      shape.keys.push_back(shape.identity);
      return shape;
    }
  }
  const Result<std::vector<std::string>> primary_key = database.texts(
      "SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk", shape.name);
  if (!primary_key) return primary_key.error();
  for (const std::string& column : *primary_key) shape.identity.push_back({column, {}});
  if (shape.identity.empty()) {
    return database.rejected("cannot watch " + internal::quoted(shape.name) +
                             ": it has no primary key, and its columns hide the row id");
  }
  // The primary key of a table without row ids is among its indexes.
  if (kind->has_rowid) shape.keys.push_back(shape.identity);
  return shape;
}

Result<std::string> find_column(const Database& database, const TableShape& table,
                                const std::string& column) {
  for (const std::string& known : table.columns) {
    if (is_same_name(known, column)) return known;
  }
  return database.rejected("has no column " + internal::quoted(column) + " in table " +
                           internal::quoted(table.name) + suggest(column, table.columns));
}

}  // namespace strata::outbox
