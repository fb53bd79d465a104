// The write path: fills after a load, puts and touches.
//
// Order: from the deepest tier up to memory, so that nothing can be promoted from a tier that
// is not clean yet. Every operation that raises numbers holds a Guard of RunningInvalidations
// from before its first raise until memory is clean.
#include <algorithm>

#include "core/mutant.h"
#include "core/yield_point.h"
#include "tiered/key_buffer.h"
#include "tiered/packing.h"
#include "tiered/paths.h"

namespace strata::internal {

Result<FillOutcome> put_or_invalidate(Cache::State& cache, Tier& tier, KeyRef key,
                                      const Record* record, Ticket ticket, Deadline deadline) {
  Result<FillOutcome> put = tier.put(key, record, ticket, deadline);
  if (put) return put;
  const Label label(LabelKind::kKey, std::string(key.text));
  tier.invalidate(std::span(&label, 1));
  cache.note_failure(tier.name(), "writing", put.error());
  return put;
}

namespace {

bool any_lower(const KeyspaceState& keyspace) {
  const std::vector<bool>& allowed = keyspace.lower_allowed;
  return std::find(allowed.begin(), allowed.end(), true) != allowed.end();
}

std::size_t value_bytes(const Entry& entry) {
  if (entry.negative()) return 0;
  return entry.type().size + entry.type().owned_bytes(entry.raw_value());
}

// Whether what was made from the one is right for the other as well: the same bytes, made wrong by
// nothing more.
bool same_value(const Entry& previous, const Entry& next, const Record& record) {
  if (previous.negative() || next.negative()) return previous.negative() == next.negative();
  const std::span<const Label> known = previous.labels();
  for (const Label& label : next.labels()) {
    if (std::find(known.begin(), known.end(), label) == known.end()) return false;
  }
  const Result<std::string> before = previous.encode();
  return before && *before == record.payload;
}

// The record to offer to the tiers below, or nothing if none may have it.
struct Encoded {
  std::optional<Record> record;
  std::shared_ptr<const Error> error;
  bool too_large = false;
  bool memory_only = false;
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
      encoded.error = shared_error(record.error());
    }
  }
  encoded.too_large = size > keyspace.options.max_value_bytes;
  return encoded;
}

const Record* for_tier(const KeyspaceState& keyspace, const Encoded& encoded, std::size_t tier) {
  const bool may = encoded.record && keyspace.lower_allowed[tier] && !encoded.memory_only;
  return may ? &*encoded.record : nullptr;
}

// Packs what the tiers below are to have. What cannot be packed is not for them.
void pack_for_tiers(const KeyspaceState& keyspace, Encoded& encoded) {
  if (!encoded.record || encoded.memory_only || !any_lower(keyspace)) return;
  const Result<void> packed = pack(*encoded.record, keyspace);
  if (packed) return;
  encoded.record.reset();
  keyspace.cache.note_failure("encryption", "writing values of " + keyspace.name, packed.error());
}

// A refresh that brought another value: an invalidation of the key and of what depends on it,
// unless somebody else changed something since the load began. Without `store` the former value
// leaves and none comes.
void replace(KeyspaceState& keyspace, const EntryRef& entry, const Encoded& encoded, bool store,
             const Tickets& tickets, Deadline deadline) {
  Cache::State& cache = keyspace.cache;
  const KeyRef key = entry->key();
  const KeyTurns::Turn turn(cache.turns, key.hash);
  const RunningInvalidations::Guard running(cache.running);
  const CauseScope::Text text = [&] { return std::string(key.text); };
  CauseScope scope(cache.causes, CauseKind::kRefresh, text);
  if (cache.hot->invalidated_after(*entry, tickets.hot)) {
    keyspace.counters.refused.add(1);
    return;
  }
  const Tickets before = cache.read_positions();
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    const Record* record = store ? for_tier(keyspace, encoded, i) : nullptr;
    (void)put_or_invalidate(cache, *cache.tiers[i], key, record, tickets.lower[i], deadline);
  }
  STRATA_YIELD("tiered.replace.lower");
  cache.hot->put(key, store && keyspace.hot_allowed ? entry : EntryRef(), tickets.hot,
                 RemovalCause::kReplaced);
  note_lower_numbers(cache, scope, before);
  widen_key(cache, key);
}

