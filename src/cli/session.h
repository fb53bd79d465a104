// Session: the cache that a command works on, from the configuration to the statistics it leaves.
//
//   Result<Settings> settings = find_settings(context);
//   std::unique_ptr<Session> session = Session::open(context, Access::kChange);
//   if (!session) return ...;                 // said why already
//   session->cache().invalidate(...);
//   return session->finish(ExitCode::kOk);    // commits, counts, closes
//
// Threads   Confined to the main thread.
// Errors    open() and finish() say on the console what went wrong.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "cli/context.h"
#include "strata/config/settings.h"
#include "strata/core/record.h"
#include "strata/ports/clock.h"
#include "strata/ports/tier.h"
#include "strata/stats/histogram.h"
#include "strata/tiered/cache.h"
#include "strata/tiered/origin.h"

namespace strata::cli {

// What a command needs of the SQLite file.
enum class Access {
  kSources,  // little: a graceful cache answers without it, from sources
  kLook,     // what is in it; a file that does not exist is not created but counts as empty
  kStats,    // as kLook; while another process has it, what was recorded beside it will do
  kChange,   // it is written, and created if necessary
};

// From --config, ./strata.yaml, $STRATA_CONFIG, or the built-in defaults; `file` is empty then.
[[nodiscard]] Result<Settings> find_settings(const Context& context);

// Where the SQLite file of these settings is.
[[nodiscard]] std::string sqlite_path(const Settings& settings);

// What the keyspace is configured with; a tenant's part has what the whole has.
[[nodiscard]] const KeyspaceOptions& options_of(const Settings& settings,
                                                std::string_view keyspace);
// Whether its values are for memory only, and for nobody's eyes.
[[nodiscard]] bool is_sensitive(const Settings& settings, std::string_view keyspace);

class Session {
 public:
  // The session, or the exit code after saying why there is none.
  [[nodiscard]] static std::variant<std::unique_ptr<Session>, ExitCode> open(Context& context,
                                                                             Access access);

  [[nodiscard]] Cache& cache() { return *cache_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  // The sources of the configuration, also where the session leaves them closed.
  [[nodiscard]] const std::map<std::string, SourceSettings>& sources() const { return sources_; }
  [[nodiscard]] const Clock& clock() const { return *clock_; }
  [[nodiscard]] std::string stats_file() const;

  // What a tier holds under `key`, beside the requests of this run: the look-up is not recorded.
  [[nodiscard]] Result<std::optional<Record>> peek(Tier& tier, KeyRef key);

  // For as long as it lives, what is made wrong is explained by this process and command.
  [[nodiscard]] Cache::Origin acting_as(std::string_view command);

  // Runs `operation` and counts how long it took.
  template <typename Operation>
  auto timed(Operation operation) {
    const Instant start = clock_->now();
    auto result = operation();
    calls_.record(between(start, clock_->now()));
    return result;
  }

  // Commits what was written, adds this run to the recorded statistics, and closes. Returns
  // `code`, or the reason to return another: what was written could not be committed, something
  // stored was damaged, or a tier that should be there is not.
  ExitCode finish(ExitCode code);

 private:
  Session(Context& context, Access access, Settings settings,
          std::map<std::string, SourceSettings> sources, Cache cache);
  void note_trouble();
  void record_run();

  Context& context_;
  Access access_;
  Settings settings_;
  std::map<std::string, SourceSettings> sources_;
  std::unique_ptr<Cache> cache_;
  std::shared_ptr<Clock> clock_;
  Histogram calls_;
  std::map<std::string, TierStats, std::less<>> peeked_;  // hits and misses that are not requests'
  std::string trouble_;  // why a tier is not as it should be, or empty
};

}  // namespace strata::cli
