// Each call reads the state of the database, derives the statements that lead to the one that is
// wanted, and runs them, all within one transaction. A dry run stops before the last step.
#include "strata/outbox/outbox_schema.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/nearest.h"
#include "core/quote.h"
#include "outbox/install_plan.h"
#include "outbox/registry.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

using outbox::Database;
using outbox::Definition;
using outbox::Statement;
using outbox::Transaction;
using outbox::Watched;

Result<std::unique_ptr<Database>> open(const OutboxDatabase& where) {
  Result<std::unique_ptr<Database>> database = Database::open(where.path);
  if (database) (*database)->wait_for_locks(where.busy_timeout);
  return database;
}

// Runs what `plan` returns for the database, and `check` after it, in one transaction with it.
template <typename Plan, typename Check>
Result<OutboxChange> change(const OutboxDatabase& where, OutboxMode mode, const Plan& plan,
                            const Check& check) {
  const Result<std::unique_ptr<Database>> opened = open(where);
  if (!opened) return opened.error();
  Database& database = **opened;
  const bool is_dry = mode == OutboxMode::kDryRun;
  Transaction transaction(database);
  const Result<void> begun =
      transaction.begin(is_dry ? Transaction::Kind::kRead : Transaction::Kind::kWrite);
  if (!begun) return begun.error();
  Result<OutboxChange> planned = plan(database);
  if (!planned || is_dry || planned->statements.empty()) return planned;

  const bool was_sound = check(database).ok();
  for (const std::string& statement : planned->statements) {
    const Result<void> done = database.run(statement);
    if (!done) return done.error();
  }
  if (const Result<void> checked = check(database); was_sound && !checked) return checked.error();
  const Result<void> committed = transaction.commit();
  if (!committed) return committed.error();
  return planned;
}

// Whether SQLite compiles statements that change the table, and with them its triggers: names in
// a trigger are looked up only then. Where it did not before, for instance since the table has a
// collation that only its application knows, nothing can be said.
Result<void> compile_changes(Database& database, const OutboxTable& table) {
  const std::string name = outbox::quote_name(table.table);
  const std::string column = outbox::quote_name(table.id_column);
  for (const std::string& sql :
       {"INSERT INTO " + name + "(" + column + ") VALUES (NULL)",
        "UPDATE " + name + " SET " + column + " = " + column, "DELETE FROM " + name}) {
    const Result<Statement> compiled = database.prepare(sql);
    if (!compiled) return compiled.error();
  }
  return {};
}

Result<void> need_no_check(Database&) { return {}; }

// The tables that are watched; none if there is no outbox.
Result<std::vector<Watched>> watched_if_any(Database& database) {
  const Result<std::vector<Definition>> missing = outbox::missing_definitions(database);
  if (!missing) return missing.error();
  if (!missing->empty()) return std::vector<Watched>();
  return outbox::read_watched(database);
}

Result<OutboxChange> plan_removal(Database& database, const std::string& table) {
  const Result<std::vector<Watched>> watched = watched_if_any(database);
  if (!watched) return watched.error();
  const Watched* const found = outbox::find_watched(*watched, table);
  if (found == nullptr) {
    std::vector<std::string_view> names;
    for (const Watched& one : *watched) names.push_back(one.table.table);
    return database.rejected("has no outbox for table " + internal::quoted(table) +
                             internal::suggestion(table, names));
  }
  OutboxChange change;
  for (const Definition& trigger : found->triggers) {
    change.statements.push_back("DROP TRIGGER " + trigger.name);
  }
  change.statements.push_back("DELETE FROM strata_outbox_tables WHERE number = " +
                              std::to_string(found->number));
  return change;
}

Result<OutboxChange> plan_whole_removal(Database& database) {
  if (const auto missing = outbox::missing_definitions(database); !missing) return missing.error();
  // Triggers before the tables that they write to.
  Result<std::vector<std::string>> statements = database.texts(
      "SELECT 'DROP ' || upper(type) || ' ' || name FROM sqlite_schema"
      " WHERE type IN ('trigger', 'table') AND (name = 'strata_outbox'"
      " OR name GLOB 'strata_outbox_[0-9]*' OR name IN ('strata_outbox_bound',"
      " 'strata_outbox_meta', 'strata_outbox_readers', 'strata_outbox_tables'))"
      " ORDER BY type DESC, name");
  if (!statements) return statements.error();
  return OutboxChange{*std::move(statements), {}};
}

