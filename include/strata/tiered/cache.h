// Cache: memory -> lower tiers -> source, behind one typed API.
//
//   Cache cache = strata::open("strata.yaml").value();     // or CacheBuilder: strata/config
//   auto users = cache.keyspace<User>("user");
//   cache.invalidate(strata::tag("org:7"));   // final when it returns
//
// Promise   See Keyspace. A tier that is slow, full, corrupt or gone never fails a read that
//           another tier or the source can answer; it is counted in stats() and logged.
// Threads   Thread-safe. Several caches per process; no global one.
// Lifetime  The destructor closes. Handles and values may outlive the cache. In a child of fork()
//           every call to its parent's cache is kClosed and nothing of it is destroyed:
//           docs/operations.md, "Process life".
// Time      What has expired leaves memory within a second, also when nobody calls: the timer wakes
//           the executor every half second. Neither keeps the cache alive; close() ends it.
// Callbacks The log sink and the removal listener, in the thread to which it happened and with no
//           lock held: after a put, erase or touch, and between the slices of an invalidation of
//           many entries; on the executor for what expired. docs/locking.md has all of them.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/codecs/encryption.h"
#include "strata/core/value_type.h"
#include "strata/labels/cause_journal.h"
#include "strata/labels/dependency_graph.h"
#include "strata/labels/event_bus.h"
#include "strata/labels/rules.h"
#include "strata/load/guarded_source.h"
#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/hot_tier.h"
#include "strata/ports/log.h"
#include "strata/ports/source.h"
#include "strata/ports/tier.h"
#include "strata/ports/timer.h"
#include "strata/tiered/cache_stats.h"
#include "strata/tiered/event_result.h"
#include "strata/tiered/explanation.h"
#include "strata/tiered/keyspace.h"
#include "strata/tiered/memory_pressure.h"
#include "strata/tiered/purge.h"
#include "strata/tiered/ranking.h"

namespace strata {

class CacheFeed;
class Transaction;

// How values of a Source are cached: in a keyspace named like the source.
struct SourceOptions {
  KeyspaceOptions keyspace{};
  std::vector<std::string> tags{};  // of each value; "{name}" stands for the parameter's value
  SourceGuardOptions guard{};       // what keeps it from being asked too much
};

struct CacheOptions {
  std::string name = "cache";
  KeyspaceOptions defaults{};  // of keyspaces opened without options
  bool graceful = true;        // false: a failing tier fails the call, for tests and debugging
  LogSink log{};
  RemovalListener on_removal{};  // of entries that leave memory, whatever the cause
  CauseJournalOptions causes{};  // how much of what happened is remembered for explain()
  RuleSet rules{};               // what events make wrong
};

// Where the journal of causes outlives the process. Both may be called at any time, in any thread,
// never twice at once.
struct JournalStore {
  std::function<Result<std::string>()> read;            // empty: there is none yet
  std::function<Result<void>(std::string_view)> write;  // in place of what was there
};

// What a cache is assembled from. CacheBuilder and strata::open() make this for you.
struct CacheParts {
  std::unique_ptr<HotTier> hot;              // required; of no capacity when memory is off
  std::vector<std::unique_ptr<Tier>> tiers;  // nearest first
  std::shared_ptr<Clock> clock;              // required
  std::shared_ptr<Executor> executor;        // required
  std::shared_ptr<Timer> timer{};    // of upkeep and batched event handlers; none: the system's
  JournalStore journal{};            // none: it ends with the process
  MemoryPressureOptions pressure{};  // off
  std::shared_ptr<const KeyRing> keys{};  // of keyspaces that are encrypted below memory
  CacheOptions options;
};

class Cache {
 public:
  explicit Cache(CacheParts parts);
  ~Cache();
  Cache(Cache&&) noexcept;
  Cache& operator=(Cache&&) noexcept;

  // The keyspace of that name. The first call opens it: with what a configuration says of it,
  // else with `options`, else with the cache's defaults. They are taken whole, not merged; later
  // options of an open keyspace are ignored. "acme/user" is keyspace("user").of_tenant("acme").
  // Never fails: Keyspace::status() does.
  template <typename V>
  [[nodiscard]] Keyspace<V> keyspace(std::string_view name) {
    return Keyspace<V>(open_keyspace(name, value_type<V>(), nullptr));
  }
  template <typename V>
  [[nodiscard]] Keyspace<V> keyspace(std::string_view name, const KeyspaceOptions& options) {
    return Keyspace<V>(open_keyspace(name, value_type<V>(), &options));
  }
  // Keyspace::set_enabled() of the open keyspace, or source, of that name. kRejected: there is
  // none.
  Result<void> set_enabled(std::string_view keyspace, Enabled enabled);
  // Sets the options that a keyspace not open yet will have, as a configuration does.
  void configure_keyspace(std::string_view name, KeyspaceOptions options);

  // Puts the cache in front of `source`: read() then answers from the tiers or fetches. Values
  // carry the label source:<name>. Errors: kRejected for a bad or used name, or a tag that names
  // no parameter.
  Result<void> add_source(std::shared_ptr<Source> source, SourceOptions options = {});
  // The body that the source answers for `params`. Conditional requests, absence and the
  // source's own ttl are heeded. `within`: the load that depends on what is read. Errors:
  // kRejected for an unknown source or parameter.
  Lookup<std::string> read(std::string_view source, const Params& params,
                           const CallOptions& call = kDefaultCall, Load* within = nullptr);
  // As Keyspace::get_or_load_async().
  Async<Lookup<std::string>> read_async(std::string_view source, const Params& params,
                                        const CallOptions& call = kDefaultCall);
  // The key under which read() caches the answer.
  [[nodiscard]] Result<Key> source_key(std::string_view source, const Params& params) const;
  [[nodiscard]] std::vector<std::shared_ptr<Source>> sources() const;

