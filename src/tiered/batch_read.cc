// Reads of many keys: memory in one call, then each lower tier in one.
#include "tiered/key_buffer.h"
#include "tiered/packing.h"
#include "tiered/paths.h"

namespace strata::internal {

namespace {

// What of a batch is still looked for, with its place in the answer.
struct Wanted {
  std::vector<KeyRef> keys;
  std::vector<std::size_t> places;
  void add(KeyRef key, std::size_t place) {
    keys.push_back(key);
    places.push_back(place);
  }
};

std::optional<Found> refuse_batch(const KeyspaceState& keyspace, std::size_t size,
                                  const CallOptions& call) {
  if (auto refused = refuse(keyspace, call)) return refused;
  if (auto too_many = check_batch(size)) return failed(std::move(*too_many));
  return std::nullopt;
}

// Asks one lower tier for all that is wanted; keeps what it does not have fresh.
void ask_tier(KeyspaceState& keyspace, std::size_t depth, const Tickets& tickets,
              const CallOptions& call, Wanted& wanted, std::vector<Found>& found,
              std::vector<EntryRef>* kept) {
  Cache::State& cache = keyspace.cache;
  Tier& tier = *cache.tiers[depth];
  if (tier.skip_read()) {
    for (const std::size_t place : wanted.places) found[place].miss = MissReason::kError;
    return;
  }
  const Instant start = cache.clock->now();
  Result<std::vector<std::optional<Record>>> records = tier.get_many(wanted.keys, call.deadline);
  cache.lower_get[depth].record(between(start, cache.clock->now()));
  if (!records) {
    cache.note_failure(tier.name(), "reading", records.error());
    for (const std::size_t place : wanted.places) {
      if (!cache.options.graceful) found[place] = failed(records.error());
      found[place].miss = MissReason::kError;
    }
    if (!cache.options.graceful) wanted = {};
    return;
  }
  Wanted still;
  for (std::size_t i = 0; i < wanted.keys.size(); ++i) {
    const std::optional<Record>& record = (*records)[i];
    const std::size_t place = wanted.places[i];
    if (record) {
      const Result<EntryRef> entry = entry_of(*record, wanted.keys[i], keyspace);
      const Freshness fresh =
          entry ? freshness(**entry, cache.clock->now(), keyspace, call) : Freshness::kGone;
      if (fresh == Freshness::kFresh) {
        promote(keyspace, *entry, &*record, depth, tickets, call.deadline);
        found[place] = found_in(*entry, tier.name(), false);
        continue;
      }
      found[place].miss =
          entry ? MissReason::kExpired
                : refuse(keyspace, tier.name(), *record, wanted.keys[i], entry.error());
      const bool may_keep = fresh != Freshness::kGone && !(*entry)->negative();
      if (may_keep && kept != nullptr && !(*kept)[place]) (*kept)[place] = *entry;
      // Unless a deeper tier has it fresh.
      if (may_keep && fresh == Freshness::kStale && !found[place].entry) {
        found[place] = found_in(*entry, tier.name(), true);
      }
    }
    still.add(wanted.keys[i], place);
  }
  wanted = std::move(still);
}

}  // namespace

void count_many(const KeyspaceState& keyspace, std::span<const std::string> ids,
                std::span<const Found> found) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    // A hit need not be found in the journal.
    const bool is_hit = found[i].entry && found[i].outcome == Outcome::kHit;
    const std::uint64_t hash =
        is_hit ? found[i].entry->hash()
               : KeyBuffer(keyspace.key_prefix, ids[i], keyspace.name).ref().hash;
    count(keyspace, found[i], hash);
  }
}

std::vector<Found> find_many(KeyspaceState& keyspace, std::span<const std::string> ids,
                             const CallOptions& call, std::vector<EntryRef>* kept) {
  if (auto refused = refuse_batch(keyspace, ids.size(), call)) {
    return std::vector<Found>(ids.size(), *refused);
  }
  Cache::State& cache = keyspace.cache;
  std::vector<Found> found(ids.size());
  std::vector<Key> keys(ids.size());
  Wanted wanted;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Result<Key> key = make_key(keyspace, {.identifier = ids[i]});
    if (!key) {
      found[i] = failed(key.error());
    } else if (!keyspace.is_enabled(key->ref())) {
      found[i].miss = MissReason::kDisabled;
    } else if (!call.bypass) {
      keys[i] = std::move(*key);
      wanted.add(keys[i].ref(), i);
    }
  }

  std::vector<EntryRef> entries(wanted.keys.size());
  cache.hot->get_many(wanted.keys, entries);
  Wanted missing;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Freshness fresh =
        entries[i] ? freshness_of_hit(keyspace, *entries[i], call) : Freshness::kGone;
    if (entries[i] && is_answer(*entries[i], fresh)) {
      found[wanted.places[i]] =
          found_in(std::move(entries[i]), cache.hot->name(), fresh == Freshness::kStale);
    } else {
      missing.add(wanted.keys[i], wanted.places[i]);
    }
  }
  const Tickets tickets = missing.keys.empty() ? Tickets{} : cache.read_positions();
  for (std::size_t depth = 0; depth < cache.tiers.size() && !missing.keys.empty(); ++depth) {
    if (!keyspace.lower_allowed[depth]) continue;
    ask_tier(keyspace, depth, tickets, call, missing, found, kept);
  }
  return found;
}

std::vector<Found> get_many(KeyspaceState& keyspace, std::span<const std::string> ids,
                            const CallOptions& call) {
  try {
    std::vector<Found> found = find_many(keyspace, ids, call);
    count_many(keyspace, ids, found);
    return found;
  } catch (...) {
    const Error error = error_of_exception(ErrorCode::kUnavailable, "reading values");
    return std::vector<Found>(ids.size(), failed(error));
  }
}

}  // namespace strata::internal
