// The state of a cache and of its keyspaces, shared by the read, load and write paths.
//
// Lock order: keyspaces_mutex, KeyTurns, RunningInvalidations, FlightTable, Flight, tiers. No
// lock but a key's turn is held while a tier is called, and none while user code runs, but for
// JournalStore's. docs/locking.md has all of them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/mutant.h"
#include "core/mutex.h"
#include "load/failed_loads.h"
#include "load/key_turns.h"
#include "ports/process.h"
#include "strata/codecs/compression.h"
#include "strata/codecs/encryption.h"
#include "strata/core/entry.h"
#include "strata/labels/dependency_graph.h"
#include "strata/load/flight.h"
#include "strata/load/running_invalidations.h"
#include "strata/ports/leases_loads.h"
#include "strata/stats/counter.h"
#include "strata/stats/histogram.h"
#include "strata/tiered/cache.h"
#include "strata/tiered/erased.h"
#include "strata/tiered/load.h"
#include "strata/tiered/transaction.h"
#include "tiered/causes.h"
#include "tiered/failure_log.h"
#include "tiered/periodic.h"
#include "tiered/pressure_watch.h"
#include "tiered/sampler.h"
#include "tiered/sealed_values.h"

namespace strata {

namespace internal {

struct KeyspaceCounters {
  std::array<Counter, kOutcomeCount> outcomes;
  std::array<Counter, kMissReasonCount> misses;
  Counter loads, load_failures, refreshes_ahead, backed_off, turned_away;
  Counter joined, join_refused, refused, too_large, puts, saved_ns;
  Counter value_bytes, stored_bytes, compressed;
  Histogram load;
};

struct KeyspaceState {
  KeyspaceState(Cache::State& owner, std::string keyspace_name, const ValueType& value_type,
                KeyspaceOptions keyspace_options, const KeyspaceState* whole = nullptr);

  // Whether look-ups of the key are answered by the cache and what is loaded is stored.
  [[nodiscard]] bool is_enabled(std::uint64_t key_hash) const {
    return enabled.load(std::memory_order_relaxed).includes(key_hash);
  }
  [[nodiscard]] bool is_enabled(const KeyRef& key) const { return is_enabled(key.hash); }

  Cache::State& cache;
  const std::string name;  // "user", or "acme/user" for a tenant's part
  const ValueType& type;
  const KeyspaceOptions options;
  const LabelGroup group;
  const std::string key_prefix;     // "1:user::"
  std::vector<bool> lower_allowed;  // by tier: may it hold values of this keyspace
  bool hot_allowed = true;
  Result<void> status;  // why every call is refused
  // A tenant's part has the whole keyspace's.
  const std::shared_ptr<KeyspaceCounters> own_counters;
  const std::shared_ptr<std::atomic<Enabled>> own_enabled;
  KeyspaceCounters& counters;
  std::atomic<Enabled>& enabled;
};

}  // namespace internal

struct SourceEntry {
  std::shared_ptr<GuardedSource> source;
  std::shared_ptr<internal::KeyspaceState> keyspace;
  std::vector<std::string> tags;
};

struct Cache::State : std::enable_shared_from_this<Cache::State> {
  explicit State(CacheParts parts);
  ~State();

  // Runs `task` on the executor; close() waits for it. Returns whether it was accepted; it is not
  // when the executor takes no more, or the cache is closed.
  bool post(const std::function<void()>& task);
  void run_guarded(const std::function<void()>& task) noexcept;
  // Around a task that runs on the executor. Returns whether it was noted.
  bool begin_work() noexcept;
  void end_work();
  // Calls `end` when the cache closes, at once if it has; and calls those given so far.
  void before_close(std::function<void()> end);
  void end_feeders();
  // Returns whether the cache was open until now.
  bool begin_close();
  // Waits for the tasks of other threads. Returns whether none is left.
  bool wait_for_tasks(Deadline deadline);
  // Whether tasks run that close() did not wait for: because its deadline came, or because it was
  // called within one.
  [[nodiscard]] bool is_given_up() const;

  // Whether calls are refused: after close(), and in a child of the process that made the cache.
  [[nodiscard]] bool is_closed() const {
    if (STRATA_MUTANT(kForkUnnoticed)) return closed.load(std::memory_order_acquire);
    return closed.load(std::memory_order_acquire) || !birthplace.is_here();
  }
  // Why.
  [[nodiscard]] Error closed_error() const;

  // Counts that a tier failed, and logs it now and then. The caller passes it over.
  void note_failure(std::string_view tier, std::string_view doing, const Error& error);
  // Calls the log sink, after the thread's turn if it has one.
  void log(LogLevel level, std::string message);
  // Records why an entry left memory, and tells the listener; as log().
  void note_removal(const EntryRef& entry, RemovalCause cause, Ticket earlier);

