// The memory tier's fills, puts, invalidations and ended ttls: the numbers rise first, the shards
// follow one after the other.
#include <algorithm>
#include <array>
#include <new>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/yield_point.h"
#include "memory/tier.h"

namespace strata::memory {
namespace {

std::vector<LabelId> ids_of(std::span<const Label> labels) {
  std::vector<LabelId> ids;
  ids.reserve(labels.size());
  for (const Label& label : labels) ids.push_back(label.id());
  return ids;
}

}  // namespace

bool names_everything(std::span<const Label> labels) {
  return std::any_of(labels.begin(), labels.end(),
                     [](const Label& label) { return label.kind() == LabelKind::kAll; });
}

Shard& MemoryTier::shard_of(const Label& key) const { return shard_of(key_hash(key.text())); }

// Lets another shard make room for an offer whose own has nothing left to give.
void MemoryTier::make_room(Offer& offer, std::size_t ask) {
  if (shards_.size() == 1) return;
  const std::size_t own = commons_.placement.shard(offer.hash);
  const std::size_t other = (own + 1 + ask % (shards_.size() - 1)) % shards_.size();
  shards_[other]->make_room(offer);
}

bool MemoryTier::holds_bounds(TenantNumber tenant) const {
  return commons_.room.has({}) &&
         (!commons_.tenants.any() || commons_.tenants.at(tenant).room.has({}));
}

// Evicts what is beyond the bounds, `at_most` so many entries: from shard to shard, each call
// beginning with another one, so that none is emptied for the others. Returns how many.
//
// Bounds may be lowered while others take room by the former ones. What they have taken by then is
// seen here, and who takes it later sees the new bounds when he comes here after it (room.h).
std::size_t MemoryTier::shrink(TenantNumber tenant, std::size_t at_most) {
  if (holds_bounds(tenant)) return 0;
  const std::size_t part = std::max(kShareOfRest, at_most / shards_.size());
  std::size_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
  std::size_t evicted = 0;
  std::size_t in_vain = 0;  // shards in a row that had nothing to give
  while (evicted < at_most && in_vain < shards_.size() && !holds_bounds(tenant)) {
    Shard& shard = *shards_[turn++ % shards_.size()];
    const std::size_t left = std::min(part, at_most - evicted);
    const std::size_t now = commons_.room.has({}) ? shard.shrink(tenant, left) : shard.shrink(left);
    evicted += now;
    in_vain = now == 0 ? in_vain + 1 : 0;
  }
  return evicted;
}

FillOutcome MemoryTier::fill(EntryRef entry, Ticket ticket) {
  STRATA_ASSERT(entry);
  STRATA_YIELD("memory.fill.begin");
  const KeyRef key{entry->key_text(), entry->hash(), {}};
  commons_.tenants.meet(entry->group());
  Shard& shard = shard_of(key.hash);
  Offer offer(key, std::move(entry), ticket, commons_.clock->coarse_now(), commons_.carried);
  bool is_done = false;
  for (std::size_t ask = 0; !is_done && ask < kRoomAsks; ++ask) {
    is_done = shard.fill(offer);
    if (!is_done) make_room(offer, ask);
  }
  if (!is_done) shard.count_declined();
  shrink(offer.tenant, kShareOfRest);
  return offer.outcome;
}

FillOutcome MemoryTier::put(KeyRef key, EntryRef entry, Ticket ticket, RemovalCause cause) {
  STRATA_ASSERT(!entry || entry->has_key(key));
  STRATA_YIELD("memory.put.begin");
  if (entry) commons_.tenants.meet(entry->group());
  Shard& shard = shard_of(key.hash);
  shard.prefetch(key.hash);
  Offer offer(key, std::move(entry), ticket, commons_.clock->coarse_now(), commons_.carried);
  commons_.numbers.prefetch(offer.key_label);
  Ticket raised;
  bool is_done = false;
  for (std::size_t ask = 0; !is_done; ++ask) {
    if (ask == kRoomAsks) {
      offer.withdraw();
      shard.count_declined();
    }
    is_done = shard.put(offer, cause, raised);
    if (!is_done) make_room(offer, ask);
  }
  shrink(offer.tenant, kShareOfRest);
  invalidations_.add(1);
  STRATA_YIELD("memory.put.published");
  if (commons_.carried.may_carry(offer.key_label) && !STRATA_MUTANT(kPutStaysInShard)) {
    for (const auto& other : shards_) {
      if (other.get() != &shard) other->set_aside(offer.key_label, raised);
    }
    remove_doomed({&offer.key_label, 1});
  }
  return offer.outcome;
}

bool MemoryTier::touch(const KeyRef& key, Instant fresh_until, Instant keep_until) {
  const bool is_there = shard_of(key.hash).touch(key, fresh_until, keep_until);
  // To be removed in time takes room.
  if (is_there) shrink(kRest, kShareOfRest);
  return is_there;
}

// Of `labels`, those that entries may carry, in whatever shard.
Labels MemoryTier::carried_of(std::span<const Label> labels) const {
  Labels carried;
  for (const Label& label : labels) {
    const bool is_key = label.kind() == LabelKind::kKey;
    if (!is_key || commons_.carried.may_carry(label.id())) carried.push_back(label);
  }
  return carried;
}

std::uint64_t MemoryTier::set_aside(std::span<const Label> labels, Ticket number) {
  std::uint64_t removed = 0;
  if (labels.empty()) return removed;
  for (const auto& shard : shards_) removed += shard->set_aside(labels, number);
  return removed;
}

std::uint64_t MemoryTier::remove_doomed(std::span<const LabelId> labels) {
  std::uint64_t removed = 0;
  if (labels.empty()) return removed;
  for (const auto& shard : shards_) removed += shard->remove_doomed(labels);
  return removed;
}

InvalidateOutcome MemoryTier::invalidate(std::span<const Label> labels) {
  invalidations_.add(1);
  try {
    return invalidate_these(labels);
  } catch (const std::bad_alloc&) {
    return invalidate_everything();
  }
}

// Without memory to say what is concerned.
InvalidateOutcome MemoryTier::invalidate_everything() {
  const Label all = everything();
  const LabelId id = all.id();
  const Ticket raised = commons_.numbers.raise({&id, 1});
  return {.position = raised, .removed = set_aside({&all, 1}, raised)};
}

InvalidateOutcome MemoryTier::invalidate_these(std::span<const Label> labels) {
  const std::vector<LabelId> ids = ids_of(labels);
  if (STRATA_MUTANT(kRaiseAfterRemoval)) {
    std::uint64_t removed = set_aside(labels, Ticket{number(position()) + 1});
    removed += remove_keys(labels) + remove_carrying(labels);
    STRATA_YIELD("memory.invalidate.raised");
    return {.position = commons_.numbers.raise(ids), .removed = removed};
  }
  const Ticket raised = commons_.numbers.raise(ids);
  STRATA_YIELD("memory.invalidate.numbered");
  const Labels carried = carried_of(labels);
  std::uint64_t removed = set_aside(carried, raised) + remove_keys(labels);
  STRATA_YIELD("memory.invalidate.raised");
  removed += remove_carrying(carried);
  return {.position = raised, .removed = removed};
}

// What is accepted after the call has begun is left alone.
std::uint64_t MemoryTier::remove_keys(std::span<const Label> labels) {
  if (labels.size() == 1) {
    if (labels[0].kind() != LabelKind::kKey) return 0;
    return shard_of(labels[0]).remove_key(labels[0], UINT64_MAX);
  }
  const auto is_key = [](const Label& label) { return label.kind() == LabelKind::kKey; };
  if (std::none_of(labels.begin(), labels.end(), is_key)) return 0;
  const std::vector<std::uint64_t> before = begin_generations();
  std::uint64_t removed = 0;
  for (std::size_t at = 0; at < labels.size(); ++at) {
    if (!is_key(labels[at])) continue;
    if (at > 0) STRATA_YIELD("memory.invalidate.slice");
    const std::size_t shard = commons_.placement.shard(key_hash(labels[at].text()));
    removed += shards_[shard]->remove_key(labels[at], before[shard]);
  }
  return removed;
}

// One for each shard.
std::vector<std::uint64_t> MemoryTier::begin_generations() {
  std::vector<std::uint64_t> begun;
  begun.reserve(shards_.size());
  for (const auto& shard : shards_) begun.push_back(shard->begin_generation());
  return begun;
}

// Removes, in slices, what was set aside of `labels`. Entries whose group was invalidated stay for
// the sweep, unless everything was: then their memory is given back at once.
std::uint64_t MemoryTier::remove_carrying(std::span<const Label> labels) {
  if (!names_everything(labels)) return remove_doomed(ids_of(labels));
  std::uint64_t removed = 0;
  for (const auto& shard : shards_) removed += shard->remove_stale();
  return removed;
}

// An expire sets nothing aside, since the entries stay. They are found in three places: keys in the
// table; groups by a walk over the tables; tags, and what is inherited, by a walk over their
// posting sets. Walks go by hash and so see every entry that is there all the time, whatever comes
// and goes between two slices.
//
// An entry accepted before the number that is not seen has left, or was set aside by an
// invalidation of one of the labels, which will remove it and may not have come to it. So the call
// removes what is set aside of its labels before it returns: after a walk, when all that could be
// so unseen is.
InvalidateOutcome MemoryTier::expire(std::span<const Label> labels) {
  invalidations_.add(1);
  try {
    return expire_these(labels);
  } catch (const std::bad_alloc&) {
    return invalidate_everything();
  }
}

InvalidateOutcome MemoryTier::expire_these(std::span<const Label> labels) {
  const std::vector<LabelId> ids = ids_of(labels);
  const Instant now = commons_.clock->now();
  const bool all = names_everything(labels);
  const Ticket raised =
      commons_.numbers.raise(STRATA_MUTANT(kExpireWithoutRaise) ? std::span<const LabelId>() : ids);
  const std::vector<std::uint64_t> before = begin_generations();
  STRATA_YIELD("memory.expire.raised");
  std::uint64_t ended = 0;
  for (const Label& label : labels) {
    if (label.kind() != LabelKind::kKey) continue;
    const std::size_t at = commons_.placement.shard(key_hash(label.text()));
    ended += shards_[at]->end_key(label, before[at], now);
  }
  const std::vector<LabelId> carried = ids_of(carried_of(labels));
  for (std::size_t at = 0; at < shards_.size(); ++at) {
    ended += shards_[at]->end_groups(carried, all, before[at], now);
    for (const LabelId id : carried) ended += shards_[at]->end_indexed(id, before[at], now);
  }
  remove_doomed(carried);
  return {.position = raised, .removed = ended};
}

bool MemoryTier::invalidated_after(const Entry& entry, Ticket ticket) const {
  return commons_.numbers.refuses(entry, key_label_id(entry.hash()), ticket);
}

bool MemoryTier::invalidated_after(std::span<const LabelId> labels, Ticket ticket) const {
  return commons_.numbers.invalidated_after(labels, ticket);
}

}  // namespace strata::memory
