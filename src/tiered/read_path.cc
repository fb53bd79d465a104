// The read path: memory, then the lower tiers, promoting upward with the life that is left.
#include "core/mutant.h"
#include "core/thread_slot.h"
#include "core/yield_point.h"
#include "tiered/key_buffer.h"
#include "tiered/packing.h"
#include "tiered/paths.h"
#include "tiered/transaction_state.h"

namespace strata::internal {

namespace {

// One memory look-up in this many is timed: a clock read costs a fifth of a hit.
constexpr std::uint32_t kTimedOneIn = 64;

}  // namespace

Found found_in(EntryRef entry, std::string_view tier, bool stale) {
  const Outcome outcome = entry->negative() ? Outcome::kNegativeHit
                          : stale           ? Outcome::kStaleHit
                                            : Outcome::kHit;
  return {outcome, std::move(entry), tier, nullptr};
}

Freshness freshness_of_hit(const KeyspaceState& keyspace, const Entry& entry,
                           const CallOptions& call) {
  // What has no end is judged without a clock.
  const Instant fresh_until = entry.fresh_until();
  const Instant now = fresh_until == kNever ? Instant{} : time_of_hit(*keyspace.cache.clock, entry);
  if (now < fresh_until && call.version.empty()) return Freshness::kFresh;
  return freshness(entry, now, keyspace, call);
}

Found failed(Error error) { return {Outcome::kError, {}, {}, shared_error(std::move(error))}; }

std::optional<Found> refuse(const KeyspaceState& keyspace, const CallOptions& call) {
  if (!keyspace.status) return failed(keyspace.status.error());
  if (keyspace.cache.is_closed()) return failed(keyspace.cache.closed_error());
  if (auto negative = check_durations(call)) return failed(std::move(*negative));
  return std::nullopt;
}

Tickets take_tickets(const Cache::State& cache) {
  if (STRATA_MUTANT(kLowWaterLate)) return cache.running.positions();
  return cache.running.low_water();
}

EntryRef read_hot(const KeyspaceState& keyspace, const KeyRef& key) {
  Cache::State& cache = keyspace.cache;
  if (!cache.sampler.sample(kTimedOneIn)) return cache.hot->get(key);
  const Instant start = cache.clock->now();
  EntryRef entry = cache.hot->get(key);
  cache.hot_get.record(between(start, cache.clock->now()));
  return entry;
}

namespace {

// Why the caches did not answer, if they did not.
std::optional<MissReason> reason_of(const KeyspaceState& keyspace, const Found& found,
                                    std::uint64_t key_hash) {
  switch (found.outcome) {
    case Outcome::kHit:
    case Outcome::kStaleHit:
    case Outcome::kNegativeHit:
      return std::nullopt;
    case Outcome::kRefreshed:
      return MissReason::kExpired;
    case Outcome::kLoaded:
    case Outcome::kMiss:
    case Outcome::kError:
      break;
  }
  if (!keyspace.cache.birthplace.is_here()) return std::nullopt;  // nor is its journal
  if (!keyspace.is_enabled(key_hash)) return MissReason::kDisabled;
  if (found.miss) return found.miss;
  return keyspace.cache.causes.journal().classify(key_label_id(key_hash));
}

}  // namespace

void count_hit(const KeyspaceState& keyspace, const Entry& entry) {
  const unsigned slot = thread_slot();
  keyspace.counters.outcomes[static_cast<std::size_t>(Outcome::kHit)].add_as(slot, 1);
  const auto saved_ns = entry.load_cost().count();
  if (saved_ns > 0) keyspace.counters.saved_ns.add_as(slot, static_cast<std::uint64_t>(saved_ns));
}

void count(const KeyspaceState& keyspace, const Found& found, std::uint64_t key_hash) {
  if (found.outcome == Outcome::kHit) return count_hit(keyspace, *found.entry);
  if (const auto reason = reason_of(keyspace, found, key_hash)) {
    keyspace.counters.misses[static_cast<std::size_t>(*reason)].add(1);
  }
  keyspace.counters.outcomes[static_cast<std::size_t>(found.outcome)].add(1);
}

void promote(KeyspaceState& keyspace, const EntryRef& entry, const Record* record,
             std::size_t depth, const Tickets& tickets, Deadline deadline) {
  Cache::State& cache = keyspace.cache;
  for (std::size_t i = 0; record != nullptr && i < depth; ++i) {
    if (!keyspace.lower_allowed[i]) continue;
    const Result<FillOutcome> filled = cache.tiers[i]->fill(*record, tickets.lower[i], deadline);
    if (!filled) cache.note_failure(cache.tiers[i]->name(), "promoting to", filled.error());
  }
  STRATA_YIELD("tiered.promote.hot");
  if (!keyspace.hot_allowed) return;
  const Ticket ticket = STRATA_MUTANT(kLateTicket) ? cache.hot->position() : tickets.hot;
  if (cache.hot->fill(entry, ticket) == FillOutcome::kRefused) keyspace.counters.refused.add(1);
}

Below read_below(KeyspaceState& keyspace, KeyRef key, const Tickets& tickets,
                 const CallOptions& call) {
  Cache::State& cache = keyspace.cache;
  Below below;
  for (std::size_t i = 0; i < cache.tiers.size(); ++i) {
    if (!keyspace.lower_allowed[i]) continue;
    Tier& tier = *cache.tiers[i];
    if (tier.skip_read()) {
      below.miss = MissReason::kError;
      continue;
    }
    const Instant start = cache.clock->now();
    Result<std::optional<Record>> record = tier.get(key, call.deadline);
    cache.lower_get[i].record(between(start, cache.clock->now()));
    if (!record) {
      cache.note_failure(tier.name(), "reading", record.error());
      if (!cache.options.graceful) below.failure = record.error();
      below.miss = MissReason::kError;
      continue;
    }
    if (!record->has_value()) continue;
    Result<EntryRef> entry = entry_of(**record, key, keyspace);
    if (!entry) {  // of another codec, schema or key: a miss
      below.miss = refuse(keyspace, tier.name(), **record, key, entry.error());
      continue;
    }
    const Freshness fresh = freshness(**entry, cache.clock->now(), keyspace, call);
    if (fresh == Freshness::kFresh) {
      promote(keyspace, *entry, &**record, i, tickets, call.deadline);
      below.entry = std::move(*entry);
      below.tier = tier.name();
      return below;
    }
    below.miss = MissReason::kExpired;
    if (fresh != Freshness::kGone && !below.kept && !(*entry)->negative()) {
      below.kept = std::move(*entry);
      below.kept_tier = tier.name();
      below.kept_depth = i;
    }
  }
  return below;
}

Found get(KeyspaceState& keyspace, const Id& id, const CallOptions& call, Load* within) {
  if (&call != &kDefaultCall || !is_usable(keyspace)) {
    if (auto refused = refuse(keyspace, call)) return *refused;
  }
  return caught("reading a value", [&] {
    const KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
    if (!buffer.ok()) return failed(buffer.error());
    return get_at(keyspace, buffer.ref(), call, within);
  });
}

namespace {

// What memory did not answer. `has_expired`: what it has is past its time.
Found look_below(KeyspaceState& keyspace, const KeyRef& key, const CallOptions& call,
                 const Transaction::State* within, bool has_expired) {
  const auto usable = [&](const EntryRef& entry) {
    return entry && (within == nullptr || within->may_use(*entry));
  };
  Found nothing;
  if (has_expired) nothing.miss = MissReason::kExpired;
  const auto& tiers = keyspace.cache.tiers;
  if (tiers.empty()) return nothing;
  // If nothing below is asked, no tickets are needed either.
  if (tiers.size() == 1 && keyspace.lower_allowed[0] && tiers[0]->skip_read()) {
    nothing.miss = MissReason::kError;
    return nothing;
  }
  STRATA_YIELD("tiered.get.miss");
  const Tickets tickets = within == nullptr ? keyspace.cache.read_positions() : within->tickets;
  STRATA_YIELD("tiered.get.ticket");
  Below below = read_below(keyspace, key, tickets, call);
  if (usable(below.entry)) return found_in(std::move(below.entry), below.tier, false);
  if (usable(below.kept) &&
      freshness(*below.kept, keyspace.cache.clock->now(), keyspace, call) == Freshness::kStale) {
    return found_in(std::move(below.kept), below.kept_tier, true);
  }
  if (below.failure) nothing = failed(std::move(*below.failure));
  if (below.miss) nothing.miss = below.miss;
  return nothing;
}

}  // namespace

Found look_up(KeyspaceState& keyspace, const KeyRef& key, const CallOptions& call,
              const Transaction::State* within) {
  if (!keyspace.is_enabled(key)) {
    Found nothing;
    nothing.miss = MissReason::kDisabled;
    return nothing;
  }
  if (call.bypass) return {};
  EntryRef entry = read_hot(keyspace, key);
  const bool is_usable = entry && (within == nullptr || within->may_use(*entry));
  if (is_usable) {
    const Freshness fresh = freshness_of_hit(keyspace, *entry, call);
    if (is_answer(*entry, fresh)) {
      return found_in(std::move(entry), keyspace.cache.hot->name(), fresh == Freshness::kStale);
    }
  }
  return look_below(keyspace, key, call, within, is_usable);
}

namespace {

// What visit() does with an entry in memory: calls the visitor if it is a fresh value.
struct VisitInPlace {
  const KeyspaceState& keyspace;
  Visitor visitor;
  void* context;
  bool is_visited = false;

