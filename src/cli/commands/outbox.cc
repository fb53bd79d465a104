// `strata outbox`: installs, shows and removes the outbox of an application's database.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/duration.h"
#include "strata/outbox/outbox_schema.h"
#include "strata/ports/clock.h"

namespace strata::cli {
namespace {

struct InstallOptions {
  OutboxDatabase database;
  OutboxTable table;
  std::optional<std::uint64_t> max_rows;
  bool dry_run = false;
};

struct RemoveOptions {
  OutboxDatabase database;
  std::string table;
  bool all = false;
  bool confirm = false;
  bool dry_run = false;

  [[nodiscard]] bool removes() const { return confirm && !dry_run; }
};

OutboxMode mode_of(bool applies) { return applies ? OutboxMode::kApply : OutboxMode::kDryRun; }

// The statements as a script that does the same.
std::string script_of(const OutboxChange& change) {
  if (change.statements.empty()) return "-- nothing to do\n";
  std::string script = "BEGIN IMMEDIATE;\n";
  for (const std::string& statement : change.statements) script += statement + ";\n";
  return script + "COMMIT;\n";
}

void write_change(JsonWriter& writer, const OutboxChange& change) {
  writer.key("statements").begin_array();
  for (const std::string& statement : change.statements) writer.value(statement);
  writer.end_array().key("warnings").begin_array();
  for (const std::string& warning : change.warnings) writer.value(warning);
  writer.end_array();
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + printable_line(name);
  return out;
}

ExitCode run_install(Context& context, const InstallOptions& options) {
  const std::pair<const char*, const std::string*> needed[] = {
      {"--database", &options.database.path},
      {"--table", &options.table.table},
      {"--type", &options.table.type},
      {"--id", &options.table.id_column}};
  for (const auto& [name, value] : needed) {
    if (value->empty()) return fail(context, ExitCode::kUsage, std::string(name) + " is missing");
  }
  if (options.max_rows && (*options.max_rows == 0 || *options.max_rows > kOutboxRowsMax)) {
    return fail(context, ExitCode::kUsage,
                "--max-rows: \"" + std::to_string(*options.max_rows) +
                    "\" is not a whole number from 1 to " + std::to_string(kOutboxRowsMax));
  }
  const Result<OutboxChange> change =
      install_outbox(options.database, options.table, options.max_rows, mode_of(!options.dry_run));
  if (!change) return fail(context, change.error());
  for (const std::string& warning : change->warnings) context.console.warning(warning);
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.outbox-install/1");
    writer.member("database", options.database.path).member("table", options.table.table);
    writer.member("dry_run", options.dry_run).member("changed", !change->statements.empty());
    write_change(writer, *change);
    context.console.data(writer.end_object().take() + "\n");
  } else if (options.dry_run) {
    context.console.data(script_of(*change));
  } else {
    const std::string table = printable_line(options.table.table);
    context.console.data(change->statements.empty()
                             ? "changes of " + table + " are noted already\n"
                             : "changes of " + table + " are noted from now on\n");
  }
  return ExitCode::kOk;
}

std::string_view describe(OutboxTableStatus::State state) {
  switch (state) {
    case OutboxTableStatus::State::kWatched:
      return "watched";
    case OutboxTableStatus::State::kOutdated:
      return "outdated";
    case OutboxTableStatus::State::kLost:
      break;
  }
  return "lost";
}

double seconds_since(const Clock& clock, WallTime time) {
  return static_cast<double>(clock.wall_now().unix_ms - time.unix_ms) / 1000;
}

std::string describe_age(const Clock& clock, WallTime time) {
  return describe_duration(std::chrono::milliseconds(clock.wall_now().unix_ms - time.unix_ms));
}

void print_status_json(Context& context, const std::string& database, const OutboxStatus& status) {
  const std::shared_ptr<Clock> clock = system_clock();
  JsonWriter writer;
  writer.begin_object().member("schema", "strata.outbox-status/1").member("database", database);
  writer.member("rows", status.rows).member("max_rows", status.max_rows);
  writer.key("oldest_age_seconds");
  if (status.oldest_at) {
    writer.value(seconds_since(*clock, *status.oldest_at));
  } else {
    writer.null();
  }
  writer.key("tables").begin_array();
  for (const OutboxTableStatus& one : status.tables) {
    writer.begin_object().member("table", one.table.table).member("type", one.table.type);
    writer.member("id", one.table.id_column).key("fields").begin_array();
    for (const std::string& field : one.table.fields) writer.value(field);
    writer.end_array().member("state", describe(one.state)).end_object();
  }
  writer.end_array().key("readers").begin_array();
  for (const OutboxReaderStatus& reader : status.readers) {
    writer.begin_object().member("reader", reader.name).member("behind", reader.behind);
    writer.member("seen_seconds_ago", seconds_since(*clock, reader.seen_at));
    writer.member("misses_rows", reader.misses_rows).end_object();
  }
  context.console.data(writer.end_array().end_object().take() + "\n");
}

void print_status(Context& context, const OutboxStatus& status) {
  const std::shared_ptr<Clock> clock = system_clock();
  Table tables({{"TABLE"}, {"TYPE"}, {"ID"}, {"FIELDS", Align::kLeft, true}, {"STATE"}});
  for (const OutboxTableStatus& one : status.tables) {
    tables.row({printable_line(one.table.table), printable_line(one.table.type),
                printable_line(one.table.id_column), joined(one.table.fields),
                std::string(describe(one.state))});
  }
  context.console.data(tables.text(context.console.table_style()));
  Table readers({{"READER"}, {"BEHIND", Align::kRight}, {"SEEN"}, {"STATE"}});
  for (const OutboxReaderStatus& reader : status.readers) {
    readers.row({printable_line(reader.name), describe_count(reader.behind),
                 describe_age(*clock, reader.seen_at) + " ago",
                 reader.misses_rows ? "misses rows" : ""});
  }
  if (!readers.empty()) {
    context.console.data("\n" + readers.text(context.console.table_style()));
  }
  std::string rows = describe_count(status.rows, "row", "rows") + " in the outbox, at most " +
                     describe_count(status.max_rows);
  if (status.oldest_at)
    rows += ", the oldest from " + describe_age(*clock, *status.oldest_at) + " ago";
  context.console.note(rows);
}

ExitCode run_status(Context& context, const OutboxDatabase& database) {
  if (database.path.empty()) return fail(context, ExitCode::kUsage, "--database is missing");
  const Result<OutboxStatus> status = outbox_status(database);
  if (!status) return fail(context, status.error());
  if (!status->installed) {
    return fail(
        context, ExitCode::kNotFound,
        printable_line(database.path) + " has no outbox; `strata outbox install` makes one");
  }
  if (context.globals.json) {
    print_status_json(context, database.path, *status);
  } else {
    print_status(context, *status);
  }
  ExitCode code = ExitCode::kOk;
  for (const OutboxTableStatus& one : status->tables) {
    if (one.state == OutboxTableStatus::State::kWatched) continue;
    code = ExitCode::kDegraded;
    const std::string table = printable_line(one.table.table);
    context.console.warning(
        one.state == OutboxTableStatus::State::kLost
            ? "the triggers of " + table + " are gone, so its changes go unnoticed; install again"
            : table + " has changed since the outbox was installed; install again");
  }
  return code;
}

ExitCode run_remove(Context& context, const RemoveOptions& options) {
  if (options.database.path.empty()) {
    return fail(context, ExitCode::kUsage, "--database is missing");
  }
  if (options.all != options.table.empty()) {
    return fail(context, ExitCode::kUsage, "say what to remove: --table or --all");
  }
  const OutboxMode mode = mode_of(options.removes());
  const Result<OutboxChange> change = options.all
                                          ? remove_whole_outbox(options.database, mode)
                                          : remove_outbox(options.database, options.table, mode);
  if (!change) return fail(context, change.error());
  const bool is_there = !change->statements.empty();
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.outbox-remove/1");
    writer.member("database", options.database.path);
    writer.member("removed", is_there && options.removes());
    write_change(writer, *change);
    context.console.data(writer.end_object().take() + "\n");
  } else if (!is_there) {
    context.console.data(options.dry_run ? script_of(*change) : "there is no outbox\n");
  } else if (!options.removes()) {
    context.console.data(script_of(*change));
  } else {
    context.console.data(options.all ? "removed the outbox\n"
                                     : "changes of " + printable_line(options.table) +
                                           " are no longer noted\n");
  }
  if (!is_there || options.confirm || options.dry_run) return ExitCode::kOk;
  context.console.error("nothing was removed; --confirm removes it");
  return ExitCode::kUsage;
}

