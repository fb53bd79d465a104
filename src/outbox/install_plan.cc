// The statements that install a table's triggers, derived from what the database has.
#include "outbox/install_plan.h"

#include <algorithm>
#include <utility>

#include "core/quote.h"
#include "labels/rule_trigger.h"
#include "outbox/literal_list.h"
#include "outbox/registry.h"
#include "strata/core/limits.h"

namespace strata::outbox {
namespace {

constexpr std::string_view kRegistry = "strata_outbox_tables";

Result<void> check_length(const Database& database, const std::string& what,
                          const std::string& text) {
  if (text.empty()) return database.rejected("cannot be watched without a " + what);
  if (text.size() <= limits::kEventTextBytes) return {};
  return database.rejected("cannot be watched: a " + what + " of " + std::to_string(text.size()) +
                           " bytes is over the limit of " +
                           std::to_string(limits::kEventTextBytes));
}

// What rules could not name, nobody could ever be told of.
Result<void> check_type_name(const Database& database, const std::string& type) {
  if (Result<void> length = check_length(database, "type", type); !length) return length;
  const Result<void> valid = internal::check_type(type);
  return valid ? valid : database.rejected("cannot be watched: " + valid.error().message);
}

Result<void> check_table(const Database& database, const OutboxTable& table,
                         const TableShape& shape) {
  if (Result<void> type = check_type_name(database, table.type); !type) return type;
  if (Result<void> id = check_length(database, "id column", table.id_column); !id) return id;
  if (const auto id = find_column(database, shape, table.id_column); !id) return id.error();
  if (table.fields.size() > limits::kEventFields) {
    return database.rejected("cannot be watched with " + std::to_string(table.fields.size()) +
                             " fields; the limit is " + std::to_string(limits::kEventFields));
  }
  for (const std::string& field : table.fields) {
    if (Result<void> name = check_length(database, "field's name", field); !name) return name;
    if (const auto column = find_column(database, shape, field); !column) return column.error();
    const auto is_field = [&](const std::string& other) { return is_same_name(other, field); };
    if (std::count_if(table.fields.begin(), table.fields.end(), is_field) > 1) {
      return database.rejected("was given field " + internal::quoted(field) + " twice");
    }
  }
  return {};
}

std::string gap_sql(const std::string& type) {
  return "INSERT INTO strata_outbox(type, id, operation, at) VALUES (" + quote_text(type) +
         ", '', 'gap', " + std::string(now_sql()) + ")";
}

std::string register_sql(std::int64_t number, const OutboxTable& table) {
  return "INSERT OR REPLACE INTO strata_outbox_tables(number, name, type, id_column, fields)"
         " VALUES (" +
         std::to_string(number) + ", " + quote_text(table.table) + ", " + quote_text(table.type) +
         ", " + quote_text(table.id_column) + ", " + quote_text(write_literals(table.fields)) + ")";
}

// The statements that make the outbox itself.
Result<void> plan_outbox(Database& database, const std::vector<Definition>& missing,
                         std::optional<std::uint64_t> max_rows, OutboxChange& change) {
  bool is_new = false;
  for (const Definition& definition : missing) {
    change.statements.push_back(definition.sql);
    is_new |= definition.name == "strata_outbox" || definition.name == "strata_outbox_meta";
    if (definition.name != kRegistry) continue;
    // Nobody knows any more what these are for.
    const Result<std::vector<std::string>> strays = database.texts(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        " AND name GLOB 'strata_outbox_[0-9]*'");
    if (!strays) return strays.error();
    for (const std::string& stray : *strays) change.statements.push_back("DROP TRIGGER " + stray);
  }
  if (is_new) {
    // Another id than it ever had: whoever read the former one has missed something.
    change.statements.push_back(
        "INSERT OR REPLACE INTO strata_outbox_meta(id, version, outbox, max_rows) VALUES (1, " +
        std::to_string(kSchemaVersion) + ", lower(hex(randomblob(16))), " +
        std::to_string(max_rows.value_or(limits::kOutboxRowsDefault)) + ")");
    return {};
  }
  if (!max_rows) return {};
  const Result<std::int64_t> present = database.number("SELECT max_rows FROM strata_outbox_meta");
  if (!present) return present.error();
  if (static_cast<std::uint64_t>(*present) == *max_rows) return {};
  change.statements.push_back("UPDATE strata_outbox_meta SET max_rows = " +
                              std::to_string(*max_rows));
  change.statements.push_back(
      "DELETE FROM strata_outbox WHERE seq <= (SELECT max(seq) FROM "
      "strata_outbox) - " +
      std::to_string(*max_rows));
  return {};
}

bool are_same(const std::vector<Definition>& wanted, const std::vector<Definition>& present) {
  return wanted.size() == present.size() &&
         std::all_of(wanted.begin(), wanted.end(), [&](const Definition& definition) {
           return std::any_of(present.begin(), present.end(), [&](const Definition& other) {
             return other.name == definition.name && other.sql == definition.sql;
           });
         });
}

void plan_triggers(const OutboxTable& table, const TableShape& shape, const Watched* present,
                   std::int64_t number, OutboxChange& change) {
  const std::vector<Definition> wanted = trigger_definitions(number, table, shape);
  if (present != nullptr) {
    const bool has_name = present->registered_name == table.table;
    if (has_name && present->table == table && are_same(wanted, present->triggers)) return;
    for (const Definition& trigger : present->triggers) {
      change.statements.push_back("DROP TRIGGER " + trigger.name);
    }
  }
  for (const Definition& trigger : wanted) change.statements.push_back(trigger.sql);
  change.statements.push_back(register_sql(number, table));

  // What was cached until now may be wrong: nobody noted what changed, or not under this id.
  const bool is_new = present == nullptr || present->is_lost();
  const bool has_other_type = present != nullptr && present->table.type != table.type;
  const bool has_other_id =
      present != nullptr && !is_same_name(present->table.id_column, table.id_column);
  if (has_other_type) change.statements.push_back(gap_sql(present->table.type));
  if (is_new || has_other_type || has_other_id) {
    change.statements.push_back(gap_sql(table.type));
  }
}

void warn(const TableShape& shape, OutboxChange& change) {
  for (const std::string& index : shape.unseen_indexes) {
    change.warnings.push_back("rows of " + internal::quoted(shape.name) +
                              " that REPLACE removes for unique index " + internal::quoted(index) +
                              " go unnoticed: it is partial or has an expression");
  }
}

}  // namespace

Result<OutboxChange> plan_install(Database& database, OutboxTable table,
                                  std::optional<std::uint64_t> max_rows) {
  const Result<TableShape> shape = read_table_shape(database, table.table);
  if (!shape) return shape.error();
  const Result<void> checked = check_table(database, table, *shape);
  if (!checked) return checked.error();
  table.table = shape->name;

  const Result<std::vector<Definition>> missing = missing_definitions(database);
  if (!missing) return missing.error();
  OutboxChange change;
  const Result<void> planned = plan_outbox(database, *missing, max_rows, change);
  if (!planned) return planned.error();

  std::vector<Watched> watched;
  const auto is_registry = [](const Definition& one) { return one.name == kRegistry; };
  if (std::none_of(missing->begin(), missing->end(), is_registry)) {
    Result<std::vector<Watched>> read = read_watched(database);
    if (!read) return read.error();
    watched = *std::move(read);
  }
  for (const Watched& other : watched) {
    // One that was renamed, and whose former name is given to another table now.
    const bool has_moved = !is_same_name(other.table.table, other.registered_name);
    if (!has_moved || !is_same_name(other.registered_name, table.table)) continue;
    change.statements.push_back(register_sql(other.number, other.table));
  }
  const Watched* const present = find_watched(watched, table.table);
  const std::int64_t next = watched.empty() ? 1 : watched.back().number + 1;
  plan_triggers(table, *shape, present, present != nullptr ? present->number : next, change);
  warn(*shape, change);
  return change;
}

}  // namespace strata::outbox