// Whether the triggers are those that would be installed now.
bool is_current(Database& database, const Watched& watched) {
  const Result<OutboxChange> change = outbox::plan_install(database, watched.table, std::nullopt);
  return change.ok() && change->statements.empty();
}

Result<void> read_tables(Database& database, OutboxStatus& status) {
  const Result<std::vector<Watched>> watched = outbox::read_watched(database);
  if (!watched) return watched.error();
  for (const Watched& one : *watched) {
    OutboxTableStatus& table = status.tables.emplace_back();
    table.table = one.table;
    if (one.is_lost()) {
      table.state = OutboxTableStatus::State::kLost;
    } else if (!is_current(database, one)) {
      table.state = OutboxTableStatus::State::kOutdated;
    }
  }
  return {};
}

Result<void> read_rows(Database& database, OutboxStatus& status) {
  Result<Statement> rows = database.prepare(
      "SELECT (SELECT max_rows FROM strata_outbox_meta), (SELECT min(seq) FROM strata_outbox),"
      " (SELECT max(seq) FROM strata_outbox),"
      " (SELECT at FROM strata_outbox ORDER BY seq LIMIT 1),"
      " (SELECT seq FROM sqlite_sequence WHERE name = 'strata_outbox'),"
      " (SELECT outbox FROM strata_outbox_meta)");
  if (!rows) return rows.error();
  const Result<bool> stepped = rows->step();
  if (!stepped) return stepped.error();
  const bool has_rows = !rows->is_null(1);
  const std::int64_t first = rows->number(1);
  const std::int64_t highest = rows->number(4);
  const std::string outbox(rows->text(5));
  status.max_rows = static_cast<std::uint64_t>(rows->number(0));
  if (has_rows) {
    status.rows = static_cast<std::uint64_t>(rows->number(2) - first + 1);
    status.oldest_at = WallTime{rows->number(3)};
  }

  Result<Statement> readers = database.prepare(
      "SELECT name, seq, seen_at, outbox FROM strata_outbox_readers ORDER BY name");
  if (!readers) return readers.error();
  while (true) {
    const Result<bool> row = readers->step();
    if (!row) return row.error();
    if (!*row) return {};
    const std::int64_t seq = readers->number(1);
    OutboxReaderStatus& reader = status.readers.emplace_back();
    reader.name = readers->text(0);
    reader.behind = static_cast<std::uint64_t>(std::max<std::int64_t>(highest - seq, 0));
    reader.seen_at = {readers->number(2)};
    reader.misses_rows = readers->text(3) != outbox || seq > highest ||
                         (seq < highest && (!has_rows || first > seq + 1));
  }
}

}  // namespace

Result<OutboxChange> install_outbox(const OutboxDatabase& database, const OutboxTable& table,
                                    std::optional<std::uint64_t> max_rows, OutboxMode mode) {
  if (max_rows && (*max_rows == 0 || *max_rows > kOutboxRowsMax)) {
    return Error{ErrorCode::kRejected,
                 "an outbox keeps from 1 to " + std::to_string(kOutboxRowsMax) + " rows, not " +
                     std::to_string(*max_rows),
                 {}};
  }
  return change(
      database, mode,
      [&](Database& opened) { return outbox::plan_install(opened, table, max_rows); },
      [&](Database& opened) { return compile_changes(opened, table); });
}

Result<OutboxChange> remove_outbox(const OutboxDatabase& database, const std::string& table,
                                   OutboxMode mode) {
  return change(
      database, mode, [&](Database& opened) { return plan_removal(opened, table); }, need_no_check);
}

Result<OutboxChange> remove_whole_outbox(const OutboxDatabase& database, OutboxMode mode) {
  return change(database, mode, plan_whole_removal, need_no_check);
}

Result<OutboxStatus> outbox_status(const OutboxDatabase& database) {
  const Result<std::unique_ptr<Database>> opened = open(database);
  if (!opened) return opened.error();
  Transaction transaction(**opened);
  const Result<void> begun = transaction.begin(Transaction::Kind::kRead);
  if (!begun) return begun.error();
  const Result<std::vector<Definition>> missing = outbox::missing_definitions(**opened);
  if (!missing) return missing.error();
  OutboxStatus status;
  status.installed = missing->empty();
  if (!status.installed) return status;
  for (const auto& read : {&read_tables, &read_rows}) {
    const Result<void> done = read(**opened, status);
    if (!done) return done.error();
  }
  return status;
}

}  // namespace strata
