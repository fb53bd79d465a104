// What the read, load and write paths use of each other.
#pragma once

#include "strata/core/record.h"
#include "tiered/lifetimes.h"
#include "tiered/state.h"

namespace strata::internal {

// Whether the keyspace can be used at all; the Found that says why not.
[[nodiscard]] std::optional<Found> refuse(const KeyspaceState& keyspace,
                                          const CallOptions& call = kDefaultCall);
// The same for a call that says nothing, at a tenth of the cost: whether refuse() lets it pass.
[[nodiscard]] inline bool is_usable(const KeyspaceState& keyspace) {
  return keyspace.status.ok() && !keyspace.cache.is_closed();
}
[[nodiscard]] Found failed(Error error);
// Why a batch of so many keys is refused, if it is.
[[nodiscard]] std::optional<Error> check_batch(std::size_t size);

// What `run` returns; the error, if it throws: memory that cannot be had, or a tier that breaks
// its contract. `doing` says what was being done.
template <typename Run>
[[nodiscard]] Found caught(std::string_view doing, const Run& run) {
  try {
    return run();
  } catch (...) {
    return failed(error_of_exception(ErrorCode::kUnavailable, doing));
  }
}

// Tickets for a load that starts now. A plain read takes the positions as they are: it passes on
// what one tier has, and every tier below is clean before memory's number rises.
[[nodiscard]] Tickets take_tickets(const Cache::State& cache);

// The entry in memory, timed one time in 64.
[[nodiscard]] EntryRef read_hot(const KeyspaceState& keyspace, const KeyRef& key);

// A look-up that ended with `entry`, from `tier`.
[[nodiscard]] Found found_in(EntryRef entry, std::string_view tier, bool stale);
// freshness() of an entry in memory, now.
[[nodiscard]] Freshness freshness_of_hit(const KeyspaceState& keyspace, const Entry& entry,
                                         const CallOptions& call);
// Whether such an entry is the answer, without a look at lower tiers.
[[nodiscard]] inline bool is_answer(const Entry& entry, Freshness fresh) {
  return fresh == Freshness::kFresh || (fresh == Freshness::kStale && !entry.negative());
}

// What the lower tiers have.
struct Below {
  EntryRef entry;         // fresh, and promoted; nothing if there is none
  std::string_view tier;  // where it was
  EntryRef kept;          // the nearest one past its ttl, not promoted
  std::string_view kept_tier;
  std::size_t kept_depth = 0;
  std::optional<Error> failure;    // a tier failed, and the cache is not graceful
  std::optional<MissReason> miss;  // why there is nothing fresh, where the tiers say so
};
[[nodiscard]] Below read_below(KeyspaceState& keyspace, KeyRef key, const Tickets& tickets,
                               const CallOptions& call);

// What is kept of a reason in a FlightResult.
[[nodiscard]] constexpr std::uint8_t note_of(std::optional<MissReason> miss) {
  return miss ? static_cast<std::uint8_t>(static_cast<std::uint8_t>(*miss) + 1) : std::uint8_t{0};
}
[[nodiscard]] constexpr std::optional<MissReason> miss_of(std::uint8_t note) {
  if (note == 0) return std::nullopt;
  return static_cast<MissReason>(note - 1);
}

// Offers an entry from tier `depth` to memory and the tiers above that one.
void promote(KeyspaceState& keyspace, const EntryRef& entry, const Record* record,
             std::size_t depth, const Tickets& tickets, Deadline deadline);

// Offers an entry to every tier that may hold it, as a fill or, if it differs from the one that it
// takes the place of, as a put.
struct Loaded {
  EntryRef entry;
  EntryRef previous;         // may be none
  bool memory_only = false;  // no lower tier may have it
  bool store = true;         // false: it only ends the life of a previous one
};
void store_loaded(KeyspaceState& keyspace, const Loaded& loaded, const Tickets& tickets,
                  Deadline deadline);

// What the tiers have for the key. `within`: of it, what the transaction may use.
[[nodiscard]] Found look_up(KeyspaceState& keyspace, const KeyRef& key, const CallOptions& call,
                            const Transaction::State* within);

// The calls of erased.h, for a key that is already canonical.
[[nodiscard]] Found get_at(KeyspaceState& keyspace, const KeyRef& key, const CallOptions& call,
                           Load* within);
// get_many(), not counted. `kept`, if there is one, gets what the lower tiers have past its ttl or
// in another version, by place.
[[nodiscard]] std::vector<Found> find_many(KeyspaceState& keyspace,
                                           std::span<const std::string> ids,
                                           const CallOptions& call,
                                           std::vector<EntryRef>* kept = nullptr);
PutResult put_at(KeyspaceState& keyspace, KeyRef key, const Box& box, const CallOptions& call);

// One invalidation of `labels` in every tier, deepest first, or an expire of them. Labels are
// valid.
enum class Change { kInvalidate, kExpire };
InvalidationResult change_everywhere(Cache::State& cache, std::span<const Label> labels,
                                     Change change);
inline InvalidationResult invalidate_everywhere(Cache::State& cache,
                                                std::span<const Label> labels) {
  return change_everywhere(cache, labels, Change::kInvalidate);
}
// Makes the cache hear what its lower tiers tell.
void listen_to_tiers(const std::shared_ptr<Cache::State>& cache);
// From now on memory follows what other processes invalidate, or expire, in a tier that they share.
void follow_others(Cache::State& cache, Tier& tier);
// The same for labels that may not be valid, unless the cache is closed.
[[nodiscard]] InvalidationResult change_checked(Cache::State& cache, std::span<const Label> labels,
                                                Change change);
// The same, a thousand labels at a time; the results add up.
InvalidationResult change_in_slices(Cache::State& cache, std::span<const Label> labels,
                                    Change change);
// Says what the lower tiers counted the scope's put or erase of one key as, if its cause is
// recorded and nothing else was invalidated there since `before`.
void note_lower_numbers(Cache::State& cache, CauseScope& scope, const Tickets& before);
// Adds the results of one step after those of another.
void add_to(InvalidationResult& sum, const InvalidationResult& more);
// Of a change that is made. A tier that was closed before it was asked has no record of it.
[[nodiscard]] std::shared_ptr<const Error> error_if_closed(const Cache::State& cache);
// The part of an invalidation that the graph of dependencies adds, after its labels were raised in
// every tier. The caller's Guard is still there.
InvalidationResult widen(Cache::State& cache, std::span<const Label> labels, Change change);
void widen_key(Cache::State& cache, KeyRef key);

// "entity_write issue 12", or "entity_bulk_write issue 12 and 3 more".
[[nodiscard]] std::string described(const Event& event);

// Cache::emit(). `plain`: what is invalidated where no rule fires.
EventResult emit(Cache::State& cache, const Event& event, const Labels& plain);

// Puts into one tier. If that fails, the key is invalidated there, so that at least the value
// before is gone.
Result<FillOutcome> put_or_invalidate(Cache::State& cache, Tier& tier, KeyRef key,
                                      const Record* record, Ticket ticket, Deadline deadline);

// What `run` returns; the error, if it throws: memory that cannot be had, or a tier that breaks
// its contract. Then the invalidation may have come to some tiers only.
template <typename Run>
[[nodiscard]] InvalidationResult caught_removal(const Run& run) {
  try {
    return run();
  } catch (...) {
    InvalidationResult result;
    result.error = shared_error(
        error_of_exception(ErrorCode::kUnavailable, "an invalidation that is not complete"));
    return result;
  }
}

// Tells the load `within` what it read.
void capture(Load* within, const Found& found, const KeyRef& key);

void count_hit(const KeyspaceState& keyspace, const Entry& entry);
void count(const KeyspaceState& keyspace, const Found& found, std::uint64_t key_hash);
void count_many(const KeyspaceState& keyspace, std::span<const std::string> ids,
                std::span<const Found> found);

// Runs `call(state)` on the executor; in this thread if that takes no more.
template <typename T, typename Call>
Async<T> on_executor(const std::shared_ptr<Cache::State>& state, Call call) {
  Async<T> result;
  const auto task = [result, state, call = std::move(call)] { result.complete(call(*state)); };
  if (!state->post(task)) task();
  return result;
}

}  // namespace strata::internal
