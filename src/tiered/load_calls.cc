// The callers of the load path: get_or_load, refresh behind, capture.
#include <algorithm>

#include "core/mutant.h"
#include "core/yield_point.h"
#include "tiered/key_buffer.h"
#include "tiered/load_path.h"
#include "tiered/transaction_state.h"

namespace strata::internal {

FlightTable::Start start_flight(const Request& request) {
  Cache::State& cache = request.keyspace.cache;
  const Instant now = cache.clock->now();
  if (request.call.bypass || STRATA_MUTANT(kEachCallerLoads)) {
    return {FlightTable::begin_private(request.key, now, take_tickets(cache)), true};
  }
  return cache.flights.join_or_begin(request.key, now, request.keyspace.options.load_lease,
                                     [&] { return take_tickets(cache); });
}

void run_behind(const Request& request, const std::shared_ptr<Flight>& flight,
                const EntryRef& previous) {
  auto owned = std::make_shared<const OwnedRequest>(
      OwnedRequest{std::string(request.key.text), std::string(request.key.long_params),
                   request.loader.copy(), request.call});
  KeyspaceState& keyspace = request.keyspace;
  auto task = [owned, &keyspace, flight, previous, refresh = request.refresh] {
    if (!flight->claim()) return;
    const Request behind{.keyspace = keyspace,
                         .key = owned->key(),
                         .loader = owned->loader,
                         .call = owned->call,
                         .refresh = refresh};
    run_flight(behind, flight, previous);
    // A refresh that failed leaves the kept value alone for a while.
    if (refresh) (void)found_of(behind, *flight);
  };
  if (!keyspace.cache.post(task)) task();
}

namespace {

void refresh_behind(const Request& request, const EntryRef& entry) {
  Request refresh = request;
  refresh.refresh = true;
  const FlightTable::Start start = start_flight(refresh);
  if (start.leads) run_behind(refresh, start.flight, entry);
}

}  // namespace

std::optional<Found> answer_at_once(const Request& request, EntryRef& previous) {
  KeyspaceState& keyspace = request.keyspace;
  if (!keyspace.is_enabled(request.key)) return std::nullopt;
  if (request.call.bypass) {
    previous = keyspace.cache.hot->peek(request.key);
    return std::nullopt;
  }
  EntryRef entry = read_hot(keyspace, request.key);
  if (!entry) return std::nullopt;
  const std::string_view tier = keyspace.cache.hot->name();
  const bool may_be_due = keyspace.options.refresh_ahead > 0;
  if (!may_be_due && entry->fresh_until() == kNever && request.call.version.empty()) {
    return found_in(std::move(entry), tier, false);
  }
  const Instant now = time_of_hit(*keyspace.cache.clock, *entry);
  const Freshness fresh = freshness(*entry, now, keyspace, request.call);
  if (fresh == Freshness::kFresh) {
    if (may_be_due) refresh_ahead(request, entry, now);
    return found_in(std::move(entry), tier, false);
  }
  if (fresh == Freshness::kGone || entry->negative()) return std::nullopt;
  const bool retry = now >= entry->retry_at();
  if (fresh == Freshness::kStale && retry) refresh_behind(request, entry);
  if (fresh == Freshness::kStale || !retry) {
    return Found{Outcome::kStaleHit, std::move(entry), tier, nullptr};
  }
  previous = std::move(entry);
  return std::nullopt;
}

namespace {

// Asking for a key within its own load would wait for itself for ever.
// Precondition: `within` is not null.
std::optional<Error> recursion(const Load* within, const KeyRef& key) {
  std::size_t depth = 0;
  for (const Load::State* load = &const_cast<Load*>(within)->state(); load != nullptr;
       load = load->parent) {
    if (load->key.text == key.text && load->key.long_params == key.long_params) {
      return Error{
          ErrorCode::kRejected,
          "recursive load: '" + std::string(key.text) + "' is asked for within its own load",
          {}};
    }
    if (++depth >= limits::kLoadDepth) {
      return Error{ErrorCode::kRejected,
                   "loads are nested deeper than " + std::to_string(limits::kLoadDepth) + ", at '" +
                       std::string(key.text) + "'",
                   {}};
    }
  }
  return std::nullopt;
}

// Waits for a flight that runs elsewhere, at most as long as it has its lease. A result: the
// caller is done. Who leads waits beside however many.
enum class Waiter { kLeads, kJoins };
std::optional<Found> wait_for(const Request& request, Flight& flight, Instant began, Waiter who) {
  Cache::State& cache = request.keyspace.cache;
  const KeyspaceOptions& options = request.keyspace.options;
  const Duration soft = request.call.soft_timeout.value_or(options.soft_timeout);
  const Duration hard = request.call.hard_timeout.value_or(options.hard_timeout);
  const Instant lease_end = saturating_add(flight.started(), options.load_lease);
  const Instant last = std::min(request.call.deadline.at, saturating_add(began, hard));
  const Instant first = std::min(last, saturating_add(began, soft));
  const std::size_t max_waiters = who == Waiter::kJoins ? options.max_waiters : Flight::kLeads;
  const auto wait_until = [&](Instant at) {
    return cache.flights.wait(flight, {std::min(at, lease_end)}, *cache.clock, max_waiters);
  };
  Result<void> wait = wait_until(first);
  const auto is_full = [&] { return !wait && wait.error().code == ErrorCode::kUnavailable; };
  const auto too_late = [&](Instant at) {
    return !wait && wait.error().code == ErrorCode::kDeadlineExceeded && cache.clock->now() >= at;
  };
  if (too_late(first)) {
    if (auto kept = kept_on_timeout(request)) return kept;
    if (first < last) wait = wait_until(last);
  }
  if (is_full()) return turned_away(request);
  if (wait || (too_late(lease_end) && !too_late(last))) return std::nullopt;
  return failed(wait.error());
}

// Loads within a load or a batch run in their own thread: the executor might have none left.
bool timed(const Request& request) {
  if (request.within != nullptr || request.here) return false;
  const KeyspaceOptions& options = request.keyspace.options;
  return request.call.soft_timeout.value_or(options.soft_timeout) != kForever ||
         request.call.hard_timeout.value_or(options.hard_timeout) != kForever ||
         request.call.deadline.at != kNever;
}

Found answer(const Request& request) {
  if (request.transaction != nullptr) return answer_within(request, *request.transaction);
  EntryRef previous;
  if (auto found = answer_at_once(request, previous)) return std::move(*found);
  KeyspaceState& keyspace = request.keyspace;
  Cache::State& cache = keyspace.cache;
  const Ticket arrival = cache.hot->position();
  const Instant began = cache.clock->now();
  STRATA_YIELD("tiered.arrived");
  for (;;) {
    const FlightTable::Start start = start_flight(request);
    Flight& flight = *start.flight;
    STRATA_YIELD("tiered.flight.found");
    // What waits in the executor's queue is run here rather than waited for: the executor's
    // threads may all be waiting themselves.
    if (!timed(request) && flight.claim()) {
      run_flight(request, start.flight, previous);
      Found found = found_of(request, flight);
      // From a tier below, where memory may not have been able to take it.
      const bool stale = found.outcome == Outcome::kStaleHit && !found.error;
      if (stale) refresh_behind(request, found.entry);
      return found;
    }
    if (start.leads && timed(request)) {
      run_behind(request, start.flight, previous);
    } else {
      // Of who leads: a caller that joined runs it by now.
      keyspace.counters.joined.add(1);
      STRATA_YIELD("tiered.joined");
    }
    const Waiter who = start.leads ? Waiter::kLeads : Waiter::kJoins;
    if (auto done = wait_for(request, flight, began, who)) return *done;
    STRATA_YIELD("tiered.wait.done");
    if (!flight.done()) continue;  // it has lost its lease: the next one overtakes it
    if (start.leads || may_take(request, flight, arrival)) return found_of(request, flight);
    keyspace.counters.join_refused.add(1);
  }
}

}  // namespace

Found answer_of_joined(const Request& request, Flight& flight, Ticket arrival, Instant began) {
  KeyspaceState& keyspace = request.keyspace;
  keyspace.counters.joined.add(1);
  STRATA_YIELD("tiered.joined");
  if (auto done = wait_for(request, flight, began, Waiter::kJoins)) return *done;
  STRATA_YIELD("tiered.wait.done");
  if (flight.done()) {
    if (may_take(request, flight, arrival)) return found_of(request, flight);
    keyspace.counters.join_refused.add(1);
  }
  return answer(request);
}

void capture(Load* within, const Found& found, const KeyRef& key) {
  if (within == nullptr) return;
  Load::State& state = within->state();
  if constexpr (testing::kMutantsBuilt) {
    Cache::State& cache = state.keyspace.cache;
    if (!state.late_tickets) {
      STRATA_YIELD("tiered.load.read");
      state.late_tickets =
          STRATA_MUTANT(kDeeperTicketLate) ? cache.running.positions() : cache.running.low_water();
    }
  }
  state.inherited.emplace_back(LabelKind::kKey, std::string(key.text));
  if (!found.entry) {
    // What that one failed for may end without a change of its own key.
    if (found.outcome == Outcome::kError) state.read_failed = true;
    return;
  }
  const Entry& entry = *found.entry;
  if (const LabelGroup* group = entry.group()) {
    state.inherited.insert(state.inherited.end(), group->labels.begin(), group->labels.end());
  }
  state.inherited.insert(state.inherited.end(), entry.labels().begin(), entry.labels().end());
  // Nor is something stored that was made from a value whose labels are not all known.
  const bool labels_unknown = found.error != nullptr;
  if (found.outcome == Outcome::kStaleHit || labels_unknown) state.read_stale = true;
  // Absence that was not remembered has no expiry of its own; its key's label covers it.
  const bool expires = !entry.negative() || entry.fresh_until() > entry.written_at();
  if (expires) state.earliest_expiry = std::min(state.earliest_expiry, entry.fresh_until());
}

Found get_or_load(KeyspaceState& keyspace, const Id& id, LoaderRef loader, const CallOptions& call,
                  Load* within) {
  if (&call != &kDefaultCall || !is_usable(keyspace)) {
    if (auto refused = refuse(keyspace, call)) return *refused;
  }
  return caught("reading a value", [&] {
    const KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
    if (!buffer.ok()) return failed(buffer.error());
    if (within != nullptr) {
      if (auto error = recursion(within, buffer.ref())) return failed(std::move(*error));
    }
    const Request request{.keyspace = keyspace,
                          .key = buffer.ref(),
                          .loader = loader,
                          .call = call,
                          .within = within == nullptr ? nullptr : &within->state(),
                          .transaction = within == nullptr ? nullptr : within->state().transaction};
    Found found = answer(request);
    capture(within, found, request.key);
    count(keyspace, found, request.key.hash);
    return found;
  });
}

}  // namespace strata::internal