  // Reads what a former process wrote of its journal.
  void load_journal();
  void save_journal();
  // Waits until the tiers have removed, and told, what they are to remove.
  void settle_journal(Deadline deadline);
  // Has it saved behind, if that was not done for a while.
  void save_journal_soon(WallTime now);

  [[nodiscard]] RuleSet rules() const;
  void set_rules(RuleSet rules);

  // Invalidates what the graph of dependencies says has changed.
  void announce(std::span<const Label> labels);

  [[nodiscard]] Tickets read_positions() const;

  // Before the tiers, since the labels of a keyspace's entries must outlive them.
  mutable Mutex keyspaces_mutex;
  std::map<std::string, std::shared_ptr<internal::KeyspaceState>, std::less<>> keyspaces
      STRATA_GUARDED_BY(keyspaces_mutex);
  std::size_t tenant_keyspaces STRATA_GUARDED_BY(keyspaces_mutex) = 0;  // of those
  std::map<std::string, KeyspaceOptions, std::less<>> configured STRATA_GUARDED_BY(keyspaces_mutex);
  std::map<std::string, SourceEntry, std::less<>> sources STRATA_GUARDED_BY(keyspaces_mutex);

  const CacheOptions options;
  const std::unique_ptr<HotTier> hot;
  const std::vector<std::unique_ptr<Tier>> tiers;
  LeasesLoads* leases = nullptr;  // the first tier that other processes use too, if there is one
  std::size_t leases_depth = 0;   // its place in `tiers`
  const std::shared_ptr<Clock> clock;
  const std::shared_ptr<Executor> executor;

  const std::shared_ptr<Timer> timer;
  const std::shared_ptr<const KeyRing> keys;  // null: what is to be encrypted stays in memory
  Compressor compressor;

  // The tiers' listeners hold it too: a close() that gave up on a tier leaves it calling them.
  const std::shared_ptr<internal::Causes> shared_causes;
  internal::Causes& causes = *shared_causes;
  EventBus events;
  RunningInvalidations running;
  DependencyGraph dependencies;
  FlightTable flights;
  FailedLoads failed_loads;
  std::atomic<std::uint64_t> changes{0};  // invalidations, but for those of single keys only
  KeyTurns turns;
  std::atomic<bool> closed{false};
  // How many alarms of asynchronous loads the timer holds, the loads being over or not.
  const std::shared_ptr<std::atomic<std::size_t>> alarms =
      std::make_shared<std::atomic<std::size_t>>(0);
  const internal::Birthplace birthplace;

  Counter invalidations, tier_errors;
  internal::FailureLog failures;
  internal::SealedValues sealed;
  internal::Sampler sampler;
  mutable Histogram hot_get;
  mutable std::array<Histogram, kMaxLowerTiers> lower_get;

 private:
  const JournalStore journal_store_;
  Mutex journal_mutex_;                         // one write at a time
  std::atomic<std::int64_t> journal_saved_{0};  // when, in milliseconds of the wall clock
  mutable Mutex rules_mutex_;
  RuleSet rules_ STRATA_GUARDED_BY(rules_mutex_);
  mutable Mutex tasks_mutex_;
  CondVar tasks_done_;
  std::vector<std::function<void()>> before_close_ STRATA_GUARDED_BY(tasks_mutex_);
  std::size_t tasks_ STRATA_GUARDED_BY(tasks_mutex_) = 0;
  // Of the tasks that are running: one that ends the cache, or the process, does not wait for
  // itself.
  std::vector<std::thread::id> workers_ STRATA_GUARDED_BY(tasks_mutex_);
  bool given_up_ STRATA_GUARDED_BY(tasks_mutex_) = false;

 public:
  // Last, so that they end first.
  internal::Periodic expiry;  // removes what has expired while nobody writes
  internal::PressureWatch pressure;
};

// What a loader said, and what it read through its handle.
struct Load::State {
  internal::KeyspaceState& keyspace;
  KeyRef key;
  State* parent = nullptr;                          // the load within which this one was asked for
  const Transaction::State* transaction = nullptr;  // likewise
  Deadline deadline;

  Labels labels;     // given by the loader
  Labels inherited;  // of everything that was read
  std::optional<Duration> ttl, keep_for, negative_ttl;
  std::string version;
  std::optional<WallTime> source_last_modified;
  bool store = true;
  bool not_modified = false;

  std::string known_version;
  std::optional<WallTime> known_last_modified;

  Instant earliest_expiry = kNever;  // of everything that was read
  bool read_stale = false;
  bool read_failed = false;             // a load within this one, whose labels are not known
  std::optional<Tickets> late_tickets;  // for mutants that take tickets after the first read
};

}  // namespace strata
