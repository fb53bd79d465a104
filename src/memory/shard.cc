// A shard: what its writes, invalidations and readers have in common, and its upkeep.
#include "memory/shard.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "core/assert.h"
#include "core/yield_point.h"
#include "memory/charge.h"

namespace strata::memory {
namespace {

// Slices that remove_due() looks at for entries whose group was invalidated.
constexpr int kIdleSweeps = 8;

}  // namespace

// Invariants; those of the tier are in tier.cc:
// (1) An entry is in the table exactly if it is in a queue, in its group's cell and in the index
//     under each of its labels, or doomed there, or just being removed from there. The table owns
//     one reference to it.
// (2) Acceptance is one step under the lock: compare the entry's labels with the ticket, stamp it
//     with the shard's generation, publish. An invalidation that has something to do here begins a
//     generation, sets the cells concerned and sets aside the posting sets in one such step.
// (3) An entry is of its tenant's partition (partitions.cc), and of the rest's where that has no
//     quota, unless adopt() is about to find it.
// (4) `settled_` is what the room counts for this shard: what it holds, whenever the lock is free.
// (5) `newcomer_` is null or in the table.

Shard::Shard(Commons& commons, const PolicySet& policies, Policy& policy)
    : table_(commons.placement),
      commons_(commons),
      order_(policy, {.policies = policies, .tenants = commons.tenants, .room = commons.room}),
      wheel_(commons.clock->coarse_now()) {
  if (commons.tenants.any()) order_.divide();
}

Shard::~Shard() {
  // Nobody calls any more.
  table_.for_each([](Entry* entry) { const EntryRef leaving(entry); });
}

Entry* Shard::find(std::uint64_t hash, std::string_view key_text) const {
  return table_.find(commons_.placement.place(hash),
                     [&](const Entry& entry) { return entry.key_text() == key_text; });
}

// Takes the entry out of everything.
void Shard::remove(Entry* entry, RemovalCause cause, Departures& gone) {
  table_.erase(entry);
  order_.erase(*entry);
  let_go(entry, cause, gone);
}

// Takes the entry out of the books, and out of the tier for the reason for which it really leaves:
// one that is no longer current was counted when its group was invalidated, and that is why,
// whatever found it.
void Shard::let_go(Entry* entry, RemovalCause cause, Departures& gone) {
  if (entry == newcomer_) newcomer_ = nullptr;
  index_.remove(*entry);
  wheel_.remove(*entry);
  commons_.carried.retract(*entry);
  const Ticket last = GroupCells::last_raise(*entry);
  if (cells_.leave(*entry)) {
    count(cause, 1);
    gone.add(entry, cause, Ticket{}, listener_);
    return;
  }
  const bool cleared = accepted_before(*entry, cleared_);
  gone.add(entry, cleared ? RemovalCause::kCleared : RemovalCause::kInvalidated, last, listener_);
}

Room::Amount Shard::held() const {
  const std::uint64_t bytes =
      order_.weight() + index_.label_bytes() + wheel_.size() * kWheelShareBytes;
  return {.entries = static_cast<std::int64_t>(order_.entries()),
          .bytes = static_cast<std::int64_t>(bytes)};
}

// Tells the room what is held now.
void Shard::settle() {
  const Room::Amount now = held();
  if (now == settled_) return;
  commons_.room.adjust(now - settled_);
  settled_ = now;
}

void Shard::tell_hit(Entry& entry) {
  const MutexLock lock(mutex_);
  if (queue_of(entry) != 0) order_.on_hit(entry);  // It has not left meanwhile.
}

void Shard::remove_if_gone(const KeyRef& key) {
  STRATA_YIELD("memory.read.gone");
  Departures gone(commons_.limbo);
  const MutexLock lock(mutex_);
  Entry* entry = find(key.hash, key.text);
  if (entry == nullptr) return;
  if (is_current(*entry) && !is_expired(*entry, commons_.clock->coarse_now())) return;
  remove(entry, RemovalCause::kExpired, gone);
  settle();
}

bool Shard::touch(const KeyRef& key, Instant fresh_until, Instant keep_until) {
  const MutexLock lock(mutex_);
  Entry* entry = find(key.hash, key.text);
  if (entry == nullptr || !entry->has_key(key) || !is_current(*entry)) return false;
  if (is_expired(*entry, commons_.clock->coarse_now())) return false;
  entry->set_times(fresh_until, keep_until);
  wheel_.remove(*entry);
  wheel_.add(*entry);
  settle();
  return true;
}

std::uint64_t Shard::remove_expired(Instant now) {
  return remove_where(
      [&](const Entry& entry) { return is_expired(entry, now) || !is_current(entry); },
      RemovalCause::kExpired);
}

std::uint64_t Shard::remove_due(std::size_t at_most) {
  constexpr std::size_t kLooks = 4 * kRemovalSlice;
  std::array<Entry*, kRemovalSlice> due;
  std::uint64_t removed = 0;
  for (bool more = true; more && removed < at_most;) {
    Departures gone(commons_.limbo);
    const MutexLock lock(mutex_);
    const Instant now = commons_.clock->coarse_now();
    const std::size_t room = std::min<std::size_t>(due.size(), at_most - removed);
    const std::size_t count = wheel_.take(now, std::span(due.data(), room), kLooks, false);
    for (std::size_t at = 0; at < count; ++at) remove(due[at], RemovalCause::kExpired, gone);
    removed += count;
    more = wheel_.is_behind(now);
    settle();
  }
  for (int step = 0; step < kIdleSweeps && removed < at_most; ++step) {
    Departures gone(commons_.limbo);
    const MutexLock lock(mutex_);
    if (cells_.dead() == 0) break;
    removed += sweep_stale(at_most - removed, gone);
    settle();
  }
  return removed;
}

// Looks at a slice for what is no longer current, where no write comes by to do it.
std::uint64_t Shard::sweep_stale(std::size_t at_most, Departures& gone) {
  std::array<Entry*, kRemovalSlice> stale;
  const std::size_t room = std::min(at_most, stale.size());
  std::size_t count = 0;
  const auto next = table_.walk(hand_, kRemovalSlice, [&](Entry* entry) {
    if (!is_current(*entry) && count < room) stale[count++] = entry;
  });
  hand_ = next.value_or(0);
  for (std::size_t at = 0; at < count; ++at) remove(stale[at], RemovalCause::kInvalidated, gone);
  return count;
}

void Shard::set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes, std::size_t shards) {
  const MutexLock lock(mutex_);
  newcomer_ = nullptr;  // It may be larger than the bound now.
  order_.set_bounds(max_entries, max_bytes, shards);
}

