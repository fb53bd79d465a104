// `strata validate`: whether the SQLite file and what is beside it are whole, and their repair.
#include <memory>
#include <optional>

#include "cli/commands/commands.h"
#include "cli/progress_bar.h"
#include "cli/record_filter.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/turn.h"
#include "config/doubt.h"
#include "sqlite/check.h"
#include "strata/codecs/json_writer.h"
#include "strata/ports/clock.h"

namespace strata::cli {
namespace {

using sqlite::CheckReport;
using sqlite::DamageFound;

struct ValidateOptions {
  bool repair = false;
  bool confirm = false;
  bool dry_run = false;

  [[nodiscard]] bool changes() const { return repair && confirm && !dry_run; }
};

// A name that tells where the entry is without telling what a sensitive keyspace has.
std::string name_of(const Settings& settings, const Record& record, const Moment& at) {
  const RecordRow row = row_of("sqlite", record, at);
  return is_sensitive(settings, row.keyspace) ? row.keyspace + ":(sensitive)"
                                              : row.keyspace + ":" + row.name;
}

void write_json(Context& context, const ValidateOptions& options, const CheckReport& report,
                const std::string& file) {
  JsonWriter writer;
  writer.begin_object().member("schema", "strata.validate/1").member("file", file);
  writer.member("exists", report.exists).member("ok", report.is_sound());
  writer.member("was_closed", report.was_closed).member("entries", report.entries);
  writer.member("size_bytes", report.record_bytes).member("stale", report.stale);
  writer.member("expired", report.expired).member("from_future", report.from_future);
  writer.member("invalidated", report.invalidated).member("newer", report.newer);
  writer.member("label_rows", report.labels).member("groups", report.groups);
  writer.member("journal_marks", report.marks).member("pages", report.pages);
  writer.member("free_pages", report.free_pages).key("damage").begin_array();
  for (const DamageFound& one : report.damage) {
    writer.begin_object().member("kind", to_string(one.what));
    writer.member("meaning", describe(one.what)).member("count", one.count);
    writer.key("first").begin_array();
    for (const std::string& name : one.first) writer.value(name);
    writer.end_array().end_object();
  }
  writer.end_array().key("remarks").begin_array();
  for (const std::string& remark : report.remarks) writer.value(remark);
  writer.end_array().member("repaired", options.changes() && !report.is_sound());
  writer.member("removed_entries", report.removed).member("mended_rows", report.mended);
  writer.key("moved_to");
  if (report.quarantined.empty()) {
    writer.null();
  } else {
    writer.value(report.quarantined);
  }
  context.console.data(writer.end_object().take() + "\n");
}

void write_text(Context& context, const CheckReport& report) {
  Console& console = context.console;
  console.data(describe_count(report.entries, "entry", "entries") + ", " +
               describe_bytes(report.record_bytes) + "; " + describe_count(report.stale) +
               " stale, " + describe_count(report.expired) + " expired, " +
               describe_count(report.invalidated) + " invalidated and not removed yet\n");
  console.data(describe_count(report.labels, "label row", "label rows") + ", " +
               describe_count(report.groups, "group", "groups") + ", " +
               describe_count(report.marks, "journal mark", "journal marks") + "; " +
               describe_count(report.pages, "page", "pages") + ", " +
               describe_count(report.free_pages) + " free\n");
  if (report.newer > 0) {
    console.data(describe_count(report.newer, "record", "records") +
                 " of a newer Strata were not looked at\n");
  }
  if (report.from_future > 0) {
    console.data(describe_count(report.from_future, "entry", "entries") +
                 " were written by a clock that was ahead, and are not served\n");
  }
  if (report.damage.empty()) return;
  Table table({{"DAMAGE"}, {"COUNT", Align::kRight}, {"MEANING", Align::kLeft, true}});
  for (const DamageFound& one : report.damage) {
    table.row({std::string(to_string(one.what)), describe_count(one.count),
               std::string(describe(one.what))});
  }
  console.data("\n" + table.text(console.table_style()));
  for (const DamageFound& one : report.damage) {
    for (const std::string& name : one.first) {
      console.data(std::string(to_string(one.what)) + ": " + printable_line(name) + "\n");
    }
    if (one.count > one.first.size()) {
      console.data(std::string(to_string(one.what)) + ": and " +
                   describe_count(one.count - one.first.size()) + " more\n");
    }
  }
}

// What a repair did, in words.
std::string describe_repair(const CheckReport& report) {
  if (!report.quarantined.empty()) {
    return "the file was moved to " + report.quarantined + "; the cache begins empty";
  }
  return "removed " + describe_count(report.removed, "entry", "entries") + ", mended " +
         describe_count(report.mended, "row", "rows");
}

// What a repair would do.
std::string describe_plan(const CheckReport& report) {
  std::uint64_t entries = 0;
  std::uint64_t rows = 0;
  for (const DamageFound& one : report.damage) {
    if (is_whole_file(one.what) && (one.what != sqlite::Damage::kJournal || !report.was_closed)) {
      return "would move the file out of the way; the cache would begin empty";
    }
    (removes_entries(one.what) ? entries : rows) += one.count;
  }
  return "would remove " + describe_count(entries, "entry", "entries") + ", and mend " +
         describe_count(rows, "row", "rows");
}

ExitCode conclude(Context& context, const ValidateOptions& options, const CheckReport& report) {
  if (report.is_sound()) {
    context.console.note(options.repair ? "nothing is damaged; there is nothing to repair"
                                        : "nothing is damaged");
    return ExitCode::kOk;
  }
  if (options.changes()) {
    context.console.note("repaired: " + describe_repair(report));
    return ExitCode::kOk;
  }
  if (!options.repair) {
    context.console.error(
        "the cache is damaged; `strata validate --repair --dry-run` tells what a "
        "repair would do");
    return ExitCode::kCorrupt;
  }
  context.console.note(describe_plan(report));
  if (options.dry_run) return ExitCode::kOk;
  context.console.error("nothing was repaired; --confirm repairs it");
  return ExitCode::kUsage;
}

ExitCode run_validate(Context& context, const ValidateOptions& options) {
  if (!options.repair && (options.confirm || options.dry_run)) {
    return fail(context, ExitCode::kUsage,
                "--confirm and --dry-run belong to --repair; a check changes nothing");
  }
  const Result<Settings> settings = find_settings(context);
  if (!settings) return fail(context, ExitCode::kUsage, settings.error().message);
  const std::string file = sqlite_path(*settings);
  if (!settings->sqlite.enabled) {
    return fail(context, ExitCode::kUsage,
                "the SQLite tier is switched off (cache.sqlite.enabled: false): there is no file "
                "to look at");
  }
  const std::shared_ptr<Clock> clock = system_clock();
  ProgressBar bar(context.console, *clock);
  const Moment at(*clock);
  sqlite::CheckOptions check{.sqlite = settings->sqlite.options, .repairs = options.changes()};
  check.sqlite.path = file;
  check.name = [&](const Record& record) { return name_of(*settings, record, at); };
  check.progress = [&](const sqlite::CheckProgress& progress) {
    bar.show(progress.phase, progress.done, progress.total);
  };
  const Result<CheckReport> report =
      in_turn<Result<CheckReport>>([&] { return sqlite::check_cache(check, *clock); });
  bar.clear();
  if (!report) return fail(context, report.error());
  if (!report->exists) context.console.note("there is no cache at " + file + " yet");
  if (context.globals.json) {
    write_json(context, options, *report, file);
  } else if (report->exists) {
    write_text(context, *report);
  }
  if (report->exists && internal::is_in_doubt(file)) {
    context.console.note(
        "when it is next opened, it begins empty: it was left out of a cache that "
        "may have invalidated (" +
        file + ".doubt)");
  }
  for (const std::string& remark : report->remarks) context.console.note(remark);
  return report->exists ? conclude(context, options, *report) : ExitCode::kOk;
}

}  // namespace

Command make_validate() {
  const auto options = std::make_shared<ValidateOptions>();
  Command command("validate", "Checks the SQLite file for damage, and repairs it.");
  command.flag("--repair", "removes what is damaged; with --confirm", options->repair);
  command.flag("--confirm", "repairs; without this, --repair only tells what it would do",
               options->confirm);
  command.flag("--dry-run", "with --repair: only tells what it would do, and ends with 0",
               options->dry_run);
  command.example("strata validate");
  command.example("strata validate --repair --confirm");
  command.details(
      "A check changes nothing. A repair only forgets: it removes entries that are damaged, and "
      "those that an invalidation may have missed; a file that cannot be read is moved to "
      "FILE.corrupt-TIME. The exit code is 5 if something is damaged and not repaired, and 2 if "
      "--repair lacks --confirm.");
  command.runs([options](Context& context) { return run_validate(context, *options); });
  return command;
}

}  // namespace strata::cli
