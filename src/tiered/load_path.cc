// The load path: one flight per key asks the lower tiers, then the source; callers join it.
//
// Terms: `previous` is a value past its ttl that may still be served when nothing better comes.
// A flight takes its tickets before it can be joined and before it reads anything; whatever it
// brings is stored only where none of its labels was invalidated since (docs/consistency.md).
#include <algorithm>
#include <exception>

#include "core/mutant.h"
#include "core/yield_point.h"
#include "tiered/key_buffer.h"
#include "tiered/load_path.h"
#include "tiered/transaction_state.h"

namespace strata::internal {

namespace {

Duration retry_after(const Request& request) { return request.keyspace.options.retry_after; }

// The value past its ttl that the tiers have now, put into memory and marked so that the source
// is left alone for a while.
std::optional<Found> kept_value(const Request& request, const Tickets& tickets,
                                const std::shared_ptr<const Error>& why) {
  KeyspaceState& keyspace = request.keyspace;
  Cache::State& cache = keyspace.cache;
  if (request.call.bypass || !keyspace.is_enabled(request.key)) return std::nullopt;
  EntryRef entry = cache.hot->peek(request.key);
  std::string_view tier = cache.hot->name();
  if (!entry) {
    Below below = read_below(keyspace, request.key, tickets, request.call);
    entry = below.entry ? below.entry : below.kept;
    tier = below.entry ? below.tier : below.kept_tier;
    if (below.kept && !below.entry) {
      promote(keyspace, below.kept, nullptr, 0, tickets, request.call.deadline);
    }
  }
  const Instant now = cache.clock->now();
  if (!entry || entry->negative() || now >= entry->keep_until()) return std::nullopt;
  const bool is_fresh = freshness(*entry, now, keyspace, request.call) == Freshness::kFresh;
  if (is_fresh) return Found{Outcome::kHit, entry, tier, nullptr};
  entry->set_retry_at(saturating_add(now, retry_after(request)));
  return Found{Outcome::kStaleHit, entry, tier, why};
}

}  // namespace

Result<EntryRef> run_loader(const Request& request, Load::State& state) {
  Load load(state);
  try {
    return request.loader.call(load, request.key);
  } catch (const std::exception& e) {
    return Error{ErrorCode::kLoadFailed,
                 "loading '" + std::string(request.key.text) + "' failed: " + e.what(),
                 std::current_exception()};
  } catch (...) {
    return Error{ErrorCode::kLoadFailed,
                 "loading '" + std::string(request.key.text) + "' threw an unknown exception",
                 std::current_exception()};
  }
}

Made make_entry(const Request& request, Load::State& state, EntryRef entry, Duration cost) {
  KeyspaceState& keyspace = request.keyspace;
  const KeyRef key = request.key;
  const bool absent = !entry || entry->negative();
  if (absent) entry = Entry::make_negative(key, keyspace.type);
  Life life = absent ? life_of_absence(keyspace, request.call, &state, key.hash)
                     : life_of_value(keyspace, request.call, &state, key.hash);
  // What has no life of its own still ends that of the value before.
  Made made{.replaces = state.store && !state.read_stale && keyspace.is_enabled(key)};
  made.store = made.replaces && life.fresh_for > Duration(0);

  if (auto negative = check_durations(state)) {
    made.problem = shared_error(std::move(*negative));
    life = {};
  }
  Labels labels = request.call.labels;
  labels.insert(labels.end(), state.labels.begin(), state.labels.end());
  Result<Description> description = describe(
      keyspace, labels, state.inherited,
      state.version.empty() ? request.call.version : state.version, state.source_last_modified);
  if (!description) {
    made.problem = shared_error(description.error());
    description = Description{};
  }
  if (auto closed = close_labels(keyspace, key, *description); !closed) {
    made.problem = shared_error(closed.error());
  }
  if (made.problem) made.store = made.replaces = false;
  made.memory_only = description->memory_only;
  dress(*entry, keyspace, key, std::move(*description), life, cost);
  if (state.earliest_expiry < entry->fresh_until()) {
    entry->set_times(state.earliest_expiry, std::min(state.earliest_expiry, entry->keep_until()));
  }
  made.entry = std::move(entry);
  return made;
}

namespace {

// The flight's tickets, or what a mutant takes instead.
Tickets fill_tickets(const Cache::State& cache, const Flight& flight, const Load::State& state) {
  Tickets tickets = flight.tickets();
  if (STRATA_MUTANT(kLateTicket)) return cache.running.positions();
  if (STRATA_MUTANT(kDeeperTicketLate) && state.late_tickets) {
    tickets.lower = state.late_tickets->lower;
  }
  if (STRATA_MUTANT(kLowWaterLate) && state.late_tickets) {
    tickets.hot = older(tickets.hot, state.late_tickets->hot);
    for (std::size_t i = 0; i < tickets.lower.size(); ++i) {
      tickets.lower[i] = older(tickets.lower[i], state.late_tickets->lower[i]);
    }
  }
  return tickets;
}

}  // namespace

void store_made(const Request& request, const Load::State& state, const Made& made,
                const Flight& flight, const EntryRef& previous) {
  Cache::State& cache = request.keyspace.cache;
  if (!made.replaces || !cache.flights.is_current(flight)) return;
  const bool uncommitted = request.transaction != nullptr && request.transaction->wrote;
  if (uncommitted && !STRATA_MUTANT(kTransactionStores)) return;
  try {
    store_loaded(request.keyspace, {made.entry, previous, made.memory_only, made.store},
                 fill_tickets(cache, flight, state), request.call.deadline);
  } catch (...) {
    // What was loaded can be answered all the same.
    cache.note_failure("cache", "storing '" + std::string(request.key.text) + "'",
                       error_of_exception(ErrorCode::kUnavailable, "storing a value"));
  }
}

FlightResult run_load(const Request& request, const Flight& flight, const EntryRef& previous) {
  KeyspaceState& keyspace = request.keyspace;
  Cache::State& cache = keyspace.cache;
  Load::State state{.keyspace = keyspace,
                    .key = request.key,
                    .parent = request.within,
                    .transaction = request.transaction,
                    .deadline = request.call.deadline};
  if (previous && previous->details() != nullptr) {
    state.known_version = previous->details()->version;
    state.known_last_modified = previous->details()->source_last_modified;
  }
  const std::uint64_t changes = cache.changes.load();
  keyspace.counters.loads.add(1);
  STRATA_YIELD("tiered.load.begin");
  const Instant start = cache.clock->now();
  Result<EntryRef> loaded = run_loader(request, state);
  const Duration cost = between(start, cache.clock->now());
  keyspace.counters.load.record(cost);
  STRATA_YIELD("tiered.load.loaded");

  if (loaded && state.not_modified && previous) {
    loaded = copy_value(*previous);
    if (state.version.empty()) state.version = state.known_version;
    if (!state.source_last_modified) state.source_last_modified = state.known_last_modified;
    // What the known value was made from is what it is made from.
    state.inherited.insert(state.inherited.end(), previous->labels().begin(),
                           previous->labels().end());
  }
  if (!loaded) {
    keyspace.counters.load_failures.add(1);
    auto error = shared_error(loaded.error());
    remember_failure(request, state, flight, {error, previous, changes});
    if (STRATA_MUTANT(kWaiterTakesFailsafe) && previous) {
      return {Outcome::kStaleHit, previous, cache.hot->name(), std::move(error)};
    }
    return {Outcome::kError, {}, {}, std::move(error)};
  }
  cache.failed_loads.forget(request.key);
  Made made = make_entry(request, state, std::move(*loaded), cost);
  store_made(request, state, made, flight, previous);
  return {previous ? Outcome::kRefreshed : Outcome::kLoaded,
          std::move(made.entry),
          {},
          std::move(made.problem)};
}

namespace {

// What the tiers or the source bring.
FlightResult bring(const Request& request, const std::shared_ptr<Flight>& flight,
                   EntryRef previous) {
  KeyspaceState& keyspace = request.keyspace;
  Cache::State& cache = keyspace.cache;
  if (request.ahead && previous) {
    auto fresher = fresher_below(request, *previous, flight->tickets());
    if (fresher) return std::move(*fresher);
  }
  FlightResult result;
  std::optional<MissReason> miss;
  const bool is_enabled = keyspace.is_enabled(request.key);
  if (!is_enabled) miss = MissReason::kDisabled;
  const bool look = is_enabled && !request.call.bypass && !request.refresh;
  if (request.call.bypass && !previous && is_enabled) {
    // What it takes the place of, though it may not be the answer.
    Below below = read_below(keyspace, request.key, flight->tickets(), request.call);
    previous = below.entry ? std::move(below.entry) : std::move(below.kept);
    if (previous && previous->negative()) previous = EntryRef();
  }
  if (look) {
    // Another flight may have stored the value between this caller's miss and its lead.
    EntryRef entry = cache.hot->peek(request.key);
    const Instant now = cache.clock->now();
    const auto judge = [&](const EntryRef& one) {
      return one ? freshness(*one, now, keyspace, request.call) : Freshness::kGone;
    };
    // What a differing value takes the place of.
    if (entry && !entry->negative() && !previous) previous = entry;
    if (judge(entry) == Freshness::kFresh) {
      result = {entry->negative() ? Outcome::kNegativeHit : Outcome::kHit, entry, cache.hot->name(),
                nullptr};
    } else if (!cache.tiers.empty()) {
      Below below = read_below(keyspace, request.key, flight->tickets(), request.call);
      miss = below.miss;
      if (below.entry) {
        result = {below.entry->negative() ? Outcome::kNegativeHit : Outcome::kHit, below.entry,
                  below.tier, nullptr};
      } else if (below.kept && !previous) {
        previous = below.kept;
        if (judge(previous) == Freshness::kStale) {
          // Served at once, as from memory; the next reader finds it there and refreshes it.
          promote(keyspace, previous, nullptr, 0, flight->tickets(), request.call.deadline);
          result = {Outcome::kStaleHit, previous, below.kept_tier, nullptr};
        }
      } else if (below.failure) {
        result.error = shared_error(std::move(*below.failure));
      }
    }
  }
  if (result.outcome == Outcome::kError && !result.error) {
    auto failure = remembered_failure(request, previous);
    result = failure ? std::move(*failure) : load_once(request, *flight, previous);
  }
  result.note = note_of(miss);
  return result;
}

}  // namespace

void run_flight(const Request& request, const std::shared_ptr<Flight>& flight, EntryRef previous) {
  flight->set_runner();
  FlightResult result;
  try {
    result = bring(request, flight, std::move(previous));
  } catch (...) {
    // Memory that cannot be had, or a codec or tier that breaks its contract. Waiters are
    // released all the same.
    result = {};
    result.error = shared_error(error_of_exception(ErrorCode::kLoadFailed, "loading a value"));
  }
  request.keyspace.cache.flights.end(*flight);
  STRATA_YIELD("tiered.flight.ended");
  flight->complete(std::move(result));
}

namespace {

// Whether the call would have been served the value from a tier, as the leader was.
bool suits(const Request& request, const FlightResult& result) {
  const bool is_stale = result.outcome == Outcome::kStaleHit && !result.error;
  const bool is_cached =
      is_stale || result.outcome == Outcome::kHit || result.outcome == Outcome::kNegativeHit;
  if (!is_cached) return true;
  const Instant now = request.keyspace.cache.clock->now();
  const Freshness fresh = freshness(*result.entry, now, request.keyspace, request.call);
  return fresh == Freshness::kFresh || (is_stale && fresh == Freshness::kStale);
}

}  // namespace

bool may_take(const Request& request, const Flight& flight, Ticket arrival) {
  const Cache::State& cache = request.keyspace.cache;
  const FlightResult& result = flight.result();
  if (result.gave_up || !suits(request, result)) return false;
  const Ticket ticket = flight.tickets().hot;
  // What was invalidated meanwhile may have ended it.
  if (result.remembered && arrival > ticket) return false;
  if (STRATA_MUTANT(kJoinAnyLoad) || STRATA_MUTANT(kWaiterTakesFailsafe)) return true;
  if (arrival <= ticket || !result.entry) return true;
  if (result.error && result.outcome != Outcome::kStaleHit) return false;  // labels not all known
  if (STRATA_MUTANT(kJoinComparesKeyOnly)) {
    const LabelId key = label_id(LabelKind::kKey, flight.key().text);
    return !cache.hot->invalidated_after(std::span(&key, 1), ticket);
  }
  if (STRATA_MUTANT(kJoinBetween)) {
    // Refuses numbers inside (ticket, arrival] only, though only the last one is known.
    return !cache.hot->invalidated_after(*result.entry, ticket) ||
           cache.hot->invalidated_after(*result.entry, arrival);
  }
  return !cache.hot->invalidated_after(*result.entry, ticket);
}

Found found_of(const Request& request, const Flight& flight) {
  return found_of(request, flight.result());
}

Found found_of(const Request& request, const FlightResult& result) {
  if (result.outcome != Outcome::kError) {
    return {result.outcome, result.entry, result.tier, result.error, miss_of(result.note)};
  }
  if (result.remembered) {
    request.keyspace.counters.backed_off.add(1);
    return {Outcome::kError, {}, {}, result.error, miss_of(result.note)};
  }
  // Each caller of a failed load looks its own kept value up anew: the leader's may have been
  // invalidated since.
  if (auto kept = kept_value(request, take_tickets(request.keyspace.cache), result.error)) {
    return *kept;
  }
  return {Outcome::kError, {}, {}, result.error, miss_of(result.note)};
}

Found turned_away(const Request& request) {
  KeyspaceState& keyspace = request.keyspace;
  keyspace.counters.turned_away.add(1);
  auto error = shared_error(Error{ErrorCode::kUnavailable,
                                  "keyspace '" + keyspace.name +
                                      "': " + std::to_string(keyspace.options.max_waiters) +
                                      " callers (max_waiters) wait for the load of '" +
                                      std::string(request.key.text) + "' already",
                                  {}});
  auto kept = kept_value(request, take_tickets(keyspace.cache), error);
  return kept ? std::move(*kept) : Found{Outcome::kError, {}, {}, std::move(error)};
}

std::optional<Found> kept_on_timeout(const Request& request) {
  auto error = shared_error(
      Error{ErrorCode::kDeadlineExceeded,
            "loading '" + std::string(request.key.text) + "' takes longer than its time-out",
            {}});
  return kept_value(request, take_tickets(request.keyspace.cache), error);
}

}  // namespace strata::internal
