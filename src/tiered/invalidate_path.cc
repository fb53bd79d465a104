// The path of invalidations: of labels, keys, keyspaces, and what the graph adds to them.
//
// Order: from the deepest tier up to memory, so that nothing can be promoted from a tier that is
// not clean yet.
#include <algorithm>

#include "core/mutant.h"
#include "core/yield_point.h"
#include "tiered/key_buffer.h"
#include "tiered/paths.h"

namespace strata::internal {

namespace {

// What a result says of each tier. Made before the first is changed: it may fail for want of
// memory.
std::vector<InvalidationResult::Tier> tiers_of(const Cache::State& cache) {
  std::vector<InvalidationResult::Tier> tiers;
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    tiers.push_back({std::string(cache.tiers[i]->name()), {}, {}});
  }
  tiers.push_back({std::string(cache.hot->name()), {}, {}});
  return tiers;
}

// One step of each tier. The caller has a Guard.
InvalidationResult change_tiers(Cache::State& cache, std::span<const Label> labels, Change change) {
  InvalidationResult result;
  result.tiers = tiers_of(cache);
  const auto change_in = [&](auto& tier, InvalidationResult::Tier& told) {
    const InvalidateOutcome done =
        change == Change::kExpire ? tier.expire(labels) : tier.invalidate(labels);
    told.position = done.position;
    told.removed = done.removed;
  };
  if (STRATA_MUTANT(kMemoryFirst)) {
    change_in(*cache.hot, result.tiers.back());
    STRATA_YIELD("tiered.invalidate.lower");
  }
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    change_in(*cache.tiers[i], result.tiers[cache.tiers.size() - 1 - i]);
    STRATA_YIELD("tiered.invalidate.lower");
  }
  if (!STRATA_MUTANT(kMemoryFirst)) change_in(*cache.hot, result.tiers.back());
  return result;
}

bool names_everything(std::span<const Label> labels) {
  return std::any_of(labels.begin(), labels.end(),
                     [](const Label& label) { return label.kind() == LabelKind::kAll; });
}

bool names_more_than_keys(std::span<const Label> labels) {
  return std::any_of(labels.begin(), labels.end(),
                     [](const Label& label) { return label.kind() != LabelKind::kKey; });
}

// The steps of an invalidation, with its cause recorded: what each tier counted it as is noted too,
// since an entry of an invalidated group, or a row, may be removed, and explained, much later.
InvalidationResult change_with_cause(Cache::State& cache, CauseKind kind,
                                     std::span<const Label> labels, Change change) {
  if (names_more_than_keys(labels)) cache.changes.fetch_add(1);
  const CauseScope::Text text = [&] { return describe_labels(labels); };
  CauseScope scope(cache.causes, kind, text);
  const CauseId cause = scope.id();
  InvalidationResult done = change_tiers(cache, labels, change);
  CauseJournal& journal = cache.causes.journal();
  journal.set_number(cause, done.tiers.back().position);
  for (std::size_t depth = 0; depth < cache.tiers.size(); ++depth) {
    const Ticket number = done.tiers[cache.tiers.size() - 1 - depth].position;
    journal.set_number(cause, number, Causes::place_of(depth));
  }
  cache.save_journal_soon(scope.at());
  return done;
}

CauseKind kind_of(std::span<const Label> labels, Change change) {
  if (change == Change::kExpire) return CauseKind::kExpire;
  return names_everything(labels) ? CauseKind::kClear : CauseKind::kInvalidate;
}

}  // namespace

void note_lower_numbers(Cache::State& cache, CauseScope& scope, const Tickets& before) {
  if (!scope.is_recorded() || cache.tiers.empty()) return;
  cache.causes.set_lower_numbers(scope.id(), before, cache.read_positions());
}

std::shared_ptr<const Error> error_if_closed(const Cache::State& cache) {
  return cache.is_closed() ? shared_error(cache.closed_error()) : nullptr;
}

void add_to(InvalidationResult& sum, const InvalidationResult& more) {
  if (sum.ok()) sum.error = more.error;
  for (std::size_t i = 0; i < more.tiers.size(); ++i) {
    if (i == sum.tiers.size()) {
      sum.tiers.push_back(more.tiers[i]);
      continue;
    }
    sum.tiers[i].position = more.tiers[i].position;
    if (sum.tiers[i].removed) *sum.tiers[i].removed += more.tiers[i].removed.value_or(0);
  }
}

InvalidationResult widen(Cache::State& cache, std::span<const Label> labels, Change change) {
  Labels more;
  if (!cache.dependencies.has_wide() || !cache.dependencies.widen(labels, more)) return {};
  return change_with_cause(cache, CauseKind::kDependency, more, change);
}

void widen_key(Cache::State& cache, KeyRef key) {
  if (!cache.dependencies.has_wide()) return;
  const Label label(LabelKind::kKey, key.text);
  (void)widen(cache, std::span(&label, 1), Change::kInvalidate);
}