void Shard::set_listener(std::shared_ptr<const DepartureListener> listener) {
  // The former one goes after the lock.
  const MutexLock lock(mutex_);
  listener_.swap(listener);
}

void Shard::add_to(TierStats& stats) const {
  const MutexLock lock(mutex_);
  stats.entries += cells_.current();
  stats.bytes += static_cast<std::uint64_t>(held().bytes);
  stats.stored += counters_.stored;
  stats.refused += counters_.refused;
  stats.declined += counters_.declined;
  for (std::size_t cause = 0; cause < counters_.removals.size(); ++cause) {
    stats.removals[cause] += counters_.removals[cause];
  }
}

void Shard::add_to(StructureSizes& sizes) const {
  const MutexLock lock(mutex_);
  sizes.table_slots += table_.capacity();
  sizes.residents += order_.entries();
  sizes.dead += cells_.dead();
  sizes.cells += cells_.size();
  sizes.labels += index_.label_count();
  sizes.label_slots += index_.slot_count();
  sizes.postings += index_.posting_count();
  sizes.ghost_bytes += order_.footprint_bytes();
}

Room::Amount Shard::check_invariants(Holdings& tenants) const {
  const MutexLock lock(mutex_);
  index_.check_invariants();
  wheel_.check_invariants();
  order_.check_invariants();
  order_.add_to(tenants);
  table_.check_invariants();
  STRATA_ASSERT(cleared_ <= generation_);

  // (1), from the table to the rest ...
  std::unordered_set<const Entry*> residents;
  table_.walk(0, SIZE_MAX, [&](const Entry* entry) STRATA_NO_ANALYSIS {
    STRATA_ASSERT(find(entry->hash(), entry->key_text()) == entry);
    STRATA_ASSERT(residents.insert(entry).second);
    STRATA_ASSERT(entry->residence.cell != nullptr);
    STRATA_ASSERT(entry->residence.generation <= generation_);
    STRATA_ASSERT(entry->weight == charge_bytes(*entry));
    STRATA_ASSERT(queue_of(*entry) != 0);
    const TenantNumber tenant = order_.is_divided() ? commons_.tenants.find(entry->group()) : kRest;
    STRATA_ASSERT(entry->residence.partition.load(std::memory_order_relaxed) == tenant);
    for (const Label& label : entry->labels()) {
      STRATA_ASSERT(index_.contains(label.id(), *entry));
      if (label.kind() == LabelKind::kKey) STRATA_ASSERT(commons_.carried.may_carry(label.id()));
    }
  });
  // ... and back.
  STRATA_ASSERT(order_.entries() == residents.size());
  index_.for_each([&](LabelId label, const Entry* entry) {
    STRATA_ASSERT(residents.contains(entry));
    const std::span<const Label> labels = entry->labels();
    STRATA_ASSERT(std::any_of(labels.begin(), labels.end(),
                              [&](const Label& one) { return one.id() == label; }));
  });
  cells_.check_invariants([&](const auto& visit) {
    for (const Entry* entry : residents) visit(*entry);
  });

  // (4), (5), and what is counted.
  STRATA_ASSERT(settled_ == held());
  STRATA_ASSERT(newcomer_ == nullptr || residents.contains(newcomer_));
  std::uint64_t left = 0;
  for (const std::uint64_t removals : counters_.removals) left += removals;
  STRATA_ASSERT(counters_.stored == left + cells_.current());
  return settled_;
}

}  // namespace strata::memory
