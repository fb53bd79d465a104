// open(): a running cache from a configuration file. CacheBuilder: the same without YAML.
//
//   Cache cache = strata::open("strata.yaml").value();
//   Cache cache = CacheBuilder().memory({.max_bytes = 64 << 20}).sqlite({.path = "cache.db"})
//                     .build().value();
//
// Errors    kRejected: the configuration, with file, line, key and what to do. Others: what the
//           tier said that could not be opened.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"
#include "strata/load/guarded_tier.h"
#include "strata/memory/memory_tier.h"
#include "strata/outbox/outbox_relay.h"
#include "strata/ports/environment.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/tiered/cache.h"

namespace strata {

struct Settings;

// What a configuration cannot say. Empty ones: log lines on standard error as the configuration
// wants them; no listener; the system's clock; a pool of threads.
struct OpenOptions {
  LogSink log{};
  RemovalListener on_removal{};
  std::shared_ptr<Clock> clock{};
  std::shared_ptr<Executor> executor{};
  Environment environment{};  // of encryption keys; empty: the process's
};

[[nodiscard]] Result<Cache> open(const std::string& path, OpenOptions options = {});
[[nodiscard]] Result<Cache> open(const Settings& settings, OpenOptions options = {});

// Whether every source of the settings can be opened: what a query says is checked against its
// database, while no HTTP server is asked. kRejected for the first that is wrong, kUnavailable for
// one whose database is not there.
[[nodiscard]] Result<void> check_sources(const Settings& settings);

class CacheBuilder {
 public:
  CacheBuilder();
  ~CacheBuilder();
  CacheBuilder(CacheBuilder&&) noexcept;

  CacheBuilder& name(std::string name);
  CacheBuilder& memory(MemoryOptions options);
  CacheBuilder& without_memory();
  // Without it, there is no lower tier. `guard`: when it is passed over.
  CacheBuilder& sqlite(SqliteOptions options, TierGuardOptions guard = {});
  // Another one, below those given before.
  CacheBuilder& tier(std::unique_ptr<Tier> tier, TierGuardOptions guard = {});
  CacheBuilder& defaults(KeyspaceOptions options);  // of keyspaces without options of their own
  CacheBuilder& keyspace(std::string name, KeyspaceOptions options);
  CacheBuilder& source(std::shared_ptr<Source> source, SourceOptions options = {});
  CacheBuilder& rules(RuleDefinitions definitions);    // what events make wrong
  CacheBuilder& outbox(OutboxRelayOptions options);    // whose changes become events
  CacheBuilder& journal(CauseJournalOptions options);  // for explanations
  CacheBuilder& clock(std::shared_ptr<Clock> clock);
  CacheBuilder& executor(std::shared_ptr<Executor> executor);
  CacheBuilder& timer(std::shared_ptr<Timer> timer);
  CacheBuilder& random(std::shared_ptr<Random> random);
  CacheBuilder& machine_memory(std::shared_ptr<MachineMemory> machine);  // for memory's pressure
  CacheBuilder& keys(std::shared_ptr<const KeyRing> keys);  // of keyspaces with `encrypt`
  CacheBuilder& graceful(bool graceful);
  CacheBuilder& log(LogSink log);
  CacheBuilder& on_removal(RemovalListener listener);  // of entries that leave memory

  // Once.
  [[nodiscard]] Result<Cache> build();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