  static void look(void* self, const Entry& entry) {
    auto& visit = *static_cast<VisitInPlace*>(self);
    if (entry.negative() || !is_fresh(*visit.keyspace.cache.clock, entry)) return;
    visit.is_visited = true;
    count_hit(visit.keyspace, entry);
    visit.visitor(visit.context, entry);
  }
};

}  // namespace

Outcome visit(KeyspaceState& keyspace, const Id& id, Visitor visitor, void* context) {
  if (!is_usable(keyspace)) return Outcome::kError;
  if (const KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
      buffer.ok() && keyspace.is_enabled(buffer.ref())) {
    VisitInPlace in_memory{keyspace, visitor, context};
    static_cast<void>(keyspace.cache.hot->visit(buffer.ref(), &VisitInPlace::look, &in_memory));
    if (in_memory.is_visited) return Outcome::kHit;
  }
  const Found found = get(keyspace, id, kDefaultCall, nullptr);
  if (found.entry && !found.entry->negative()) visitor(context, *found.entry);
  return found.outcome;
}

Found get_at(KeyspaceState& keyspace, const KeyRef& key, const CallOptions& call, Load* within) {
  Found found =
      look_up(keyspace, key, call, within == nullptr ? nullptr : within->state().transaction);
  capture(within, found, key);
  count(keyspace, found, key.hash);
  return found;
}

bool contains(KeyspaceState& keyspace, const Id& id) try {
  if (!is_usable(keyspace)) return false;
  const KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
  if (!buffer.ok() || !keyspace.is_enabled(buffer.ref())) return false;
  const Instant now = keyspace.cache.clock->now();
  const auto is_value = [&](const EntryRef& entry) {
    return entry && !entry->negative() && now < entry->fresh_until();
  };
  if (is_value(keyspace.cache.hot->peek(buffer.ref()))) return true;
  for (std::size_t i = 0; i < keyspace.cache.tiers.size(); ++i) {
    if (!keyspace.lower_allowed[i]) continue;
    const Result<std::optional<Record>> record = keyspace.cache.tiers[i]->get(buffer.ref(), {});
    if (!record || !record->has_value()) continue;
    const Result<EntryRef> entry = entry_of(**record, buffer.ref(), keyspace);
    if (entry && is_value(*entry)) return true;
  }
  return false;
} catch (...) {
  return false;  // what cannot be looked at is as good as not there
}

}  // namespace strata::internal
