// open(): Settings become the parts of a cache, and an error says which line it comes from.
#include "strata/config/open.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "config/document.h"
#include "config/doubt.h"
#include "config/encryption_keys.h"
#include "config/line_log.h"
#include "config/outbox_feed.h"
#include "config/rule_settings.h"
#include "config/rule_warnings.h"
#include "config/source_checks.h"
#include "config/variables.h"
#include "config/waiting_source.h"
#include "strata/config/settings.h"
#include "strata/core/key.h"
#include "strata/http_source/http_source.h"
#include "strata/sources/sqlite_query_source.h"

namespace strata {
namespace {

constexpr std::string_view kSqliteTier = "sqlite";

std::string resolved(const std::string& folder, const std::string& path) {
  return path.empty() ? path : (std::filesystem::path(folder) / path).string();
}

// The error with the place of the first setting below `key` that was given, and the variables
// of all of them.
Error with_place(const Settings& settings, const std::string& key, const Error& error) {
  const std::string message =
      key + ": " + error.message + internal::with_variables_below(settings.origins, key);
  if (settings.file.empty()) return {error.code, message, error.exception};
  internal::Place place;
  const std::string below = key + '.';
  const auto origin = settings.origins.lower_bound(below);
  if (origin != settings.origins.end() && origin->first.starts_with(below)) {
    place = {origin->second.line, origin->second.column};
  }
  return {error.code, internal::located(settings.file, place, message), error.exception};
}

// A keyspace may name a tier that this configuration switches off: it does without.
KeyspaceOptions without_absent_tiers(const Settings& settings, KeyspaceOptions options) {
  if (settings.sqlite.enabled || options.tiers.empty()) return options;
  std::erase(options.tiers, kSqliteTier);
  // None named would mean all.
  if (options.tiers.empty()) options.enabled = false;
  return options;
}

Result<std::shared_ptr<Source>> open_source(const std::string& folder, const SourceSettings& source,
                                            const std::shared_ptr<Clock>& clock) {
  if (const auto* http = std::get_if<HttpOptions>(&source.kind)) {
    HttpOptions options = *http;
    options.ca_file = resolved(folder, options.ca_file);
    return http_source(std::move(options), clock);
  }
  SqliteQueryOptions options = std::get<SqliteQueryOptions>(source.kind);
  options.path = resolved(folder, options.path);
  return sqlite_query_source(std::move(options), clock);
}

// The source; in a graceful cache, one that opens later if it cannot be opened now. What is
// cached of it can be read meanwhile.
Result<std::shared_ptr<Source>> make_source(const Settings& settings, const std::string& name,
                                            const std::shared_ptr<Clock>& clock,
                                            const LogSink& log) {
  const SourceSettings& source = settings.sources.at(name);
  auto opened = open_source(settings.folder, source, clock);
  const bool may_open_later =
      !opened && opened.error().code == ErrorCode::kUnavailable && settings.graceful;
  if (opened || !may_open_later) return opened;

  auto parameters = internal::parameters_of(source);
  if (!parameters) return parameters.error();
  if (log) {
    log(LogLevel::kError, "source " + name + " could not be opened; each read of it tries again: " +
                              opened.error().message);
  }
  return internal::waiting_source(
      name, std::move(*parameters), opened.error(),
      [folder = settings.folder, source, clock] { return open_source(folder, source, clock); });
}

Result<void> add_sources(Cache& cache, const Settings& settings,
                         const std::shared_ptr<Clock>& clock, const LogSink& log) {
  for (const auto& [name, source] : settings.sources) {
    const std::string key = "cache.sources." + name;
    auto made = make_source(settings, name, clock, log);
    if (!made) return with_place(settings, key, made.error());
    SourceOptions options = source.cache;
    options.keyspace = without_absent_tiers(settings, std::move(options.keyspace));
    auto added = cache.add_source(std::move(*made), std::move(options));
    if (!added) return with_place(settings, key, added.error());
  }
  return {};
}

// A relay never fails for a database that is not there yet. What it does fail for would leave the
// cache without the changes: that is an error also for a graceful one.
Result<void> add_outboxes(Cache& cache, const Settings& settings,
                          const std::shared_ptr<Clock>& clock, const LogSink& log) {
  for (const auto& [reader, outbox] : settings.outboxes) {
    if (!outbox.enabled) continue;
    OutboxRelayOptions options = outbox.options;
    options.database = resolved(settings.folder, options.database);
    options.reader = reader;
    const auto fed = internal::feed_from_outbox(cache,
                                                {.relay = std::move(options),
                                                 .rules = internal::rule_definitions(settings),
                                                 .types = internal::types_of_keyspaces(settings)},
                                                clock, log);
    if (!fed) return with_place(settings, "cache.outboxes." + reader, fed.error());
  }
  return {};
}

// The keys, or null; what is to be encrypted stays in memory then, and that is said.
Result<std::shared_ptr<const KeyRing>> keys_of(const Settings& settings,
                                               const Environment& environment, const LogSink& log) {
  if (!internal::wants_encryption(settings) && settings.encryption.keys_file.empty()) {
    const bool is_set = !settings.encryption.keys_variable.empty() &&
                        environment(settings.encryption.keys_variable).has_value();
    if (!is_set) return std::shared_ptr<const KeyRing>();
  }
  auto keys = internal::load_encryption_keys(settings, environment);
  // Without the file that was named, values would silently be kept in memory only.
  if (!keys) return Error{ErrorCode::kRejected, keys.error().message, {}};
  if (*keys == nullptr && log) log(LogLevel::kError, internal::without_keys(settings));
  return keys;
}

// Settings from code were not checked by a reader.
Result<void> check_settings(const Settings& settings) {
  if (auto valid = validate_name("cache", settings.name); !valid) return valid;
  for (const auto& [name, options] : settings.keyspaces) {
    if (auto valid = validate_name("keyspace", name); !valid) return valid;
  }
  const auto rules = RuleSet::compile(internal::rule_definitions(settings));
  return rules ? Result<void>() : Result<void>(rules.error());
}

}  // namespace

Result<void> check_sources(const Settings& settings) {
  Result<void> unavailable;
  for (const auto& [name, source] : settings.sources) {
    const auto opened = open_source(settings.folder, source, system_clock());
    if (opened) continue;
    const Error error = with_place(settings, "cache.sources." + name, opened.error());
    if (error.code != ErrorCode::kUnavailable) return error;
    if (unavailable) unavailable = error;
  }
  return unavailable;
}

Result<Cache> open(const std::string& path, OpenOptions options) {
  const auto settings = load_settings(path);
  if (!settings) return settings.error();
  return open(*settings, std::move(options));
}

Result<Cache> open(const Settings& settings, OpenOptions given) {
  if (auto valid = check_settings(settings); !valid) return valid.error();
  const std::shared_ptr<Clock> clock = given.clock ? given.clock : system_clock();
  const LogSink log = given.log ? given.log
                                : internal::line_log(settings.name, settings.log.level, clock,
                                                     internal::write_to_standard_error);
  const Environment environment = given.environment ? given.environment : system_environment();
  auto keys = keys_of(settings, environment, log);
  if (!keys) return with_place(settings, "cache.encryption", keys.error());
  CacheBuilder builder;
  builder.keys(*std::move(keys)).on_removal(std::move(given.on_removal));
  if (given.executor) builder.executor(std::move(given.executor));
  builder.name(settings.name).graceful(settings.graceful).clock(clock).log(log);
  builder.memory(settings.memory).defaults(without_absent_tiers(settings, settings.defaults));
  builder.rules(internal::rule_definitions(settings)).journal(settings.journal);
  SqliteOptions sqlite = settings.sqlite.options;
  sqlite.path = resolved(settings.folder, sqlite.path);
  if (!settings.sqlite.enabled) {
    internal::leave_doubt(sqlite.path, log);  // What is invalidated from now on is not seen there.
  } else {
    builder.sqlite(std::move(sqlite), settings.sqlite.guard);
  }
  for (const auto& [name, options] : settings.keyspaces) {
    builder.keyspace(name, without_absent_tiers(settings, options));
  }
  auto cache = builder.build();
  if (!cache) return with_place(settings, "cache.sqlite", cache.error());
  if (auto added = add_sources(*cache, settings, clock, log); !added) return added.error();
  if (auto fed = add_outboxes(*cache, settings, clock, log); !fed) return fed.error();
  return cache;
}

}  // namespace strata
