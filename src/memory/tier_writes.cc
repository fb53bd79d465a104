// The memory tier's fills and puts, and the room that they need.
#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/yield_point.h"
#include "memory/charge.h"
#include "memory/residence.h"
#include "memory/tier.h"

namespace strata::memory {
namespace {

// Every kSweepWrites-th write looks at kSweepPlaces places for entries that can go and are not in
// the wheel; every write does while there are any whose group was invalidated.
constexpr std::uint64_t kSweepWrites = 64;
constexpr std::size_t kSweepPlaces = 16;
// What a write removes of what has expired, and how much it looks at for that.
constexpr std::size_t kDueEntries = 16;
constexpr std::size_t kDueLooks = 64;

}  // namespace

// What a fill or put brings, and what is computed from it before any lock is taken.
struct MemoryTier::Offer {
  EntryRef entry;  // empty: an erase
  Ticket ticket;
  std::string_view key_text;
  LabelId key_label;
  std::uint64_t hash = 0;
  std::uint64_t charge = 0;
  std::uint64_t room = 0;  // the charge, with labels that nothing may carry yet
};

bool MemoryTier::refuses(const Entry& entry, LabelId key_label, Ticket ticket) const {
  if (labels_.invalidated_after(key_label, ticket)) return true;
  if (entry.group() != nullptr && labels_.invalidated_after(entry.group()->ids, ticket)) {
    return true;
  }
  const std::span<const Label> labels = entry.labels();
  return std::any_of(labels.begin(), labels.end(), [&](const Label& label) STRATA_NO_ANALYSIS {
    return labels_.invalidated_after(label.id(), ticket);
  });
}

FillOutcome MemoryTier::fill(EntryRef entry, Ticket ticket) {
  STRATA_ASSERT(entry);
  STRATA_YIELD("memory.fill.begin");
  const std::string_view text = entry->key_text();
  Offer offer{.entry = std::move(entry),
              .ticket = ticket,
              .key_text = text,
              .key_label = label_id(LabelKind::kKey, text)};
  offer.hash = offer.entry->hash();
  offer.charge = charge_bytes(*offer.entry);
  offer.room = room_bytes(*offer.entry);
  for (std::size_t slice = 0; slice < kRoomSlices; ++slice) {
    Departures gone(limbo_);
    const MutexLock lock(mutex_);
    const std::optional<FillOutcome> outcome = try_fill(offer, gone);
    if (outcome) return *outcome;
  }
  const MutexLock lock(mutex_);
  ++counters_.declined;
  return FillOutcome::kDeclined;
}

FillOutcome MemoryTier::put(KeyRef key, EntryRef entry, Ticket ticket, RemovalCause cause) {
  STRATA_ASSERT(!entry || entry->has_key(key));
  STRATA_YIELD("memory.put.begin");
  Offer offer{.entry = std::move(entry),
              .ticket = ticket,
              .key_text = key.text,
              .key_label = label_id(LabelKind::kKey, key.text),
              .hash = key.hash};
  if (offer.entry) {
    offer.charge = charge_bytes(*offer.entry);
    offer.room = room_bytes(*offer.entry);
  }
  std::optional<FillOutcome> outcome;
  for (std::size_t slice = 0; !outcome; ++slice) {
    if (slice == kRoomSlices) offer.entry = EntryRef();  // No room: what remains is an erase.
    Departures gone(limbo_);
    const MutexLock lock(mutex_);
    if (slice == kRoomSlices) ++counters_.declined;
    outcome = try_put(offer, cause, gone);
  }
  remove_doomed({&offer.key_label, 1});
  return *outcome;
}

// Returns nothing when it made room, but not yet enough: to be called again, without the lock
// in between.
std::optional<FillOutcome> MemoryTier::try_fill(Offer& offer, Departures& gone) {
  const bool unchecked = STRATA_MUTANT(kNoTickets) || STRATA_MUTANT(kMemoryFillUnchecked);
  if (!unchecked && refuses(*offer.entry, offer.key_label, offer.ticket)) {
    ++counters_.refused;
    return FillOutcome::kRefused;
  }
  sweep(gone);
  Entry* former = find(offer.hash, offer.key_text);
  if (!make_room(offer, former, gone)) return std::nullopt;
  return accept(offer, former, RemovalCause::kReplaced, gone);
}

// As try_fill(). The comparison comes before the put's own raise, and nothing is changed before
// there is room, except by making it.
std::optional<FillOutcome> MemoryTier::try_put(Offer& offer, RemovalCause cause, Departures& gone) {
  const bool wanted = static_cast<bool>(offer.entry);
  const bool refused = wanted && !STRATA_MUTANT(kPutUnconditional) &&
                       refuses(*offer.entry, offer.key_label, offer.ticket);
  sweep(gone);
  Entry* former = find(offer.hash, offer.key_text);
  if (wanted && !refused && !make_room(offer, former, gone)) return std::nullopt;

  const Ticket raised = raise({&offer.key_label, 1});
  count(RemovalCause::kInvalidated, doom(offer.key_label, raised));
  if (wanted && !refused) return accept(offer, former, cause, gone);
  if (former != nullptr) remove(former, cause, gone);
  if (refused) ++counters_.refused;
  return refused ? FillOutcome::kRefused : FillOutcome::kDeclined;
}

bool MemoryTier::could_fit(const Offer& offer) const {
  return offer.room <= std::min<std::uint64_t>(max_bytes_, UINT32_MAX);
}

// Publishes the offer, for which there is room unless it is too large or the tier is off. The
// former entry goes in any case: it was replaced, even if what replaces it is not kept.
FillOutcome MemoryTier::accept(Offer& offer, Entry* former, RemovalCause cause, Departures& gone) {
  if (!could_fit(offer) || !publish(offer, former)) {
    if (former != nullptr) remove(former, cause, gone);
    ++counters_.declined;
    return FillOutcome::kDeclined;
  }
  if (former != nullptr) let_go(former, cause, gone);
  ++counters_.stored;
  return FillOutcome::kStored;
}

// Enters the entry everywhere, the table last. Returns false, and leaves everything as it was,
// when memory cannot be had.
bool MemoryTier::publish(Offer& offer, Entry* former) {
  Entry& entry = *offer.entry;
  STRATA_ASSERT(entry.residence.cell == nullptr);  // Nobody published it before.
  entry.weight = static_cast<std::uint32_t>(offer.charge);
  try {
    cells_.enter(entry, labels_.position());
  } catch (const std::bad_alloc&) {
    return false;
  }
  EntryTable& table = table_of(offer.hash);
  try {
    index_.add(entry);
    if (former != nullptr) {
      table.replace(former, &entry);
    } else {
      table.insert(&entry);
    }
  } catch (const std::bad_alloc&) {
    index_.remove(entry);
    cells_.leave(entry);
    entry.residence.cell = nullptr;
    return false;
  }
  if (former != nullptr) {
    policy().replace(*former, entry);
  } else {
    policy().insert(entry);
  }
  wheel_.add(entry);
  static_cast<void>(offer.entry.release());  // The table's reference from now on.
  return true;
}

// Evicts until the offer fits, its former entry not counted. Returns whether it does, or never
// will, in which case nothing is evicted.
bool MemoryTier::make_room(const Offer& offer, Entry*& former, Departures& gone) {
  if (!could_fit(offer)) return true;
  const bool former_expires = former != nullptr && former->residence.wheel_slot != 0;
  const std::uint64_t former_charge =
      (former == nullptr ? 0 : former->weight) + (former_expires ? kWheelShareBytes : 0);
  const std::uint64_t former_count = former == nullptr ? 0 : 1;
  const std::uint64_t max_entries =
      max_entries_ == 0 ? UINT64_MAX : max_entries_ - 1 + former_count;
  if (evict(max_entries, max_bytes_ - offer.room + former_charge, former, gone)) return true;
  // Nothing is left but the former entry, whose labels take room too.
  if (former == nullptr || policy().entries() > 1) return false;
  remove(former, RemovalCause::kEvicted, gone);
  former = nullptr;
  return true;
}

// Evicts until the tier holds at most so much, `spared` excepted; at most one slice. Returns
// whether it got there.
bool MemoryTier::evict(std::uint64_t max_entries, std::uint64_t max_bytes, const Entry* spared,
                       Departures& gone) {
  const auto enough = [&]() STRATA_REQUIRES(mutex_) {
    return policy().entries() <= max_entries && used_bytes() <= max_bytes;
  };
  if (enough()) return true;
  remove_due(true, spared, gone);
  if (enough()) return true;
  const Instant now = clock_->coarse_now();
  for (std::size_t removed = 0; removed < kRemovalSlice; ++removed) {
    auto* victim = static_cast<Entry*>(policy().evict(spared));
    if (victim == nullptr) break;
    table_of(victim->hash()).erase(victim);
    let_go(victim, is_expired(*victim, now) ? RemovalCause::kExpired : RemovalCause::kEvicted,
           gone);
    if (enough()) return true;
  }
  return enough();
}

void MemoryTier::remove_due(bool exactly, const Entry* spared, Departures& gone) {
  std::array<Entry*, kDueEntries> due;
  const std::size_t count = wheel_.take(clock_->coarse_now(), due, kDueLooks, exactly);
  for (std::size_t at = 0; at < count; ++at) {
    if (due[at] == spared) {
      wheel_.add(*due[at]);  // The caller goes on with it.
    } else {
      remove(due[at], RemovalCause::kExpired, gone);
    }
  }
}

// Removes what has expired; and a hand goes around the tables and removes what nobody can be given
// any more.
void MemoryTier::sweep(Departures& gone) {
  remove_due(false, nullptr, gone);
  if (++writes_ % kSweepWrites != 0 && cells_.dead() == 0) return;
  constexpr std::size_t kSeenMax = 2 * kSweepPlaces;
  std::array<Entry*, kSeenMax> seen;
  std::size_t count = 0;
  hand_ = walk(hand_, kSweepPlaces, [&](Entry* entry) {
    if (count == kSeenMax) return;  // It is seen when the hand comes around again.
    __builtin_prefetch(&entry->residence);
    seen[count++] = entry;
  });
  const Instant now = clock_->coarse_now();
  for (std::size_t at = 0; at < count; ++at) {
    if (is_current(*seen[at]) && !is_expired(*seen[at], now)) continue;
    remove(seen[at], RemovalCause::kExpired, gone);
  }
}

}  // namespace strata::memory