PutResult rejected_put(Error error) {
  PutResult result;
  result.error = shared_error(std::move(error));
  return result;
}

}  // namespace

void store_loaded(KeyspaceState& keyspace, const Loaded& loaded, const Tickets& tickets,
                  Deadline deadline) {
  Cache::State& cache = keyspace.cache;
  // A loader may have forked, and return in the child.
  if (!cache.birthplace.is_here()) return;
  const auto& [entry, known, memory_only, may_store] = loaded;
  // Somebody may have stored another value since the load began.
  const EntryRef there = cache.hot->peek(entry->key());
  const EntryRef& previous = there && !there->negative() ? there : known;
  Encoded encoded = encode_for_tiers(keyspace, *entry, previous.get() != nullptr);
  encoded.memory_only = memory_only;
  if (encoded.error) {
    cache.note_failure("codec", "encoding '" + std::string(entry->key_text()) + "'",
                       *encoded.error);
  }
  if (encoded.too_large) keyspace.counters.too_large.add(1);
  const bool store = may_store && !encoded.too_large;
  // What cannot be compared differs.
  const bool differs = previous && (!keyspace.options.early_cutoff || !encoded.record || !store ||
                                    !same_value(*previous, *entry, *encoded.record));
  if (store) pack_for_tiers(keyspace, encoded);
  if (differs) replace(keyspace, entry, encoded, store, tickets, deadline);
  if (differs || !store) return;
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

PutResult put_failed() {
  return rejected_put(error_of_exception(ErrorCode::kUnavailable, "putting a value"));
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
  if (auto closed = close_labels(keyspace, key, *description); !closed) {
    return rejected_put(closed.error());
  }
  const bool memory_only = description->memory_only;
  const Life life = life_of_value(keyspace, call, nullptr, key.hash);
  dress(*entry, keyspace, key, std::move(*description), life, Duration(0));
  Encoded encoded = encode_for_tiers(keyspace, *entry, false);
  encoded.memory_only = memory_only;
  if (encoded.error) return rejected_put(*encoded.error);
  if (encoded.too_large) {
    return rejected_put({ErrorCode::kRejected,
                         "the value of '" + std::string(key.text) + "' is over max_value_bytes (" +
                             std::to_string(keyspace.options.max_value_bytes) + " bytes)",
                         {}});
  }
  // A value that may not be stored still takes the place of the one before: by nothing.
  const bool store = keyspace.is_enabled(key) && life.fresh_for > Duration(0);
  keyspace.counters.puts.add(1);
  if (store) pack_for_tiers(keyspace, encoded);

  PutResult result;
  const KeyTurns::Turn turn(cache.turns, key.hash);
  const RunningInvalidations::Guard running(cache.running);
  const CauseScope::Text text = [&] { return std::string(key.text); };
  CauseScope scope(cache.causes, CauseKind::kPut, text);
  const Tickets tickets = cache.running.positions();
  STRATA_YIELD("tiered.put.tickets");
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    Tier& tier = *cache.tiers[i];
    const Record* record = store ? for_tier(keyspace, encoded, i) : nullptr;
    PutResult::Tier done{.name = std::string(tier.name())};
    const Result<FillOutcome> put =
        put_or_invalidate(cache, tier, key, record, tickets.lower[i], call.deadline);
    done.outcome = put && record != nullptr ? *put : FillOutcome::kDeclined;
    if (!put) done.error = shared_error(put.error());
    result.tiers.push_back(std::move(done));
    STRATA_YIELD("tiered.put.lower");
  }
  const bool hot = store && keyspace.hot_allowed;
  const FillOutcome outcome =
      cache.hot->put(key, hot ? entry : EntryRef(), tickets.hot, RemovalCause::kReplaced);
  result.tiers.push_back(
      {std::string(cache.hot->name()), hot ? outcome : FillOutcome::kDeclined, nullptr});
  note_lower_numbers(cache, scope, tickets);
  widen_key(cache, key);
  result.error = error_if_closed(cache);
  return result;
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
  const bool is_hot = cache.hot->touch(key, saturating_add(now, ttl), saturating_add(now, kept));
  return touched || is_hot;
} catch (...) {
  return error_of_exception(ErrorCode::kUnavailable, "changing a lifetime");
}

}  // namespace strata::internal
