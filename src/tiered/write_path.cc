// The write path: fills after a load, puts, erases, touches and invalidations.
//
// Order: from the deepest tier up to memory, so that nothing can be promoted from a tier that
// is not clean yet. Every operation that raises numbers holds a Guard of RunningInvalidations
// from before its first raise until memory is clean.
#include <algorithm>

#include "core/mutant.h"
#include "core/yield_point.h"
#include "tiered/key_buffer.h"
#include "tiered/paths.h"

namespace strata::internal {

namespace {

bool any_lower(const KeyspaceState& keyspace) {
  const std::vector<bool>& allowed = keyspace.lower_allowed;
  return std::find(allowed.begin(), allowed.end(), true) != allowed.end();
}

std::size_t value_bytes(const Entry& entry) {
  if (entry.negative()) return 0;
  return entry.type().size + entry.type().owned_bytes(entry.raw_value());
}

bool same_value(const Entry& previous, const Entry& next, const Record& record) {
  if (previous.negative() || next.negative()) return previous.negative() == next.negative();
  const Result<std::string> before = previous.encode();
  return before && *before == record.payload;
}

// The record to offer to the tiers below, or nothing if none may have it.
struct Encoded {
  std::optional<Record> record;
  std::shared_ptr<const Error> error;
  bool too_large = false;
};

Encoded encode_for_tiers(const KeyspaceState& keyspace, const Entry& entry, bool needed) {
  Encoded encoded;
  std::size_t size = value_bytes(entry);
  if (needed || any_lower(keyspace)) {
    Result<Record> record = record_of(entry, keyspace);
    if (record) {
      size = record->raw_size;
      encoded.record = std::move(*record);
    } else {
      encoded.error = std::make_shared<const Error>(record.error());
    }
  }
  encoded.too_large = size > keyspace.options.max_value_bytes;
  return encoded;
}

const Record* for_tier(const KeyspaceState& keyspace, const Encoded& encoded, std::size_t tier) {
  return encoded.record && keyspace.lower_allowed[tier] ? &*encoded.record : nullptr;
}

// Puts into one tier. If that fails, the key is invalidated there, so that at least the value
// before is gone.
Result<FillOutcome> put_or_invalidate(Cache::State& cache, Tier& tier, KeyRef key,
                                      const Record* record, Ticket ticket, Deadline deadline) {
  Result<FillOutcome> put = tier.put(key, record, ticket, deadline);
  if (put) return put;
  const Label label(LabelKind::kKey, std::string(key.text));
  tier.invalidate(std::span(&label, 1));
  cache.note_failure(tier.name(), "writing", put.error());
  return put;
}

// A refresh that brought another value: an invalidation of the key and of what depends on it,
// unless somebody else changed something since the load began.
void replace(KeyspaceState& keyspace, const EntryRef& entry, const Encoded& encoded,
             const Tickets& tickets, Deadline deadline) {
  Cache::State& cache = keyspace.cache;
  const KeyRef key = entry->key();
  const KeyTurns::Turn turn(cache.turns, key.hash);
  const RunningInvalidations::Guard running(cache.running);
  if (cache.hot->invalidated_after(*entry, tickets.hot)) {
    keyspace.counters.refused.add(1);
    return;
  }
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    (void)put_or_invalidate(cache, *cache.tiers[i], key, for_tier(keyspace, encoded, i),
                            tickets.lower[i], deadline);
  }
  STRATA_YIELD("tiered.replace.lower");
  cache.hot->put(key, keyspace.hot_allowed ? entry : EntryRef(), tickets.hot,
                 RemovalCause::kReplaced);
}

PutResult rejected_put(Error error) {
  PutResult result;
  result.error = std::make_shared<const Error>(std::move(error));
  return result;
}

}  // namespace

void store_loaded(KeyspaceState& keyspace, const EntryRef& entry, const EntryRef& previous,
                  const Tickets& tickets, Deadline deadline) {
  Cache::State& cache = keyspace.cache;
  const Encoded encoded = encode_for_tiers(keyspace, *entry, previous.get() != nullptr);
  if (encoded.error) {
    cache.note_failure("codec", "encoding '" + std::string(entry->key_text()) + "'",
                       *encoded.error);
  }
  if (encoded.too_large) {
    keyspace.counters.too_large.add(1);
    return;
  }
  const bool differs =
      previous && encoded.record && !same_value(*previous, *entry, *encoded.record);
  if (differs) {
    replace(keyspace, entry, encoded, tickets, deadline);
    return;
  }
  bool refused = false;
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    const Record* record = for_tier(keyspace, encoded, i);
    if (record == nullptr) continue;
    const Result<FillOutcome> filled = cache.tiers[i]->fill(*record, tickets.lower[i], deadline);
    if (!filled) cache.note_failure(cache.tiers[i]->name(), "filling", filled.error());
    if (filled && *filled == FillOutcome::kRefused) refused = true;
  }
  STRATA_YIELD("tiered.store.lower");
  if (keyspace.hot_allowed && cache.hot->fill(entry, tickets.hot) == FillOutcome::kRefused) {
    refused = true;
  }
  if (refused) keyspace.counters.refused.add(1);
}

