// One request for a value, and the steps of loading it that its callers share.
#pragma once

#include "tiered/paths.h"

namespace strata::internal {

// A get_or_load() under way. Whoever runs it in the background keeps what it refers to.
struct Request {
  KeyspaceState& keyspace;
  KeyRef key;
  const Loader& loader;
  const CallOptions& call;
  Load::State* within = nullptr;
  bool refresh = false;  // skip the tiers: a value past its ttl is being renewed
};

// Asks the tiers, then the source; stores what came; ends and completes the flight.
void run_flight(const Request& request, const std::shared_ptr<Flight>& flight, EntryRef previous);

// Asks the source, and stores what came.
[[nodiscard]] FlightResult run_load(const Request& request, const Flight& flight,
                                    const EntryRef& previous);

// Whether a caller that arrived at `arrival` may take the result of the flight it waited for.
// The leader always may.
[[nodiscard]] bool may_take(const Cache::State& cache, const Flight& flight, Ticket arrival);

// What a caller gets from a completed flight, or from a result.
[[nodiscard]] Found found_of(const Request& request, const Flight& flight);
[[nodiscard]] Found found_of(const Request& request, const FlightResult& result);

// Runs one load that brings the values of all `keys`, and stores them. `entry_at` gives the
// value of a key, once the loader of `request` has returned without an error.
[[nodiscard]] std::vector<FlightResult> run_batch(
    const Request& request, std::span<const KeyRef> keys, const Tickets& tickets,
    const std::function<EntryRef(std::size_t)>& entry_at);

// The kept value, if there is one, for a caller whose load is too slow.
[[nodiscard]] std::optional<Found> kept_on_timeout(const Request& request);

// A Request that owns what it needs, to run on the executor.
struct OwnedRequest {
  std::string key_text;
  std::string long_params;
  Loader loader;
  CallOptions call;
  [[nodiscard]] KeyRef key() const { return {key_text, key_hash(key_text), long_params}; }
};

}  // namespace strata::internal
