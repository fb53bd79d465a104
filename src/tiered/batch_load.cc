// get_or_load_many: one batched look-up, then one load of everything that is missing.
#include "tiered/load_path.h"

namespace strata::internal {

namespace {

// The ids that nothing was found for, with their keys.
struct Missing {
  std::vector<std::size_t> places;
  std::vector<std::string> ids;
  std::vector<Key> keys;
};

Missing missing_of(const KeyspaceState& keyspace, std::span<const std::string> ids,
                   const std::vector<Found>& found) {
  Missing missing;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (found[i].outcome != Outcome::kMiss) continue;
    Result<Key> key = make_key(keyspace, {.identifier = ids[i]});
    if (!key) continue;
    missing.places.push_back(i);
    missing.ids.push_back(ids[i]);
    missing.keys.push_back(std::move(*key));
  }
  return missing;
}

}  // namespace

std::vector<Found> get_or_load_many(KeyspaceState& keyspace, std::span<const std::string> ids,
                                    const BatchLoader& loader, const CallOptions& call) {
  Cache::State& cache = keyspace.cache;
  // Before anything is read: the batch is one load, which nobody can join.
  const Tickets tickets = take_tickets(cache);
  std::vector<Found> found = get_many(keyspace, ids, call);
  if (ids.empty() || refuse(keyspace)) return found;
  const Missing missing = missing_of(keyspace, ids, found);
  if (missing.ids.empty()) return found;

  std::vector<KeyRef> refs;
  for (const Key& key : missing.keys) refs.push_back(key.ref());
  Result<std::vector<EntryRef>> batch = std::vector<EntryRef>();
  const Loader run = [&](Load& load, KeyRef) -> Result<EntryRef> {
    batch = loader(missing.ids, load, refs);
    if (!batch) return batch.error();
    if (batch->size() != refs.size()) {
      return Error{ErrorCode::kLoadFailed,
                   "the batch loader returned " + std::to_string(batch->size()) + " values for " +
                       std::to_string(refs.size()) + " ids",
                   {}};
    }
    return EntryRef();
  };
  const Request request{.keyspace = keyspace, .key = refs.front(), .loader = run, .call = call};
  const std::vector<FlightResult> results =
      run_batch(request, refs, tickets, [&](std::size_t i) { return (*batch)[i]; });
  for (std::size_t i = 0; i < missing.places.size(); ++i) {
    const Request one{.keyspace = keyspace, .key = refs[i], .loader = run, .call = call};
    Found& place = found[missing.places[i]];
    place = found_of(one, results[i]);
    count(keyspace, place);
  }
  return found;
}

}  // namespace strata::internal
