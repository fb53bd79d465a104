// One request for a value, and the steps of loading it that its callers share.
#pragma once

#include "tiered/paths.h"

namespace strata::internal {

// A get_or_load() under way. Whoever runs it in the background keeps what it refers to.
struct Request {
  KeyspaceState& keyspace;
  KeyRef key;
  LoaderRef loader;
  const CallOptions& call;
  Load::State* within = nullptr;
  bool refresh = false;  // skip the tiers: a value past its ttl is being renewed
  bool ahead = false;    // likewise before its ttl has ended
  bool here = false;     // the load runs in this thread, whatever its time-outs
  const Transaction::State* transaction = nullptr;  // whose load it is
};

// Asks the tiers, then the source; stores what came; ends and completes the flight.
void run_flight(const Request& request, const std::shared_ptr<Flight>& flight, EntryRef previous);

// Asks the source, and stores what came.
[[nodiscard]] FlightResult run_load(const Request& request, const Flight& flight,
                                    const EntryRef& previous);

// run_load(), unless another process loads the key: what that stores is waited for.
[[nodiscard]] FlightResult load_once(const Request& request, const Flight& flight,
                                     EntryRef previous);

// Whether a caller that arrived at `arrival` may take the result of the flight it waited for: by
// what was invalidated meanwhile, and by what its own options say of a cached value. The leader
// always may.
[[nodiscard]] bool may_take(const Request& request, const Flight& flight, Ticket arrival);

// What a caller gets from a completed flight, or from a result.
[[nodiscard]] Found found_of(const Request& request, const Flight& flight);
[[nodiscard]] Found found_of(const Request& request, const FlightResult& result);

// The kept value, if there is one, for a caller whose load is too slow.
[[nodiscard]] std::optional<Found> kept_on_timeout(const Request& request);

// The kept value, or an error, for a caller beside as many as may wait for a load.
[[nodiscard]] Found turned_away(const Request& request);

// The steps of a load: run_load() for one key, a batch for many.

// Runs the loader. An exception becomes an error that carries it.
[[nodiscard]] Result<EntryRef> run_loader(const Request& request, Load::State& state);

// What the load brought, dressed; and whether it may be stored.
struct Made {
  EntryRef entry;
  bool replaces = false;  // the value that is stored ends, if this one differs
  bool store = false;     // this one may take its place
  bool memory_only = false;
  std::shared_ptr<const Error> problem;
};
[[nodiscard]] Made make_entry(const Request& request, Load::State& state, EntryRef entry,
                              Duration cost);

// What a load that is over failed with.
struct FailedLoad {
  std::shared_ptr<const Error> error;
  const EntryRef& previous;   // what may be served instead
  std::uint64_t changes = 0;  // Cache::State::changes before it began
};
// Remembers it, if the keyspace has an error_backoff and nothing is kept.
void remember_failure(const Request& request, const Load::State& load, const Flight& flight,
                      const FailedLoad& failed);
// What is answered in place of a load that failed a moment ago.
[[nodiscard]] std::optional<FlightResult> remembered_failure(const Request& request,
                                                             const EntryRef& previous);

// Offers it to the tiers, if it may be stored and the flight was not overtaken.
void store_made(const Request& request, const Load::State& state, const Made& made,
                const Flight& flight, const EntryRef& previous);

// The steps of a call: blocking, asynchronous or for many keys.

// Joins or begins the key's flight. A bypassing call has one of its own.
[[nodiscard]] FlightTable::Start start_flight(const Request& request);

// Runs the flight on the executor; in this thread if the executor takes no more.
void run_behind(const Request& request, const std::shared_ptr<Flight>& flight,
                const EntryRef& previous);

// What memory alone answers; otherwise `previous` is what may be served if a load fails.
[[nodiscard]] std::optional<Found> answer_at_once(const Request& request, EntryRef& previous);

// Has a value that was hit at `now` loaded anew behind the call, if its keyspace refreshes ahead
// and it is time. Precondition: it is fresh.
void refresh_ahead(const Request& request, const EntryRef& entry, Instant now);
// What a tier below has of the key that is not yet due for that, promoted.
// Only what was written later `than` the entry counts.
[[nodiscard]] std::optional<FlightResult> fresher_below(const Request& request, const Entry& than,
                                                        const Tickets& tickets);

// Waits for a flight that another caller runs, and loads where its result may not be taken.
// `arrival`: memory's number when the caller came, at `began`.
[[nodiscard]] Found answer_of_joined(const Request& request, Flight& flight, Ticket arrival,
                                     Instant began);

// A Request that owns what it needs, to run on the executor.
struct OwnedRequest {
  std::string key_text;
  std::string long_params;
  Loader loader;
  CallOptions call;
  [[nodiscard]] KeyRef key() const { return {key_text, key_hash(key_text), long_params}; }
};

}  // namespace strata::internal
