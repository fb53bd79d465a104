// CacheBuilder: the composition root. Only here are concrete tiers given to a cache.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "config/doubt.h"
#include "config/off_tier.h"
#include "config/outbox_feed.h"
#include "ports/small_file.h"
#include "strata/config/open.h"
#include "strata/load/tickets.h"

namespace strata {

struct CacheBuilder::State {
  struct LowerTier {
    std::variant<SqliteOptions, std::unique_ptr<Tier>> kind;
    TierGuardOptions guard;
  };
  struct NamedSource {
    std::shared_ptr<Source> source;
    SourceOptions options;
  };

  CacheOptions options;
  MemoryOptions memory;
  std::vector<LowerTier> tiers;  // nearest first
  std::map<std::string, KeyspaceOptions> keyspaces;
  std::vector<NamedSource> sources;
  RuleDefinitions rules;
  std::vector<OutboxRelayOptions> outboxes;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Executor> executor;
  std::shared_ptr<Timer> timer;
  std::shared_ptr<Random> random;
  std::shared_ptr<MachineMemory> machine_memory;
  std::shared_ptr<const KeyRing> keys;
  bool is_built = false;

  // Opens the tier and puts its guard before it.
  [[nodiscard]] Result<void> add(LowerTier& lower, CacheParts& parts,
                                 const std::shared_ptr<Random>& chance) const;
};

namespace {

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

struct OpenedSqlite {
  std::unique_ptr<Tier> tier;
  bool owns_file = false;  // even if the tier is off now: it comes back by itself
};

// The SQLite tier; or, in a graceful cache, what stands in for one that cannot be opened.
Result<OpenedSqlite> open_sqlite(const SqliteOptions& sqlite, const CacheOptions& cache,
                                 const std::shared_ptr<Clock>& clock,
                                 const std::shared_ptr<Random>& random) {
  if (sqlite.path.empty()) return rejected("CacheBuilder::sqlite() needs a path");
  auto tier = open_sqlite_tier(sqlite, clock, random);
  if (tier) {
    // In a tier that has no file yet, the clearing would be forgotten with the process.
    if ((*tier)->stats().state != TierState::kOff) {
      internal::settle_doubt(sqlite.path, **tier, cache.log);
    }
    return OpenedSqlite{.tier = std::move(*tier), .owns_file = true};
  }
  if (!cache.graceful) return tier.error();
  const std::string& reason = tier.error().message;
  if (cache.log) {
    cache.log(LogLevel::kError, "sqlite could not be opened; going on without it: " + reason);
  }
  auto missed = [path = sqlite.path, log = cache.log] { internal::leave_doubt(path, log); };
  return OpenedSqlite{.tier = internal::off_tier("sqlite", reason, std::move(missed))};
}

// The journal of causes beside the database, for whoever has that open: nobody else may write it.
JournalStore journal_beside(const std::string& database) {
  constexpr std::size_t kJournalBytes = 16u << 20;
  constexpr unsigned kMode = 0600;
  const std::string path = database + ".causes";
  return {[path] { return internal::read_file(path, kJournalBytes); },
          [path](std::string_view bytes) { return internal::replace_file(path, bytes, kMode); }};
}

Result<void> check_tier_names(const CacheParts& parts) {
  std::vector<std::string_view> names{parts.hot->name()};
  for (const auto& tier : parts.tiers) {
    if (std::count(names.begin(), names.end(), tier->name()) > 0) {
      return rejected("two tiers have the name " + std::string(tier->name()));
    }
    names.push_back(tier->name());
  }
  return {};
}

Result<void> check_pressure(double share) {
  if (share >= 0 && share < 1) return {};
  return rejected("MemoryOptions::pressure is " + std::to_string(share) +
                  "; write the share of memory that is to stay free, from 0 to less than 1");
}

}  // namespace

Result<void> CacheBuilder::State::add(LowerTier& lower, CacheParts& parts,
                                      const std::shared_ptr<Random>& chance) const {
  if (auto valid = check_guard(lower.guard); !valid) return valid;
  std::unique_ptr<Tier> opened;
  TierGuardOptions guard = lower.guard;
  if (auto* given = std::get_if<std::unique_ptr<Tier>>(&lower.kind)) {
    if (*given == nullptr) return rejected("CacheBuilder::tier() was given no tier");
    opened = std::move(*given);
  } else {
    const auto& sqlite = std::get<SqliteOptions>(lower.kind);
    auto made = open_sqlite(sqlite, options, parts.clock, chance);
    if (!made) return made.error();
    const bool owns_journal = made->owns_file && !sqlite.sharing;
    if (owns_journal && !parts.journal.write) parts.journal = journal_beside(sqlite.path);
    if (!made->owns_file) guard.breaker.failures = 0;  // There is nothing to be tried again.
    opened = std::move(made->tier);
  }
  parts.tiers.push_back(guarded_tier(std::move(opened), guard,
                                     {.clock = parts.clock,
                                      .executor = parts.executor,
                                      .log = options.log,
                                      .graceful = options.graceful}));
  return {};
}

CacheBuilder::CacheBuilder() : state_(std::make_unique<State>()) {}
CacheBuilder::~CacheBuilder() = default;
CacheBuilder::CacheBuilder(CacheBuilder&&) noexcept = default;

CacheBuilder& CacheBuilder::name(std::string name) {
  state_->options.name = std::move(name);
  return *this;
}

CacheBuilder& CacheBuilder::memory(MemoryOptions options) {
  state_->memory = std::move(options);
  return *this;
}

CacheBuilder& CacheBuilder::without_memory() {
  state_->memory.enabled = false;
  return *this;
}

CacheBuilder& CacheBuilder::sqlite(SqliteOptions options, TierGuardOptions guard) {
  state_->tiers.push_back({std::move(options), guard});
  return *this;
}

CacheBuilder& CacheBuilder::tier(std::unique_ptr<Tier> tier, TierGuardOptions guard) {
  state_->tiers.push_back({std::move(tier), guard});
  return *this;
}

CacheBuilder& CacheBuilder::defaults(KeyspaceOptions options) {
  state_->options.defaults = std::move(options);
  return *this;
}

CacheBuilder& CacheBuilder::keyspace(std::string name, KeyspaceOptions options) {
  state_->keyspaces.insert_or_assign(std::move(name), std::move(options));
  return *this;
}

CacheBuilder& CacheBuilder::source(std::shared_ptr<Source> source, SourceOptions options) {
  state_->sources.push_back({std::move(source), std::move(options)});
  return *this;
}

CacheBuilder& CacheBuilder::rules(RuleDefinitions definitions) {
  state_->rules = std::move(definitions);
  return *this;
}

CacheBuilder& CacheBuilder::outbox(OutboxRelayOptions options) {
  state_->outboxes.push_back(std::move(options));
  return *this;
}

CacheBuilder& CacheBuilder::journal(CauseJournalOptions options) {
  state_->options.causes = options;
  return *this;
}

CacheBuilder& CacheBuilder::clock(std::shared_ptr<Clock> clock) {
  state_->clock = std::move(clock);
  return *this;
}

CacheBuilder& CacheBuilder::executor(std::shared_ptr<Executor> executor) {
  state_->executor = std::move(executor);
  return *this;
}

CacheBuilder& CacheBuilder::timer(std::shared_ptr<Timer> timer) {
  state_->timer = std::move(timer);
  return *this;
}

CacheBuilder& CacheBuilder::random(std::shared_ptr<Random> random) {
  state_->random = std::move(random);
  return *this;
}

CacheBuilder& CacheBuilder::machine_memory(std::shared_ptr<MachineMemory> machine) {
  state_->machine_memory = std::move(machine);
  return *this;
}

CacheBuilder& CacheBuilder::keys(std::shared_ptr<const KeyRing> keys) {
  state_->keys = std::move(keys);
  return *this;
}

CacheBuilder& CacheBuilder::graceful(bool graceful) {
  state_->options.graceful = graceful;
  return *this;
}

CacheBuilder& CacheBuilder::log(LogSink log) {
  state_->options.log = std::move(log);
  return *this;
}

CacheBuilder& CacheBuilder::on_removal(RemovalListener listener) {
  state_->options.on_removal = std::move(listener);
  return *this;
}

Result<Cache> CacheBuilder::build() {
  State& state = *state_;
  if (state.is_built) return rejected("CacheBuilder::build() was called before; make a new one");
  state.is_built = true;
  if (auto valid = validate_name("cache", state.options.name); !valid) return valid.error();
  if (auto valid = check_pressure(state.memory.pressure); !valid) return valid.error();
  if (auto valid = check_tenants(state.memory); !valid) return valid.error();
  for (const auto& [name, options] : state.keyspaces) {
    if (auto valid = validate_name("keyspace", name); !valid) return valid.error();
  }
  if (state.tiers.size() > kMaxLowerTiers) {
    return rejected("a cache has at most " + std::to_string(kMaxLowerTiers) +
                    " tiers below memory");
  }

  Result<RuleSet> rules = RuleSet::compile(state.rules);
  if (!rules) return rules.error();
  state.options.rules = *std::move(rules);

  CacheParts parts;
  parts.clock = state.clock ? state.clock : system_clock();
  parts.executor = state.executor ? state.executor : thread_pool();
  parts.timer = state.timer;
  const std::shared_ptr<Random> random = state.random ? state.random : system_random();
  parts.pressure = {.share = state.memory.pressure, .machine = state.machine_memory};
  parts.keys = std::move(state.keys);
  parts.hot = memory_tier(state.memory, parts.clock, random);
  for (State::LowerTier& lower : state.tiers) {
    if (auto added = state.add(lower, parts, random); !added) return added.error();
  }
  if (auto distinct = check_tier_names(parts); !distinct) return distinct.error();
  parts.options = std::move(state.options);

  const std::shared_ptr<Clock> clock = parts.clock;
  const LogSink log = parts.options.log;
  std::set<std::string> types{parts.options.defaults.type};
  Cache cache(std::move(parts));
  for (auto& [name, options] : state.keyspaces) {
    types.insert(options.type);
    cache.configure_keyspace(name, std::move(options));
  }
  for (State::NamedSource& named : state.sources) {
    if (named.source == nullptr) return rejected("CacheBuilder::source() was given no source");
    types.insert(named.options.keyspace.type);
    auto added = cache.add_source(std::move(named.source), std::move(named.options));
    if (!added) return added.error();
  }
  for (OutboxRelayOptions& outbox : state.outboxes) {
    auto fed = internal::feed_from_outbox(
        cache, {.relay = std::move(outbox), .rules = state.rules, .types = types}, clock, log);
    if (!fed) return fed.error();
  }
  return cache;
}

}  // namespace strata
