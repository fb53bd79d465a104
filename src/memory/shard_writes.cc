// A shard's fills and puts, and the room that they need.
#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/prefetch.h"
#include "core/yield_point.h"
#include "memory/charge.h"
#include "memory/policy/worth.h"
#include "memory/residence.h"
#include "memory/shard.h"

namespace strata::memory {
namespace {

// Every write looks at kSweepPlaces places for entries that can go and are not in the wheel while
// there are any whose group was invalidated; every kSweepWrites-th does if there may be others.
constexpr std::uint64_t kSweepWrites = 64;
constexpr std::size_t kSweepPlaces = 16;
// What a write removes of what has expired, and how much it looks at for that.
constexpr std::size_t kDueEntries = 16;
constexpr std::size_t kDueLooks = 64;

}  // namespace

// What a write reads lies in a dozen places of memory, and one leads to the next: the table to the
// former entry; the queue to the victim, that to its place in the table and in the wheel. So that
// they are not waited for one after the other, they are fetched as soon as they are known: where
// a put's key is before the offer is made (that of a fill was just looked for); the victim when the
// one before it has left; all that they lead to as soon as the lock is there.
void Shard::prefetch_change(std::uint64_t hash) const {
  const std::uint64_t place = commons_.placement.place(hash);
  table_.prefetch_change(place);
  order_.prefetch(hash);
  if (const Entry* const victim = order_.next_victim()) {
    table_.prefetch_change(commons_.placement.place(victim->hash()));
  }
  prefetch_entry(table_.guess(table_.begin(place)));
}

bool Shard::fill(Offer& offer) {
  Departures gone(commons_.limbo);
  const MutexLock lock(mutex_);
  prefetch_change(offer.hash);
  const bool is_done = try_fill(offer, gone);
  return_quota(offer);
  settle();
  offer.spend(gone.size());
  return is_done;
}

bool Shard::put(Offer& offer, RemovalCause cause, Ticket& raised) {
  Departures gone(commons_.limbo);
  const MutexLock lock(mutex_);
  prefetch_change(offer.hash);
  const bool is_done = try_put(offer, cause, raised, gone);
  return_quota(offer);
  settle();
  offer.spend(gone.size());
  return is_done;
}

void Shard::count_declined() {
  const MutexLock lock(mutex_);
  ++counters_.declined;
}

// Returns false when it made room, but not enough.
bool Shard::try_fill(Offer& offer, Departures& gone) {
  const bool unchecked = STRATA_MUTANT(kNoTickets) || STRATA_MUTANT(kMemoryFillUnchecked);
  if (!unchecked && commons_.numbers.refuses(*offer.entry(), offer.key_label, offer.ticket)) {
    ++counters_.refused;
    offer.outcome = FillOutcome::kRefused;
    return true;
  }
  sweep(offer.now, gone);
  Entry* former = find(offer.hash, offer.key_text);
  if (!take_room(offer, former, gone)) return false;
  accept(offer, former, RemovalCause::kReplaced, gone);
  return true;
}

// As try_fill(). Nothing is changed before there is room, except by making it. Then the comparison
// and the put's own raise are one step.
bool Shard::try_put(Offer& offer, RemovalCause cause, Ticket& raised, Departures& gone) {
  const bool wanted = offer.entry() != nullptr;
  sweep(offer.now, gone);
  Entry* former = find(offer.hash, offer.key_text);
  if (former != nullptr) {
    internal::prefetch_for_write(former->next);
    internal::prefetch_for_write(former->previous);
  }
  const bool checks = wanted && !STRATA_MUTANT(kPutUnconditional);
  const bool is_refused =
      checks && commons_.numbers.refuses(*offer.entry(), offer.key_label, offer.ticket);
  if (wanted && !is_refused && !take_room(offer, former, gone)) return false;

  const LabelNumbers::Raised raise =
      commons_.numbers.compare_and_raise(offer.entry(), offer.key_label, offer.ticket);
  raised = raise.number;
  count(RemovalCause::kInvalidated, doom(offer.key_label, raised));
  const bool refused = checks && raise.refused;
  if (wanted && !refused) {
    accept(offer, former, cause, gone);
    return true;
  }
  if (former != nullptr) remove(former, cause, gone);
  if (refused) ++counters_.refused;
  offer.outcome = refused ? FillOutcome::kRefused : FillOutcome::kDeclined;
  return true;
}

bool Shard::could_fit(const Offer& offer) const {
  if (offer.room > std::min<std::uint64_t>(commons_.room.max_bytes(), UINT32_MAX)) return false;
  if (!order_.is_divided()) return true;
  return !offer.is_homeless && offer.charge <= commons_.tenants.at(offer.tenant).room.max_bytes();
}

// Publishes the offer, for which there is room unless it is too large or the tier is off. The
// former entry goes in any case: it was replaced, even if what replaces it is not kept.
void Shard::accept(Offer& offer, Entry* former, RemovalCause cause, Departures& gone) {
  if (!offer.fits || !publish(offer, former)) {
    if (former != nullptr) remove(former, cause, gone);
    ++counters_.declined;
    offer.outcome = FillOutcome::kDeclined;
    return;
  }
  if (former != nullptr) let_go(former, cause, gone);
  ++counters_.stored;
  offer.outcome = FillOutcome::kStored;
}

// Enters the entry everywhere, the table last. Returns false, and leaves everything as it was,
// when memory cannot be had.
bool Shard::publish(Offer& offer, Entry* former) {
  Entry& entry = *offer.entry();
  STRATA_ASSERT(entry.residence.cell == nullptr);  // Nobody published it before.
  entry.weight = static_cast<std::uint32_t>(offer.charge);
  entry.residence.partition.store(offer.tenant, std::memory_order_relaxed);
  set_cost_class(entry, cost_class_of(entry.load_cost()));
  try {
    cells_.enter(entry, generation_);
  } catch (const std::bad_alloc&) {
    return false;
  }
  try {
    index_.add(entry);
    if (former != nullptr) {
      table_.replace(former, &entry);
    } else {
      table_.insert(&entry);
    }
  } catch (const std::bad_alloc&) {
    index_.remove(entry);
    cells_.leave(entry);
    entry.residence.cell = nullptr;
    return false;
  }
  if (former != nullptr) {
    order_.replace(*former, entry, offer.tenant);
  } else {
    order_.insert(entry, offer.tenant);
  }
  wheel_.add(entry);
  if (offer.is_beyond) newcomer_ = &entry;
  offer.borrowed = {};
  offer.published();
  return true;
}

void Shard::find_tenant(Offer& offer) {
  offer.tenant = commons_.tenants.find(offer.entry()->group());
  offer.is_homeless = !order_.prepare(offer.tenant);
}

// Takes what the offer needs of its tenant's quota, and evicts entries of the tenant for it.
// Returns whether it was taken.
bool Shard::take_quota(Offer& offer, const Entry* former, Departures& gone) {
  Room& quota = commons_.tenants.at(offer.tenant).room;
  const Room::Amount need = offer.need_of_tenant(former);
  const Room::Amount before = order_.held_of(offer.tenant);
  Room::Given& others = offer.tenant_given;
  if (others.amount == Room::Amount{}) others.held_before = quota.held();
  const auto given = [&] { return others.with(before - order_.held_of(offer.tenant)); };
  bool is_taken = evict([&] { return quota.take(need, given()); }, offer.tenant, former, offer.work,
                        offer.now, gone);
  if (!is_taken && gone.size() >= offer.work) {
    is_taken = offer.is_beyond = quota.take_beyond(need, given());
  }
  if (is_taken) {
    offer.borrowed = need;
    return true;
  }
  offer.lacking = need;
  offer.exceeds_quota = true;
  return false;
}

// Of an offer that was not published after all, or that has to come again.
void Shard::return_quota(Offer& offer) {
  if (offer.borrowed == Room::Amount{}) return;
  commons_.tenants.at(offer.tenant).room.adjust(Room::Amount{} - offer.borrowed);
  offer.borrowed = {};
}

// Takes room for the offer, its former entry not counted, and evicts for it. Returns whether the
// offer has room, or will not get any, in which case it does not fit.
//
// If what may leave in one call is not enough, a newcomer takes room beyond the bound of bytes, as
// long as nobody else has: the next calls and the upkeep make the rest of the room, and leave it
// alone until then. While the bounds are exceeded, whoever comes gives up as much as it brings.
bool Shard::take_room(Offer& offer, Entry*& former, Departures& gone) {
  if (order_.is_divided()) find_tenant(offer);
  offer.fits = could_fit(offer);
  if (!offer.fits) return true;
  offer.exceeds_quota = false;
  offer.is_beyond = false;
  if (order_.is_divided() && !take_quota(offer, former, gone)) return !come_again(offer, gone);
  if (offer.given.amount == Room::Amount{}) offer.given.held_before = commons_.room.held();
  const auto took = [&]() STRATA_REQUIRES(mutex_) { return take_by(&Room::take, offer, former); };
  if (evict(took, Partitions::kFullest, former, offer.work, offer.now, gone)) return true;
  if (gone.size() >= offer.work && take_by(&Room::take_beyond, offer, former)) {
    offer.is_beyond = true;
    return true;
  }
  // Unless nothing is left anywhere but the former entry, whose labels take room too.
  if (former == nullptr || commons_.room.entries() > 1) return !come_again(offer, gone);
  return_quota(offer);
  remove(former, RemovalCause::kEvicted, gone);
  former = nullptr;
  return (!order_.is_divided() || take_quota(offer, former, gone)) && took();
}

// One step with telling what was evicted for it.
bool Shard::take_by(TakeRoom take, const Offer& offer, const Entry* former) {
  const Room::Amount with_offer = held() + offer.need(former);
  if (!(commons_.room.*take)(with_offer - settled_, offer.given)) return false;
  settled_ = with_offer;
  return true;
}

// Whether other shards can still make room in this call for an offer that found none here.
bool Shard::come_again(Offer& offer, const Departures& gone) {
  offer.fits = gone.size() < offer.work;
  return offer.fits;
}

void Shard::make_room(Offer& offer) {
  Departures gone(commons_.limbo);
  const MutexLock lock(mutex_);
  if (offer.exceeds_quota && !order_.is_divided()) return;  // Nothing is the tenant's here.
  const Room::Amount held_before = held();
  const Room::Amount tenant_before = order_.held_of(offer.tenant);
  if (offer.exceeds_quota) {
    const Room& quota = commons_.tenants.at(offer.tenant).room;
    const auto enough = [&] {
      const Room::Amount given = tenant_before - order_.held_of(offer.tenant);
      return quota.allows(offer.lacking, offer.tenant_given.with(given));
    };
    evict(enough, offer.tenant, nullptr, offer.work, offer.now, gone);
    settle();
  } else {
    const Room::Amount need = offer.need(nullptr);
    const auto enough = [&]() STRATA_REQUIRES(mutex_) {
      settle();
      return commons_.room.allows(need, offer.given.with(held_before - held()));
    };
    evict(enough, Partitions::kFullest, nullptr, offer.work, offer.now, gone);
  }
  offer.given = offer.given.with(held_before - held());
  offer.tenant_given = offer.tenant_given.with(tenant_before - order_.held_of(offer.tenant));
  offer.spend(gone.size());
}

std::size_t Shard::shrink(std::size_t at_most) {
  Departures gone(commons_.limbo);
  const MutexLock lock(mutex_);
  evict(
      [&]() STRATA_REQUIRES(mutex_) {
        settle();
        return commons_.room.has({});
      },
      Partitions::kFullest, nullptr, std::min(at_most, kRemovalSlice), commons_.clock->coarse_now(),
      gone);
  return gone.size();
}

std::size_t Shard::shrink(TenantNumber tenant, std::size_t at_most) {
  Departures gone(commons_.limbo);
  const MutexLock lock(mutex_);
  if (!order_.is_divided()) return 0;  // Nothing is the tenant's here.
  const Room& quota = commons_.tenants.at(tenant).room;
  evict([&] { return quota.has({}); }, tenant, nullptr, std::min(at_most, kRemovalSlice),
        commons_.clock->coarse_now(), gone);
  settle();
  return gone.size();
}

// What comes from the first step on is the tenant's at once, so that a walk finds all the others.
// What there is no partition for has to leave.
void Shard::adopt(TenantNumber tenant) {
  {
    const MutexLock lock(mutex_);
    order_.divide();
  }
  remove_where(
      [&](Entry& entry) STRATA_NO_ANALYSIS {
        return commons_.tenants.find(entry.group()) == tenant && !order_.move(entry, tenant);
      },
      RemovalCause::kEvicted);
}

// Evicts until `enough()`, entries of `from` and not `spared`, and not the newcomer for which room
// is still made; until `at_most` entries are gone by this step. Returns whether it got there.
template <typename Enough>
bool Shard::evict(const Enough& enough, TenantNumber from, const Entry* spared, std::size_t at_most,
                  Instant now, Departures& gone) {
  if (enough()) return true;
  if (wheel_.has_work(now, true)) {
    remove_due(now, true, spared, at_most, gone);
    if (enough()) return true;
  }
  spared = spared_beside(spared);
  while (gone.size() < at_most) {
    Entry* victim = order_.evict(from, spared);
    if (victim == nullptr) return false;
    table_.erase(victim);
    let_go(victim, is_expired(*victim, now) ? RemovalCause::kExpired : RemovalCause::kEvicted,
           gone);
    if (!enough()) continue;
    prefetch_entry(order_.next_victim());
    return true;
  }
  return false;
}

const Entry* Shard::spared_beside(const Entry* spared) {
  if (newcomer_ == nullptr) return spared;
  bool is_owed = !commons_.room.has({});
  if (order_.is_divided()) {
    const Room& quota =
        commons_.tenants.at(newcomer_->residence.partition.load(std::memory_order_relaxed)).room;
    // It stays no longer if the quota was lowered so far that it has no room in it.
    is_owed = newcomer_->weight <= quota.max_bytes() && (is_owed || !quota.has({}));
  }
  if (!is_owed) newcomer_ = nullptr;
  return spared != nullptr ? spared : newcomer_;
}

void Shard::remove_due(Instant now, bool exactly, const Entry* spared, std::size_t at_most,
                       Departures& gone) {
  std::array<Entry*, kDueEntries> due;
  const std::size_t room = std::min(due.size(), at_most - std::min(at_most, gone.size()));
  const std::size_t count = wheel_.take(now, std::span(due.data(), room), kDueLooks, exactly);
  for (std::size_t at = 0; at < count; ++at) {
    if (due[at] == spared) {
      wheel_.add(*due[at]);  // The caller goes on with it.
    } else {
      remove(due[at], RemovalCause::kExpired, gone);
    }
  }
}

// Removes what has expired; and a hand goes around the table and removes what nobody can be given
// any more: whose group was invalidated, or what has expired and found no room in the wheel.
void Shard::sweep(Instant now, Departures& gone) {
  if (wheel_.has_work(now, false)) remove_due(now, false, nullptr, kDueEntries, gone);
  if (cells_.dead() == 0 && (wheel_.left_out() == 0 || ++writes_ % kSweepWrites != 0)) return;
  constexpr std::size_t kSeenMax = 2 * kSweepPlaces;
  std::array<Entry*, kSeenMax> seen;
  std::size_t count = 0;
  const auto next = table_.walk(hand_, kSweepPlaces, [&](Entry* entry) {
    if (count == kSeenMax) return;  // It is seen when the hand comes around again.
    __builtin_prefetch(&entry->residence);
    seen[count++] = entry;
  });
  hand_ = next.value_or(0);
  for (std::size_t at = 0; at < count; ++at) {
    if (is_current(*seen[at]) && !is_expired(*seen[at], now)) continue;
    remove(seen[at], RemovalCause::kExpired, gone);
  }
}

}  // namespace strata::memory
