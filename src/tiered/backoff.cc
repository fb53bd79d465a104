// Back-off: a key whose load failed is not loaded again for a while, if nothing of it is kept.
//
// A remembered failure is no value and no absence: it stands for "asking again would fail". It
// ends with its time, with a load that succeeds, and with whatever may have changed the answer.
// (1) Labels that are known, those of the key, the keyspace, the call, and what the loader said or
//     read before it failed, are compared with the load's ticket, as a fill's would be.
// (2) Which labels the value would have carried besides, nobody knows. So any invalidation ends it
//     that is not of single keys only; Cache::State::changes counts those.
// A load that failed because of another one within it is not remembered: of that one's labels
// only its key is known. A put or erase raises the number of its key, and what the graph of
// dependencies adds is (1), since known labels are closed over the graph, or (2), where it widens
// to whole keyspaces.
#include "core/yield_point.h"
#include "strata/core/duration.h"
#include "tiered/load_path.h"

namespace strata::internal {

namespace {

bool backs_off(const Request& request) {
  return request.keyspace.options.error_backoff > Duration(0) && !request.call.bypass &&
         request.transaction == nullptr && request.keyspace.is_enabled(request.key);
}

bool is_kept(const EntryRef& entry, Instant now) {
  return entry && !entry->negative() && now < entry->keep_until();
}

bool is_overruled(const Cache::State& cache, const LoadFailure& failure) {
  return failure.changes != cache.changes.load() ||
         cache.hot->invalidated_after(failure.labels, failure.ticket);
}

}  // namespace

std::optional<FlightResult> remembered_failure(const Request& request, const EntryRef& previous) {
  if (!backs_off(request)) return std::nullopt;
  Cache::State& cache = request.keyspace.cache;
  const Instant now = cache.clock->now();
  if (is_kept(previous, now)) return std::nullopt;
  const auto found = cache.failed_loads.find(request.key, now);
  if (!found) return std::nullopt;
  if (is_overruled(cache, *found->failure)) {
    cache.failed_loads.forget(request.key);
    return std::nullopt;
  }
  const Error& error = *found->failure->error;
  FlightResult result;
  result.remembered = true;
  result.error =
      shared_error(Error{error.code,
                         "'" + std::string(request.key.text) + "' is not loaded again for " +
                             describe_duration(found->left) + ": " + error.message,
                         error.exception});
  return result;
}

void remember_failure(const Request& request, const Load::State& load, const Flight& flight,
                      const FailedLoad& failed) {
  KeyspaceState& keyspace = request.keyspace;
  Cache::State& cache = keyspace.cache;
  const Instant now = cache.clock->now();
  if (!backs_off(request) || is_kept(failed.previous, now) || load.read_failed) return;
  // That this caller had no more time says nothing of the next one's.
  const bool is_late = failed.error->code == ErrorCode::kDeadlineExceeded;
  if (is_late && now >= request.call.deadline.at) return;
  if (!cache.flights.is_current(flight)) return;
  try {
    Labels labels = request.call.labels;
    labels.insert(labels.end(), load.labels.begin(), load.labels.end());
    Result<Description> described = describe(keyspace, labels, load.inherited, {}, std::nullopt);
    // What is not acceptable as labels cannot be compared either.
    if (!described || !close_labels(keyspace, request.key, *described)) return;
    LoadFailure failure{.error = failed.error,
                        .labels = keyspace.group.ids,
                        .ticket = flight.tickets().hot,
                        .changes = failed.changes};
    failure.labels.push_back(key_label_id(request.key.hash));
    for (const Label& label : described->labels) failure.labels.push_back(label.id());
    const KeyspaceOptions& options = keyspace.options;
    cache.failed_loads.remember(request.key, std::move(failure),
                                {options.error_backoff, options.error_backoff_max}, now);
  } catch (...) {
    // Without memory for it the key is loaded again.
  }
}

}  // namespace strata::internal