PutResult put(KeyspaceState& keyspace, const Id& id, const Box& box, const CallOptions& call) {
  if (auto refused = refuse(keyspace, call)) return rejected_put(*refused->error);
  const KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
  if (!buffer.ok()) return rejected_put(buffer.error());
  try {
    return put_at(keyspace, buffer.ref(), box, call);
  } catch (...) {
    // Some tiers may have it, so none is to keep what was there before.
    PutResult result = rejected_put(error_of_exception(ErrorCode::kUnavailable, "storing a value"));
    const Label label(LabelKind::kKey, std::string(buffer.ref().text));
    (void)caught_removal(
        [&] { return invalidate_everywhere(keyspace.cache, std::span(&label, 1)); });
    return result;
  }
}

PutResult put_at(KeyspaceState& keyspace, KeyRef key, const Box& box, const CallOptions& call) {
  Cache::State& cache = keyspace.cache;
  EntryRef entry = box(key);
  Result<Description> description =
      describe(keyspace, call.labels, {}, call.version, call.source_last_modified);
  if (!description) return rejected_put(description.error());
  const Life life = life_of_value(keyspace, call, nullptr, key.hash);
  dress(*entry, keyspace, key, std::move(*description), life, Duration(0));
  const Encoded encoded = encode_for_tiers(keyspace, *entry, false);
  if (encoded.error) return rejected_put(*encoded.error);
  if (encoded.too_large) {
    return rejected_put({ErrorCode::kRejected,
                         "the value of '" + std::string(key.text) + "' is over max_value_bytes (" +
                             std::to_string(keyspace.options.max_value_bytes) + " bytes)",
                         {}});
  }
  // A value that may not be stored still takes the place of the one before: by nothing.
  const bool store = keyspace.options.enabled && life.fresh_for > Duration(0);
  keyspace.counters.puts.add(1);

  PutResult result;
  const KeyTurns::Turn turn(cache.turns, key.hash);
  const RunningInvalidations::Guard running(cache.running);
  const Tickets tickets = cache.running.positions();
  STRATA_YIELD("tiered.put.tickets");
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    Tier& tier = *cache.tiers[i];
    const Record* record = store ? for_tier(keyspace, encoded, i) : nullptr;
    PutResult::Tier done{.name = std::string(tier.name())};
    const Result<FillOutcome> put =
        put_or_invalidate(cache, tier, key, record, tickets.lower[i], call.deadline);
    done.outcome = put && record != nullptr ? *put : FillOutcome::kDeclined;
    if (!put) done.error = std::make_shared<const Error>(put.error());
    result.tiers.push_back(std::move(done));
    STRATA_YIELD("tiered.put.lower");
  }
  const bool hot = store && keyspace.hot_allowed;
  const FillOutcome outcome =
      cache.hot->put(key, hot ? entry : EntryRef(), tickets.hot, RemovalCause::kReplaced);
  result.tiers.push_back(
      {std::string(cache.hot->name()), hot ? outcome : FillOutcome::kDeclined, nullptr});
  return result;
}

InvalidationResult change_everywhere(Cache::State& cache, std::span<const Label> labels,
                                     Change change) {
  InvalidationResult result;
  if (labels.empty()) return result;
  cache.invalidations.add(1);
  const RunningInvalidations::Guard running(cache.running);
  const auto change_in = [&](auto& tier) {
    const InvalidateOutcome done =
        change == Change::kExpire ? tier.expire(labels) : tier.invalidate(labels);
    result.tiers.push_back({std::string(tier.name()), done.position, done.removed});
  };
  STRATA_YIELD("tiered.invalidate.begin");
  if (STRATA_MUTANT(kMemoryFirst)) {
    change_in(*cache.hot);
    STRATA_YIELD("tiered.invalidate.lower");
  }
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    change_in(*cache.tiers[i]);
    STRATA_YIELD("tiered.invalidate.lower");
  }
  if (!STRATA_MUTANT(kMemoryFirst)) change_in(*cache.hot);
  return result;
}

namespace {

// kErased, kInvalidated, or kExpired: its ttl ends.
InvalidationResult remove_key(KeyspaceState& keyspace, const Id& id, RemovalCause cause) {
  InvalidationResult result;
  if (auto refused = refuse(keyspace)) {
    result.error = refused->error;
    return result;
  }
  const KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
  if (!buffer.ok()) {
    result.error = std::make_shared<const Error>(buffer.error());
    return result;
  }
  Cache::State& cache = keyspace.cache;
  const KeyRef key = buffer.ref();
  EntryRef former;  // let go after the turn
  const KeyTurns::Turn turn(cache.turns, key.hash);
  if (cause != RemovalCause::kErased) {
    const Label label(LabelKind::kKey, std::string(key.text));
    const bool expires = cause == RemovalCause::kExpired;
    return change_everywhere(cache, std::span(&label, 1),
                             expires ? Change::kExpire : Change::kInvalidate);
  }
  cache.invalidations.add(1);
  const RunningInvalidations::Guard running(cache.running);
  const Tickets tickets = cache.running.positions();
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    Tier& tier = *cache.tiers[i];
    (void)put_or_invalidate(cache, tier, key, nullptr, tickets.lower[i], {});
    result.tiers.push_back({std::string(tier.name()), tier.position(), std::nullopt});
  }
  former = cache.hot->peek(key);
  cache.hot->put(key, EntryRef(), tickets.hot, cause);
  result.tiers.push_back({std::string(cache.hot->name()), cache.hot->position(), former ? 1U : 0U});
  return result;
}

}  // namespace

