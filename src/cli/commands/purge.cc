// `strata purge` and `strata clear-expired`: removal by filter.
#include <algorithm>
#include <map>
#include <memory>
#include <span>

#include "cli/commands/commands.h"
#include "cli/record_filter.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/text.h"
#include "strata/codecs/json_writer.h"

namespace strata::cli {
namespace {

constexpr std::size_t kKeysAtOnce = 1000;  // removed by one invalidation

struct PurgeOptions {
  RecordFilter filter;
  bool all = false;
  bool confirm = false;
  bool dry_run = false;

  [[nodiscard]] bool removes() const { return confirm && !dry_run; }
};

struct Amount {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};

// What the filter matches: how much in each keyspace, and under which keys.
struct Matches {
  Amount sum;
  std::map<std::string, Amount> by_keyspace;
  Labels keys;
};

Result<Matches> find_matches(Session& session, const PurgeOptions& options) {
  Matches matches;
  const bool by_key = options.removes() && !options.all && !options.filter.only_label();
  const Moment at(session.clock());
  const Result<void> scanned =
      scan_records(session.cache(), [&](std::string_view tier, const Record& record) {
        const RecordRow row = row_of(tier, record, at);
        if (!options.all && !options.filter.matches(row)) return true;
        for (Amount* amount : {&matches.sum, &matches.by_keyspace[row.keyspace]}) {
          ++amount->entries;
          amount->bytes += row.bytes;
        }
        if (by_key) matches.keys.emplace_back(LabelKind::kKey, row.key);
        return true;
      });
  if (!scanned) return scanned.error();
  return matches;
}

Result<void> remove(Cache& cache, const PurgeOptions& options, const Matches& matches) {
  const auto checked = [](const InvalidationResult& result) -> Result<void> {
    if (!result.ok()) return *result.error;
    return {};
  };
  if (options.all) return checked(cache.clear());
  if (const auto label = options.filter.only_label()) return checked(cache.invalidate(*label));
  for (std::size_t at = 0; at < matches.keys.size(); at += kKeysAtOnce) {
    const std::span<const Label> keys = std::span(matches.keys).subspan(at);
    Result<void> removed =
        checked(cache.invalidate(keys.first(std::min(kKeysAtOnce, keys.size()))));
    if (!removed) return removed;
  }
  return {};
}

void print_matches(Context& context, const PurgeOptions& options, const Matches& matches) {
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.purge/1");
    writer.member("removed", options.removes()).member("entries", matches.sum.entries);
    writer.member("size_bytes", matches.sum.bytes).key("by_keyspace").begin_object();
    for (const auto& [keyspace, amount] : matches.by_keyspace) {
      writer.key(keyspace).begin_object().member("entries", amount.entries);
      writer.member("size_bytes", amount.bytes).end_object();
    }
    writer.end_object().end_object();
    context.console.data(writer.take() + "\n");
    return;
  }
  context.console.data((options.removes() ? "removed " : "would remove ") +
                       describe_count(matches.sum.entries, "entry", "entries") + ", " +
                       describe_bytes(matches.sum.bytes) + "\n");
  Table table({{"KEYSPACE"}, {"ENTRIES", Align::kRight}, {"SIZE", Align::kRight}});
  for (const auto& [keyspace, amount] : matches.by_keyspace) {
    table.row(
        {printable_line(keyspace), describe_count(amount.entries), describe_bytes(amount.bytes)});
  }
  if (!table.empty()) context.console.data(table.text(context.console.table_style()));
}

ExitCode purge(Context& context, Session& session, const PurgeOptions& options) {
  const Result<Matches> matches = find_matches(session, options);
  // Emptying needs no reading: it works when nothing can be read.
  if (!matches && !(options.all && options.removes())) return fail(context, matches.error());
  if (options.removes()) {
    const Result<void> removed = remove(session.cache(), options, matches ? *matches : Matches());
    if (!removed) return fail(context, removed.error());
  }
  if (!matches) {
    context.console.note("removed everything, uncounted: " + matches.error().message);
    return ExitCode::kOk;
  }
  print_matches(context, options, *matches);
  if (options.confirm || options.dry_run) return ExitCode::kOk;
  context.console.error("nothing was removed; --confirm removes it");
  return ExitCode::kUsage;
}

ExitCode run_purge(Context& context, const PurgeOptions& options) {
  if (options.all && !options.filter.empty()) {
    return fail(context, ExitCode::kUsage, "--all removes everything and takes no filter");
  }
  if (!options.all && options.filter.empty()) {
    return fail(context, ExitCode::kUsage,
                "say what to purge: --source, --keyspace, --tag, --prefix, --older-than, "
                "--before, --expired or --all");
  }
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  const Cache::Origin origin = session.acting_as("purge");
  return session.finish(purge(context, session, options));
}

ExitCode run_clear_expired(Context& context) {
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  const std::uint64_t removed = session.cache().remove_expired();
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.clear-expired/1").member("entries", removed);
    context.console.data(writer.end_object().take() + "\n");
  } else {
    context.console.data("removed " + describe_count(removed, "expired entry", "expired entries") +
                         "\n");
  }
  return session.finish(ExitCode::kOk);
}

}  // namespace

Command make_purge() {
  const auto options = std::make_shared<PurgeOptions>();
  Command command("purge", "Removes what filters select, or everything.");
  RecordFilter& filter = options->filter;
  command.option("--source", "SOURCE", "what came from this source", filter.source);
  command.option("--keyspace", "KEYSPACE", "what is in this keyspace", filter.keyspace);
  command.option("--tag", "TAG", "what carries this tag", filter.tag);
  command.option("--prefix", "TEXT", "what has an ID that begins so, in whole words",
                 filter.prefix);
  command.option("--older-than", "DURATION", "what was written longer ago: 30d, 12h",
                 filter.older_than);
  command.option("--before", "DATE", "what was written before: 2026-11-21, in UTC", filter.before);
  command.flag("--expired", "what is not served any more", filter.expired);
  command.flag("--all", "everything; takes no filter", options->all);
  command.flag("--confirm", "removes it; without this, only tells what would go", options->confirm);
  command.flag("--dry-run", "only tells what would go, and ends with 0", options->dry_run);
  command.example("strata purge --source packages --older-than 30d --dry-run");
  command.example("strata purge --all --confirm");
  command.details("Several filters narrow the selection down together. " +
                  std::string(kPrefixHelp) +
                  " Without --confirm and --dry-run, nothing is removed and the exit code is 2.");
  command.runs([options](Context& context) { return run_purge(context, *options); });
  return command;
}

Command make_clear_expired() {
  Command command("clear-expired", "Removes what is not served any more.");
  command.example("strata clear-expired");
  command.runs(run_clear_expired);
  return command;
}

}  // namespace strata::cli