namespace {

// Memory's part of a change that another process made below it.
void change_hot(Cache::State& cache, CauseKind kind, std::span<const Label> labels, Change change) {
  if (names_more_than_keys(labels)) cache.changes.fetch_add(1);
  const CauseScope::Text text = [&] { return describe_labels(labels); };
  CauseScope scope(cache.causes, kind, text);
  const CauseId cause = scope.id();
  HotTier& hot = *cache.hot;
  const InvalidateOutcome done =
      change == Change::kExpire ? hot.expire(labels) : hot.invalidate(labels);
  cache.causes.journal().set_number(cause, done.position);
}

// What others did is done below memory.
void follow(Cache::State& cache, const Labels& labels, Change change) noexcept {
  try {
    const RunningInvalidations::Guard running(cache.running);
    const CauseScope::Text other = [] { return std::string("another"); };
    const CauseScope scope(cache.causes, CauseKind::kProcess, other);
    change_hot(cache, kind_of(labels, change), labels, change);
    Labels more;
    if (cache.dependencies.has_wide() && cache.dependencies.widen(labels, more)) {
      change_hot(cache, CauseKind::kDependency, more, change);
    }
  } catch (...) {
    // Without memory to say what goes, all of it goes.
    const Label all = everything();
    cache.hot->invalidate(std::span(&all, 1));
  }
}

}  // namespace

void follow_others(Cache::State& cache, Tier& tier) {
  tier.set_invalidation_listener(
      [weak = cache.weak_from_this()](const Labels& labels, bool expires) {
        const std::shared_ptr<Cache::State> state = weak.lock();
        if (!state || state->is_closed()) return;
        follow(*state, labels, expires ? Change::kExpire : Change::kInvalidate);
      });
}

InvalidationResult change_everywhere(Cache::State& cache, std::span<const Label> labels,
                                     Change change) {
  InvalidationResult result;
  if (labels.empty()) return result;
  cache.invalidations.add(1);
  const RunningInvalidations::Guard running(cache.running);
  STRATA_YIELD("tiered.invalidate.begin");
  result = change_with_cause(cache, kind_of(labels, change), labels, change);
  add_to(result, widen(cache, labels, change));
  if (result.ok()) result.error = error_if_closed(cache);
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
    result.error = shared_error(buffer.error());
    return result;
  }
  Cache::State& cache = keyspace.cache;
  const KeyRef key = buffer.ref();
  EntryRef former;  // let go after the turn
  const KeyTurns::Turn turn(cache.turns, key.hash);
  if (cause != RemovalCause::kErased) {
    const Label label(LabelKind::kKey, key.text);
    const bool expires = cause == RemovalCause::kExpired;
    return change_everywhere(cache, std::span(&label, 1),
                             expires ? Change::kExpire : Change::kInvalidate);
  }
  cache.invalidations.add(1);
  const RunningInvalidations::Guard running(cache.running);
  const CauseScope::Text text = [&] { return std::string(key.text); };
  CauseScope scope(cache.causes, CauseKind::kErase, text);
  // A row may go though memory has nothing.
  if (!cache.tiers.empty()) (void)scope.id();
  const Tickets tickets = cache.running.positions();
  result.tiers = tiers_of(cache);
  for (std::size_t i = cache.tiers.size(); i-- > 0;) {
    Tier& tier = *cache.tiers[i];
    (void)put_or_invalidate(cache, tier, key, nullptr, tickets.lower[i], {});
    result.tiers[cache.tiers.size() - 1 - i].position = tier.position();
  }
  note_lower_numbers(cache, scope, tickets);
  former = cache.hot->peek(key);
  cache.hot->put(key, EntryRef(), tickets.hot, cause);
  result.tiers.back().position = cache.hot->position();
  result.tiers.back().removed = former ? 1U : 0U;
  const Label label(LabelKind::kKey, key.text);
  add_to(result, widen(cache, std::span(&label, 1), Change::kInvalidate));
  if (result.ok()) result.error = error_if_closed(cache);
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

// The labels of one invalidation of many keys: fewer than a journal has slots.
constexpr std::size_t kErasedAtOnce = 1'000;

InvalidationResult change_in_slices(Cache::State& cache, std::span<const Label> labels,
                                    Change change) {
  InvalidationResult result;
  while (!labels.empty() || result.tiers.empty()) {
    const std::size_t count = std::min(kErasedAtOnce, labels.size());
    const InvalidationResult slice = change_everywhere(cache, labels.first(count), change);
    if (slice.tiers.empty()) break;  // of nothing
    add_to(result, slice);
    labels = labels.subspan(count);
  }
  return result;
}

namespace {

InvalidationResult erase_all(KeyspaceState& keyspace, std::span<const std::string> ids) {
  InvalidationResult result;
  const auto refused = refuse(keyspace);
  if (refused) result.error = refused->error;
  if (auto too_many = check_batch(ids.size()); too_many && !refused) {
    result.error = shared_error(std::move(*too_many));
  }
  Labels labels;
  for (std::size_t i = 0; i < ids.size() && result.ok(); ++i) {
    const Result<Key> key = make_key(keyspace, {.identifier = ids[i]});
    if (key) {
      labels.push_back(key->label());
    } else {
      result.error = shared_error(key.error());
    }
  }
  if (!result.ok()) return result;
  return change_in_slices(keyspace.cache, labels, Change::kInvalidate);
}

}  // namespace

InvalidationResult erase_many(KeyspaceState& keyspace, std::span<const std::string> ids) {
  return caught_removal([&] { return erase_all(keyspace, ids); });
}

InvalidationResult clear(KeyspaceState& keyspace) {
  return caught_removal([&] {
    InvalidationResult result;
    if (auto refused = refuse(keyspace)) {
      result.error = refused->error;
      return result;
    }
    const Label label(LabelKind::kKeyspace, keyspace.name);
    return invalidate_everywhere(keyspace.cache, std::span(&label, 1));
  });
}

}  // namespace strata::internal