InvalidationResult erase(KeyspaceState& keyspace, const Id& id) {
  return caught_removal([&] { return remove_key(keyspace, id, RemovalCause::kErased); });
}

InvalidationResult invalidate(KeyspaceState& keyspace, const Id& id) {
  return caught_removal([&] { return remove_key(keyspace, id, RemovalCause::kInvalidated); });
}

InvalidationResult expire(KeyspaceState& keyspace, const Id& id) {
  return caught_removal([&] { return remove_key(keyspace, id, RemovalCause::kExpired); });
}

namespace {

// The labels of one invalidation of many keys: fewer than a journal has slots.
constexpr std::size_t kErasedAtOnce = 1'000;

// Invalidates the labels, so many at a time; the results add up.
InvalidationResult invalidate_in_slices(Cache::State& cache, std::span<const Label> labels) {
  InvalidationResult result;
  while (!labels.empty() || result.tiers.empty()) {
    const std::size_t count = std::min(kErasedAtOnce, labels.size());
    const InvalidationResult slice = invalidate_everywhere(cache, labels.first(count));
    if (slice.tiers.empty()) break;  // of nothing
    for (std::size_t i = 0; i < slice.tiers.size(); ++i) {
      if (i == result.tiers.size()) {
        result.tiers.push_back(slice.tiers[i]);
        continue;
      }
      InvalidationResult::Tier& sum = result.tiers[i];
      sum.position = slice.tiers[i].position;
      if (sum.removed) *sum.removed += slice.tiers[i].removed.value_or(0);
    }
    labels = labels.subspan(count);
  }
  return result;
}

}  // namespace

InvalidationResult erase_many(KeyspaceState& keyspace, std::span<const std::string> ids) {
  InvalidationResult result;
  const auto refused = refuse(keyspace);
  if (refused) result.error = refused->error;
  if (auto too_many = check_batch(ids.size()); too_many && !refused) {
    result.error = std::make_shared<const Error>(std::move(*too_many));
  }
  Labels labels;
  for (std::size_t i = 0; i < ids.size() && result.ok(); ++i) {
    const Result<Key> key = make_key(keyspace, {.identifier = ids[i]});
    if (key) {
      labels.push_back(key->label());
    } else {
      result.error = std::make_shared<const Error>(key.error());
    }
  }
  if (!result.ok()) return result;
  return caught_removal([&] { return invalidate_in_slices(keyspace.cache, labels); });
}

InvalidationResult clear(KeyspaceState& keyspace) {
  InvalidationResult result;
  if (auto refused = refuse(keyspace)) {
    result.error = refused->error;
    return result;
  }
  const Label label(LabelKind::kKeyspace, keyspace.name);
  return caught_removal(
      [&] { return invalidate_everywhere(keyspace.cache, std::span(&label, 1)); });
}

Result<bool> touch(KeyspaceState& keyspace, const Id& id, Duration ttl) try {
  if (auto refused = refuse(keyspace)) return *refused->error;
  const KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
  if (!buffer.ok()) return buffer.error();
  if (ttl <= Duration(0)) {
    return Error{ErrorCode::kRejected, "a ttl must be positive; erase() removes a value", {}};
  }
  Cache::State& cache = keyspace.cache;
  const KeyRef key = buffer.ref();
  const KeyspaceOptions& options = keyspace.options;
  const Duration kept = saturating_add(ttl, std::max(options.stale_for, options.keep_for));
  EntryRef entry;  // let go after the turn
  const KeyTurns::Turn turn(cache.turns, key.hash);
  const Instant now = cache.clock->now();
  const Lifetime lifetime{.written_wall = cache.clock->wall_now(),
                          .written_since_boot = now.since_boot,
                          .boot_id = cache.clock->boot_id(),
                          .fresh_for = ttl,
                          .keep_for = kept};
  bool touched = false;
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    const Result<bool> there = cache.tiers[i]->touch(key, lifetime, {});
    if (!there) cache.note_failure(cache.tiers[i]->name(), "touching", there.error());
    touched = touched || (there && *there);
  }
  entry = cache.hot->peek(key);
  if (entry) {
    entry->set_times(saturating_add(now, ttl), saturating_add(now, kept));
    touched = true;
  }
  return touched;
} catch (...) {
  return error_of_exception(ErrorCode::kUnavailable, "changing a lifetime");
}

}  // namespace strata::internal
