#include "outbox/registry.h"

#include <algorithm>
#include <utility>

#include "outbox/literal_list.h"

namespace strata::outbox {
namespace {

constexpr std::size_t kTriggers = 5;  // of a table: see trigger_sql.cc

Result<void> read_triggers(Statement& statement, Watched& watched) {
  statement.bind(1, "strata_outbox_" + std::to_string(watched.number) + "_*");
  while (true) {
    const Result<bool> row = statement.step();
    if (!row) return row.error();
    if (!*row) return {};
    watched.triggers.push_back({std::string(statement.text(0)), std::string(statement.text(1))});
    watched.table.table = statement.text(2);  // it follows when the table is renamed
  }
}

}  // namespace

bool Watched::is_lost() const { return triggers.size() < kTriggers; }

Result<std::vector<Definition>> missing_definitions(Database& database) {
  const Result<std::vector<std::string>> names =
      database.texts("SELECT name FROM sqlite_schema WHERE name GLOB 'strata_outbox*'");
  if (!names) return names.error();
  std::vector<Definition> missing;
  for (const Definition& definition : outbox_definitions()) {
    const bool is_there = std::find(names->begin(), names->end(), definition.name) != names->end();
    if (!is_there) missing.push_back(definition);
    if (!is_there || definition.name != "strata_outbox_meta") continue;
    const Result<std::int64_t> version = database.number("SELECT version FROM strata_outbox_meta");
    if (!version) return version.error();
    if (*version <= kSchemaVersion) continue;
    return database.rejected("has an outbox of version " + std::to_string(*version) +
                             "; this Strata knows " + std::to_string(kSchemaVersion) +
                             ": use the one that made it, or a newer one");
  }
  return missing;
}

Result<std::vector<Watched>> read_watched(Database& database) {
  Result<Statement> tables = database.prepare(
      "SELECT number, name, type, id_column, fields FROM strata_outbox_tables ORDER BY number");
  if (!tables) return tables.error();
  Result<Statement> triggers = database.prepare(
      "SELECT name, sql, tbl_name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB ?1");
  if (!triggers) return triggers.error();

  std::vector<Watched> all;
  while (true) {
    const Result<bool> row = tables->step();
    if (!row) return row.error();
    if (!*row) return all;
    Watched& watched = all.emplace_back();
    watched.number = tables->number(0);
    watched.registered_name = tables->text(1);
    watched.table.table = watched.registered_name;
    watched.table.type = tables->text(2);
    watched.table.id_column = tables->text(3);
    // A list that somebody has spoilt is another one than any that will be installed.
    for (auto& field : read_literals(tables->text(4)).value_or(LiteralList())) {
      watched.table.fields.push_back(std::move(field).value_or(""));
    }
    if (const Result<void> read = read_triggers(*triggers, watched); !read) return read.error();
  }
}

const Watched* find_watched(const std::vector<Watched>& watched, const std::string& table) {
  const auto found = std::find_if(watched.begin(), watched.end(), [&](const Watched& one) {
    return is_same_name(one.table.table, table);
  });
  return found == watched.end() ? nullptr : &*found;
}

}  // namespace strata::outbox