  // Makes everything that carries the label wrong, in every tier; final when it returns.
  InvalidationResult invalidate(const Label& label);
  // One invalidation of all of `labels`. Of none: nothing happens.
  InvalidationResult invalidate(std::span<const Label> labels);
  InvalidationResult invalidate(std::initializer_list<Label> labels);
  // Final when it completes.
  Async<InvalidationResult> invalidate_async(Labels labels);
  // Ends the ttl of everything that carries the label, in every tier. When it returns, what was
  // cached before is fresh no longer: it is served only as `stale_for` and `keep_for` say, counted
  // from now on, and is gone where they say nothing. No load that began before is stored.
  InvalidationResult expire(const Label& label);
  InvalidationResult expire(std::span<const Label> labels);
  InvalidationResult expire(std::initializer_list<Label> labels);
  Async<InvalidationResult> expire_async(Labels labels);
  // Removes everything.
  InvalidationResult clear();
  // Looks through all tiers, and invalidates what the filter selects: purge.h. O(entries).
  PurgeResult purge(const PurgeFilter& filter);

  // Invalidations that take effect with the origin's commit: transaction.h. Open it before BEGIN.
  [[nodiscard]] Transaction transaction();

  // Removes what is past its keep_for; returns how many, in all tiers.
  std::uint64_t remove_expired();
  // Waits until the lower tiers have committed what they accepted.
  [[nodiscard]] Result<void> flush(Deadline deadline = {});
  Async<Result<void>> flush_async(Deadline deadline = {});

  // Something happened: what the rules make of it is invalidated, then the handlers are called.
  // docs/events.md is the contract. An event that is not acceptable changes nothing.
  EventResult emit(const Event& event);
  // emit(entity_write(...)); where no rule fires, the item's tag and that of its type's lists are
  // invalidated: "issue:12" and "issue:lists".
  EventResult invalidate_by_write(std::string_view type, std::string_view id, Fields fields = {},
                                  Fields old_fields = {});
  // The handlers. They may be disabled; the rules work all the same.
  [[nodiscard]] EventBus& events();
  // Other rules from now on. kRejected: the former ones stay.
  Result<void> set_rules(const RuleDefinitions& definitions);
  // Those in force. What they make of an event, evaluate() tells without invalidating it.
  [[nodiscard]] RuleSet rules() const;
  [[nodiscard]] std::vector<RuleStats> rule_stats() const;

  // Edges between labels: what carries the one is wrong when the other is. They work when nothing
  // is cached, and belong to this process: say them again after a restart.
  [[nodiscard]] DependencyGraph& dependencies();

  // On whose behalf a thread calls: origin.h.
  class Origin;

  // Where the key lives and what happened to it. Memory counts it as a look-up, like a get().
  [[nodiscard]] Explanation explain(KeyRef key);
  // The `count` entries of memory that its policy would keep longest, the first of them first; and
  // those that it would give up first. A guess about a moment: what comes and goes meanwhile may be
  // missing, what there is in a tie stands in the order of the keys. Neither a hit nor a use, and
  // nobody waits for it. O(entries). Errors: kRejected above limits::kRankedEntries, kClosed.
  [[nodiscard]] Result<std::vector<RankedEntry>> hottest(std::size_t count) const;
  [[nodiscard]] Result<std::vector<RankedEntry>> coldest(std::size_t count) const;
  // What happened lately, and why.
  [[nodiscard]] const CauseJournal& journal() const;

  [[nodiscard]] CacheStats stats() const;
  // The hit ratio that memory would have if it were smaller or larger, in all and for each
  // keyspace: ports/curve.h. kRejected, with the reason, where it keeps none, as one does not whose
  // MemoryOptions::curve is false; kClosed.
  [[nodiscard]] Result<Curve> curve() const;
  // For tests and tools. Its removal listener is the cache's: give yours in CacheOptions.
  [[nodiscard]] HotTier& hot_tier();
  [[nodiscard]] std::vector<Tier*> lower_tiers();  // nearest first
  [[nodiscard]] bool has_encryption_keys() const;
  // The value of a record of theirs as its codec made it. Errors: kUnavailable without its key,
  // kCorrupt if it was changed.
  [[nodiscard]] Result<std::string> unpack(const Record& record) const;

  // For what tells the cache of changes from a thread of its own, in the name of `origin`:
  // cache_feed.h.
  [[nodiscard]] CacheFeed feed(std::string origin);
  // Calls `end` when close() begins, before anything is refused; at once if it was called already.
  void before_close(std::function<void()> end);

  // Refuses further calls, finishes loads that run on the executor, writes what was accepted, as
  // far as `deadline` allows. Safe to repeat. A load that runs on after it may end when it likes:
  // what it returns is dropped, and neither the destructor nor exit() waits for it; what it uses
  // of the cache stays in memory. Without a deadline it is waited for, but by itself.
  void close(Deadline deadline = {});

  struct State;

 private:
  void end();
  std::shared_ptr<internal::KeyspaceState> open_keyspace(std::string_view name,
                                                         const ValueType& type,
                                                         const KeyspaceOptions* options);
  std::shared_ptr<State> state_;
};

}  // namespace strata
