// `strata stats`: what the cache holds and what it was good for.
#include <algorithm>
#include <map>
#include <string>

#include "cli/commands/commands.h"
#include "cli/session.h"
#include "cli/stats_file.h"
#include "cli/stats_view.h"

namespace strata::cli {
namespace {

bool is_off(const CacheStats& stats) {
  return std::any_of(stats.tiers.begin(), stats.tiers.end(), [](const TierTraffic& traffic) {
    return traffic.tier.name == "sqlite" && traffic.tier.state == TierState::kOff;
  });
}

std::map<std::string, Enabled> switched(const Settings& settings) {
  std::map<std::string, Enabled> switched;
  const auto add = [&](const std::string& name, const KeyspaceOptions& options) {
    if (!options.enabled.all()) switched.emplace(name, options.enabled);
  };
  for (const auto& [name, options] : settings.keyspaces) add(name, options);
  for (const auto& [name, source] : settings.sources) add(name, source.cache.keyspace);
  return switched;
}

ExitCode run_stats(Context& context) {
  auto opened = Session::open(context, Access::kStats);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);

  StatsView view;
  view.now = session.cache().stats();
  view.file = sqlite_path(session.settings());
  view.switched = switched(session.settings());
  if (session.settings().sqlite.enabled && is_off(view.now)) {
    context.console.note(
        "what it holds and does now, that process knows; shown is what runs of strata recorded");
  }
  Result<RecordedStats> recorded = read_stats_file(session.stats_file());
  if (recorded) {
    view.recorded = *std::move(recorded);
  } else {
    context.console.warning(recorded.error().message + "; it counts as empty");
  }
  context.console.data(context.globals.json ? stats_json(view)
                                            : stats_text(view, context.console.table_style()));
  return session.finish(ExitCode::kOk);
}

}  // namespace

Command make_stats() {
  Command command("stats", "Shows what the cache holds and how often it had the answer.");
  command.example("strata stats --json");
  command.details(
      "Each run of strata adds what it did to a file beside the SQLite file. A request is a hit "
      "when any tier has the answer; a tier's own hit rate counts its look-ups alone.");
  command.runs(run_stats);
  return command;
}

}  // namespace strata::cli