constexpr const char* kDatabaseHelp = "the application's SQLite file";

Command make_outbox_install() {
  const auto options = std::make_shared<InstallOptions>();
  Command command("install", "Has every change of a table noted, for caches to read.");
  command.option("--database", "FILE", kDatabaseHelp, options->database.path).file();
  command.option("--table", "TABLE", "the table whose changes are noted", options->table.table);
  command.option("--type", "TYPE", "what the events call its rows: order", options->table.type);
  command.option("--id", "COLUMN", "the column that the events' ids are from",
                 options->table.id_column);
  command.option("--field", "COLUMN", "a column whose values events carry", options->table.fields)
      .repeats();
  command.option("--max-rows", "N", "notes that are kept at most; 1000000 unless given",
                 options->max_rows);
  command.flag("--dry-run", "only prints the SQL that would run", options->dry_run);
  command.example("strata outbox install --database orders.db --table orders --type order --id id");
  command.details(
      "Triggers note the changes within the transactions that make them, whichever program that "
      "is. Installing again with other options replaces the triggers; with the same ones, it "
      "changes nothing.");
  command.runs([options](Context& context) { return run_install(context, *options); });
  return command;
}

Command make_outbox_status() {
  const auto database = std::make_shared<OutboxDatabase>();
  Command command("status", "Shows what is noted, and how far its readers are.");
  command.option("--database", "FILE", kDatabaseHelp, database->path).file();
  command.example("strata outbox status --database orders.db");
  command.details(
      "Ends with 3 if there is no outbox, and with 4 if a table has to be installed "
      "again.");
  command.runs([database](Context& context) { return run_status(context, *database); });
  return command;
}

Command make_outbox_remove() {
  const auto options = std::make_shared<RemoveOptions>();
  Command command("remove", "Ends the noting of changes.");
  command.option("--database", "FILE", kDatabaseHelp, options->database.path).file();
  command.option("--table", "TABLE", "of this table; what it has noted is still read",
                 options->table);
  command.flag("--all", "of all tables, with all that was noted", options->all);
  command.flag("--confirm", "removes it; without this, only prints the SQL", options->confirm);
  command.flag("--dry-run", "only prints the SQL, and ends with 0", options->dry_run);
  command.example("strata outbox remove --database orders.db --table orders --confirm");
  command.runs([options](Context& context) { return run_remove(context, *options); });
  return command;
}

}  // namespace

Command make_outbox() {
  Command outbox("outbox", "Tells caches what changes in an application's SQLite database.");
  outbox.example("strata outbox status --database orders.db");
  outbox.add(make_outbox_install());
  outbox.add(make_outbox_status());
  outbox.add(make_outbox_remove());
  return outbox;
}

}  // namespace strata::cli
