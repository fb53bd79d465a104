#include "cli/session.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cli/recorded_stats.h"
#include "cli/stats_file.h"
#include "cli/turn.h"
#include "config/doubt.h"
#include "config/encryption_keys.h"
#include "ports/small_file.h"
#include "strata/config/open.h"
#include "strata/core/key.h"

namespace strata::cli {
namespace {

constexpr std::string_view kDefaultConfig = "strata.yaml";
constexpr Duration kFlushTimeout = std::chrono::seconds(60);

// Whether the run did anything worth counting; looking at the cache is not.
bool is_worth_recording(const CacheStats& stats) {
  if (stats.invalidations > 0 || stats.tier_errors > 0) return true;
  for (const KeyspaceStats& keyspace : stats.keyspaces) {
    if (keyspace.lookups() > 0 || keyspace.puts > 0) return true;
  }
  return false;
}

// Why a tier is not as it should be; empty if all are.
std::string trouble_of(const CacheStats& stats) {
  for (const TierTraffic& traffic : stats.tiers) {
    if (traffic.tier.state == TierState::kOk) continue;
    return "the " + traffic.tier.name + " tier is " +
           (traffic.tier.state == TierState::kOff ? "off: " : "degraded: ") + traffic.tier.reason;
  }
  return {};
}

// Whether something that was stored turned out to be damaged. A tier says so in its reason, too.
bool is_damaged(const CacheStats& stats, const std::string& trouble) {
  for (const TierTraffic& traffic : stats.tiers) {
    if (traffic.tier.removed(RemovalCause::kCorrupt) > 0) return true;
  }
  return trouble.find("damaged") != std::string::npos;
}

// Sources become the keyspaces that they are cached in, so that one that is away, or wrong,
// keeps nobody from looking after the cache; and a SQLite file that cannot be opened is an error.
void leave_out_sources(Settings& settings) {
  for (auto& [name, source] : settings.sources) {
    settings.keyspaces.insert_or_assign(name, source.cache.keyspace).first->second.source = name;
  }
  settings.sources.clear();
  settings.graceful = false;
}

}  // namespace

Result<Settings> find_settings(const Context& context) {
  const auto& given = context.globals.config;
  if (given) return load_settings(*given, context.environment);
  if (internal::file_exists(std::string(kDefaultConfig))) {
    return load_settings(std::string(kDefaultConfig), context.environment);
  }
  const auto named = context.environment("STRATA_CONFIG");
  if (named && !named->empty()) return load_settings(*named, context.environment);
  return Settings();
}

const KeyspaceOptions& options_of(const Settings& settings, std::string_view keyspace) {
  const auto found = settings.keyspaces.find(std::string(split_keyspace(keyspace).keyspace));
  return found == settings.keyspaces.end() ? settings.defaults : found->second;
}

bool is_sensitive(const Settings& settings, std::string_view keyspace) {
  const auto source = settings.sources.find(std::string(split_keyspace(keyspace).keyspace));
  if (source != settings.sources.end() && source->second.cache.keyspace.sensitive) return true;
  return options_of(settings, keyspace).sensitive;
}

std::string sqlite_path(const Settings& settings) {
  const std::string& path = settings.sqlite.options.path;
  if (settings.folder.empty() || path.starts_with('/')) return path;
  return settings.folder + "/" + path;
}

Session::Session(Context& context, Access access, Settings settings,
                 std::map<std::string, SourceSettings> sources, Cache cache)
    : context_(context),
      access_(access),
      settings_(std::move(settings)),
      sources_(std::move(sources)),
      cache_(std::make_unique<Cache>(std::move(cache))),
      clock_(system_clock()) {}

std::variant<std::unique_ptr<Session>, ExitCode> Session::open(Context& context, Access access) {
  Result<Settings> settings = find_settings(context);
  if (!settings) return fail(context, ExitCode::kUsage, settings.error().message);
  // What is wrong, the program says itself; more than that is for whoever configured it.
  if (context.globals.quiet || settings->log.level >= LogThreshold::kWarning) {
    settings->log.level = LogThreshold::kOff;
  }
  // What is not encrypted can be looked at, and all that is not a value, by whoever has no keys.
  const auto keys = internal::load_encryption_keys(*settings, context.environment);
  if (!keys && keys.error().code == ErrorCode::kUnavailable) {
    context.console.warning("there are no encryption keys: " + keys.error().message);
    settings->encryption.keys_file.clear();
    settings->encryption.keys_variable.clear();
  }
  // Changes are told to the program whose reader that is, and only once.
  settings->outboxes.clear();
  std::map<std::string, SourceSettings> sources = settings->sources;
  if (access != Access::kSources) leave_out_sources(*settings);
  const std::string path = sqlite_path(*settings);
  const bool only_looks = access == Access::kLook || access == Access::kStats;
  if (only_looks && settings->sqlite.enabled && !internal::file_exists(path)) {
    context.console.note("there is no cache at " + path + " yet");
    settings->sqlite.enabled = false;
  }

  if (settings->sqlite.enabled && internal::is_in_doubt(path)) {
    context.console.warning(path +
                            " was left out of a cache that may have invalidated: it begins empty");
  }
  const auto open = [&] { return strata::open(*settings, {.environment = context.environment}); };
  Result<Cache> cache = access == Access::kStats ? open() : in_turn<Result<Cache>>(open);
  if (!cache && access == Access::kStats && is_used_elsewhere(cache.error())) {
    settings->graceful = true;  // The tier is off then, and says why.
    cache = open();
  }
  if (!cache) return fail(context, cache.error());
  std::unique_ptr<Session> session(
      new Session(context, access, *std::move(settings), std::move(sources), *std::move(cache)));
  session->note_trouble();
  return session;
}

// Warns of what is wrong with a tier, once.
void Session::note_trouble() {
  std::string trouble = trouble_of(cache_->stats());
  if (!trouble.empty() && trouble != trouble_) context_.console.warning(trouble);
  if (!trouble.empty()) trouble_ = std::move(trouble);
}

std::string Session::stats_file() const { return stats_file_of(sqlite_path(settings_)); }

ExitCode Session::finish(ExitCode code) {
  const Deadline deadline{saturating_add(clock_->now(), kFlushTimeout)};
  const Result<void> flushed = cache_->flush(deadline);
  // Without the tier, an answer from a source is complete, and so are recorded statistics.
  const bool does_without = access_ == Access::kSources || access_ == Access::kStats;
  if (!flushed && (!does_without || trouble_.empty())) {
    context_.console.error("not everything was written: " + flushed.error().message);
    if (code == ExitCode::kOk) code = ExitCode::kFailed;
  }
  note_trouble();
  record_run();
  const bool damaged = is_damaged(cache_->stats(), trouble_);
  cache_->close(deadline);
  if (damaged && (code == ExitCode::kOk || code == ExitCode::kNotFound)) return ExitCode::kCorrupt;
  return code == ExitCode::kOk && !trouble_.empty() ? ExitCode::kDegraded : code;
}

Result<std::optional<Record>> Session::peek(Tier& tier, KeyRef key) {
  Result<std::optional<Record>> record = tier.get(key, {});
  if (!record) return record;
  TierStats& peeked = peeked_[std::string(tier.name())];
  ++(record->has_value() ? peeked.hits : peeked.misses);
  return record;
}

Cache::Origin Session::acting_as(std::string_view command) {
  return {*cache_, std::to_string(::getpid()) + " strata " + std::string(command)};
}

void Session::record_run() {
  RecordedStats run;
  run.since = clock_->wall_now();
  run.runs = 1;
  run.counts = cache_->stats();
  for (TierTraffic& traffic : run.counts.tiers) {
    const auto peeked = peeked_.find(traffic.tier.name);
    if (peeked == peeked_.end()) continue;
    traffic.tier.hits -= std::min(traffic.tier.hits, peeked->second.hits);
    traffic.tier.misses -= std::min(traffic.tier.misses, peeked->second.misses);
  }
  run.calls = calls_.snapshot();
  if (!settings_.sqlite.enabled || !internal::file_exists(sqlite_path(settings_))) return;
  if (!is_worth_recording(run.counts)) return;
  const Result<void> added = add_to_stats_file(stats_file(), run);
  if (added) return;
  const bool lost = added.error().code == ErrorCode::kCorrupt;
  context_.console.warning((lost ? "statistics begin anew: " : "statistics are not kept: ") +
                           added.error().message);
}

}  // namespace strata::cli
