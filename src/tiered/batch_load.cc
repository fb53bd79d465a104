// get_or_load_many: one batched look-up, then one load of everything that is missing and that
// nobody else is loading. What was served past its ttl is renewed behind the call, in one load
// too.
//
// Terms: a batch leads the flights of the keys that it loads. The thread that runs the loader has
// claimed them all, and completes them before it waits for flights of others; so two batches never
// wait for each other.
#include <algorithm>

#include "core/yield_point.h"
#include "tiered/load_path.h"

namespace strata::internal {

namespace {

// A key that the batch loads.
struct Led {
  std::size_t place = 0;  // among the call's ids
  std::string id;
  std::shared_ptr<Flight> flight;
  EntryRef previous;  // past its ttl, or nothing
  bool claimed = false;
};

// The flights of a batch. Those that nobody else runs and that are not completed when it goes are
// ended with an error, so that nobody waits for ever.
struct Batch {
  KeyspaceState& keyspace;
  std::shared_ptr<const BatchLoader> loader;
  CallOptions call;
  bool refresh = false;
  std::vector<Led> led;

  Batch(KeyspaceState& owner, std::shared_ptr<const BatchLoader> load, const CallOptions& options)
      : keyspace(owner), loader(std::move(load)), call(options) {}
  ~Batch() {
    for (const Led& one : led) {
      if ((!one.claimed && !one.flight->claim()) || one.flight->done()) continue;
      FlightResult failed;
      failed.error = shared_error(
          Error{ErrorCode::kLoadFailed, "the batch that was to load it ended early", {}});
      complete(*one.flight, std::move(failed));
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // `single` is called if a caller that joined has to load by itself; else it may be empty.
  [[nodiscard]] Request request(KeyRef key, const Loader& single) const {
    return {.keyspace = keyspace,
            .key = key,
            .loader = single,
            .call = call,
            .refresh = refresh,
            .here = true};
  }
  void complete(Flight& flight, FlightResult result) const {
    keyspace.cache.flights.end(flight);
    flight.complete(std::move(result));
  }
};

// A loader of one key, for a caller that could not join.
Loader single_loader(std::shared_ptr<const BatchLoader> loader, std::string id) {
  return [loader = std::move(loader), id = std::move(id)](Load& load,
                                                          KeyRef key) -> Result<EntryRef> {
    Result<std::vector<EntryRef>> entries = (*loader)(std::span(&id, 1), load, std::span(&key, 1));
    if (!entries) return entries.error();
    return entries->empty() ? EntryRef() : std::move(entries->front());
  };
}

// Runs the loader once for all flights, and stores what it brings.
std::vector<FlightResult> load(const Batch& batch) {
  KeyspaceState& keyspace = batch.keyspace;
  Cache::State& cache = keyspace.cache;
  std::vector<std::string> ids;
  std::vector<KeyRef> keys;
  for (const Led& one : batch.led) {
    ids.push_back(one.id);
    keys.push_back(one.flight->key());
  }
  std::vector<EntryRef> entries;
  const Loader run = [&](Load& load, KeyRef) -> Result<EntryRef> {
    Result<std::vector<EntryRef>> brought = (*batch.loader)(ids, load, keys);
    if (!brought) return brought.error();
    if (brought->size() != keys.size()) {
      return Error{ErrorCode::kLoadFailed,
                   "the batch loader returned " + std::to_string(brought->size()) + " values for " +
                       std::to_string(keys.size()) + " ids",
                   {}};
    }
    entries = std::move(*brought);
    return EntryRef();
  };
  Load::State state{.keyspace = keyspace, .key = keys.front(), .deadline = batch.call.deadline};
  const std::uint64_t changes = cache.changes.load();
  keyspace.counters.loads.add(1);
  STRATA_YIELD("tiered.load.begin");
  const Instant start = cache.clock->now();
  const Result<EntryRef> loaded = run_loader(batch.request(keys.front(), run), state);
  const Duration cost = between(start, cache.clock->now());
  keyspace.counters.load.record(cost);
  STRATA_YIELD("tiered.load.loaded");

  std::vector<FlightResult> results(keys.size());
  if (!loaded) {
    keyspace.counters.load_failures.add(1);
    const auto error = shared_error(loaded.error());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Led& one = batch.led[i];
      remember_failure(batch.request(keys[i], run), state, *one.flight,
                       {error, one.previous, changes});
      results[i].error = error;
    }
    return results;
  }
  const Duration share = cost / static_cast<std::int64_t>(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Led& one = batch.led[i];
    const Request request = batch.request(keys[i], run);
    cache.failed_loads.forget(keys[i]);
    Made made = make_entry(request, state, std::move(entries[i]), share);
    store_made(request, state, made, *one.flight, one.previous);
    results[i] = {one.previous ? Outcome::kRefreshed : Outcome::kLoaded,
                  std::move(made.entry),
                  {},
                  std::move(made.problem)};
  }
  return results;
}

// Precondition: the calling thread has claimed the flights.
void run(const Batch& batch) {
  if (batch.led.empty()) return;
  for (const Led& one : batch.led) one.flight->set_runner();
  std::vector<FlightResult> results;
  std::shared_ptr<const Error> failure;
  try {
    results = load(batch);
  } catch (...) {
    failure = shared_error(error_of_exception(ErrorCode::kLoadFailed, "loading a batch of values"));
  }
  for (std::size_t i = 0; i < batch.led.size(); ++i) {
    FlightResult result;
    if (i < results.size()) result = std::move(results[i]);
    if (failure) result.error = failure;
    batch.complete(*batch.led[i].flight, std::move(result));
  }
}

bool is_to_be_renewed(const Found& found, Instant now) {
  return found.outcome == Outcome::kStaleHit && now >= found.entry->retry_at();
}

// Renews what was found past its ttl, unless a load failed a moment ago.
void refresh_behind(KeyspaceState& keyspace, std::span<const std::string> ids,
                    const std::vector<Found>& found,
                    const std::shared_ptr<const BatchLoader>& loader, const CallOptions& call) {
  const Instant now = keyspace.cache.clock->now();
  const auto is_due = [now](const Found& one) { return is_to_be_renewed(one, now); };
  if (std::none_of(found.begin(), found.end(), is_due)) return;
  auto batch = std::make_shared<Batch>(keyspace, loader, call);
  batch->refresh = true;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!is_due(found[i])) continue;
    const EntryRef& entry = found[i].entry;
    Led one{i, ids[i], {}, entry, false};
    FlightTable::Start start = start_flight(batch->request(entry->key(), {}));
    if (!start.leads) continue;
    one.flight = std::move(start.flight);
    batch->led.push_back(std::move(one));
  }
  if (batch->led.empty()) return;
  const auto task = [batch] {
    std::erase_if(batch->led, [](Led& one) {
      one.claimed = one.flight->claim();
      return !one.claimed;
    });
    run(*batch);
    // Those that failed leave the kept value alone for a while.
    for (const Led& one : batch->led) {
      (void)found_of(batch->request(one.flight->key(), {}), *one.flight);
    }
  };
  if (!keyspace.cache.post(task)) task();
}

struct Joined {
  std::size_t place = 0;
  std::shared_ptr<Flight> flight;
};

// Begins the load of one key, joins another's, or answers at once. `previous`: what a lower tier
// has past its ttl, or in another version.
void begin(Batch& batch, std::size_t place, const std::string& id, EntryRef previous,
           std::vector<Joined>& joined, Found& found) {
  KeyspaceState& keyspace = batch.keyspace;
  Cache::State& cache = keyspace.cache;
  const Result<Key> key = make_key(keyspace, {.identifier = id});
  if (!key) {
    found = failed(key.error());
    return;
  }
  const auto in_memory = [&] {
    return keyspace.is_enabled(key->ref()) ? cache.hot->peek(key->ref()) : EntryRef();
  };
  // What memory has is what a differing value takes the place of, also for a call that does not
  // want to be answered from it.
  const bool may_answer = !batch.call.bypass;
  const auto may_precede = [&](const EntryRef& entry) {
    return entry && (!entry->negative() || !may_answer);
  };
  if (EntryRef entry = in_memory(); may_precede(entry)) previous = std::move(entry);
  const Instant now = cache.clock->now();
  const auto judge = [&](const EntryRef& entry) {
    return entry ? freshness(*entry, now, keyspace, batch.call) : Freshness::kGone;
  };
  if (may_answer && previous && judge(previous) != Freshness::kFresh &&
      judge(previous) != Freshness::kGone && now < previous->retry_at()) {
    found = {Outcome::kStaleHit, previous, cache.hot->name(), nullptr};
    return;
  }
  FlightTable::Start start = start_flight(batch.request(key->ref(), {}));
  // In the batch before it is claimed: a claimed flight is one that somebody completes.
  batch.led.push_back({place, id, start.flight, std::move(previous), false});
  Led& led = batch.led.back();
  led.claimed = start.flight->claim();
  if (!led.claimed) {
    batch.led.pop_back();
    joined.push_back({place, std::move(start.flight)});
    return;
  }
  // Another flight may have stored the value between this caller's miss and its lead.
  EntryRef stored = in_memory();
  std::optional<FlightResult> result;
  if (may_answer && judge(stored) == Freshness::kFresh) {
    const Outcome outcome = stored->negative() ? Outcome::kNegativeHit : Outcome::kHit;
    result = {outcome, std::move(stored), cache.hot->name(), nullptr};
  } else {
    if (may_precede(stored)) led.previous = std::move(stored);
    result = remembered_failure(batch.request(key->ref(), {}), led.previous);
  }
  if (!result) return;
  found = found_of(batch.request(key->ref(), {}), *result);
  batch.complete(*start.flight, std::move(*result));
  batch.led.pop_back();
}

std::vector<Found> load_missing(KeyspaceState& keyspace, std::span<const std::string> ids,
                                const std::shared_ptr<const BatchLoader>& loader,
                                const CallOptions& call) {
  Cache::State& cache = keyspace.cache;
  std::vector<EntryRef> kept(ids.size());
  std::vector<Found> found = find_many(keyspace, ids, call, &kept);
  const Ticket arrival = cache.hot->position();
  refresh_behind(keyspace, ids, found, loader, call);

  const auto is_missing = [](const Found& one) { return one.outcome == Outcome::kMiss; };
  if (std::none_of(found.begin(), found.end(), is_missing)) return found;
  Batch batch(keyspace, loader, call);
  std::vector<Joined> joined;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (is_missing(found[i])) begin(batch, i, ids[i], kept[i], joined, found[i]);
  }
  run(batch);
  for (const Led& one : batch.led) {
    const std::optional<MissReason> miss = found[one.place].miss;
    found[one.place] = found_of(batch.request(one.flight->key(), {}), *one.flight);
    found[one.place].miss = miss;
  }
  const Instant began = cache.clock->now();
  for (const Joined& one : joined) {
    const Loader single = single_loader(loader, ids[one.place]);
    found[one.place] =
        answer_of_joined(batch.request(one.flight->key(), single), *one.flight, arrival, began);
  }
  return found;
}

}  // namespace

std::optional<Error> check_batch(std::size_t size) {
  if (size <= limits::kBatchKeys) return std::nullopt;
  return Error{ErrorCode::kRejected,
               "a batch of " + std::to_string(size) + " keys is over the limit of " +
                   std::to_string(limits::kBatchKeys),
               {}};
}

std::vector<Found> get_or_load_many(KeyspaceState& keyspace, std::span<const std::string> ids,
                                    BatchLoader loader, const CallOptions& call) {
  try {
    const auto shared = std::make_shared<const BatchLoader>(std::move(loader));
    std::vector<Found> found = load_missing(keyspace, ids, shared, call);
    count_many(keyspace, ids, found);
    return found;
  } catch (...) {
    const Error error = error_of_exception(ErrorCode::kUnavailable, "reading values");
    return std::vector<Found>(ids.size(), failed(error));
  }
}

}  // namespace strata::internal
