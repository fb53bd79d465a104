// The memory tier's reads: one key, many keys, and slices of everything.
#include <algorithm>
#include <array>
#include <bit>

#include "core/assert.h"
#include "core/mutant.h"
#include "memory/epochs.h"
#include "memory/key_match.h"
#include "memory/residence.h"
#include "memory/tier.h"

namespace strata::memory {
namespace {

// Keys of one batch whose memory is fetched at the same time.
constexpr std::size_t kBatchKeys = 64;
// Places that one step of a scan looks at.
constexpr std::size_t kScanPlaces = 256;
// A scan's cursor is the number of a shard in its top bits, and a cursor of the shard's table.
constexpr unsigned kShardShift = 44;

}  // namespace

[[gnu::always_inline]] inline bool MemoryTier::is_servable(const Entry& entry) const {
  const bool current = STRATA_MUTANT(kCellNotCompared) || is_current(entry);
  return current &&
         (entry.keep_until() == kNever || !is_expired(entry, commons_.clock->coarse_now()));
}

// The entry of a key in its shard, or nullptr. `mixed`: Placement::mixed() of the key's hash.
[[gnu::always_inline]] inline Entry* MemoryTier::look(const KeyRef& key, const Shard& shard,
                                                      std::uint64_t mixed) const {
  return shard.table().find(commons_.placement.place_of_mixed(mixed), KeyMatch{&key});
}

// Tells the policy of a use: most of them read marks, later; to some it has to be told in order.
[[gnu::always_inline]] inline void MemoryTier::note_hit(const KeyRef& key, Shard& shard,
                                                        Entry& entry) {
  Controller* const controller = policies_.controller.get();
  if (controller != nullptr && controller->samples(key.hash)) [[unlikely]] {
    controller->look_up(key.text,
                        {.hash = key.hash, .weight = entry.weight, .kind = UseKind::kHit});
  }
  mark_use(entry, shard.marks(entry));
  if (wants_hits_) shard.tell_hit(entry);
}

// `entry`: what is there and is no hit, or nullptr.
[[gnu::noinline]] void MemoryTier::note_miss(const KeyRef& key, const Entry* entry) {
  Controller* const controller = policies_.controller.get();
  if (controller == nullptr || !controller->samples(key.hash)) return;
  const UseKind kind = entry == nullptr ? UseKind::kMiss : UseKind::kGone;
  controller->look_up(key.text, {.hash = key.hash, .weight = 0, .kind = kind});
}

// Calls use(entry) for a hit, within the guard, and returns whether it is one. `slot`:
// internal::current_thread_slot.
template <typename Guard, typename Use>
[[gnu::always_inline]] inline bool MemoryTier::read(unsigned slot, const KeyRef& key,
                                                    const Use& use) {
  const std::uint64_t mixed = commons_.placement.mixed(key.hash);
  Shard& shard = shard_at(mixed);
  {
    const Guard guard(slot);
    Entry* const entry = look(key, shard, mixed);
    if (entry != nullptr && is_servable(*entry)) [[likely]] {
      reads_.add_hits(guard.slot(), 1);
      note_hit(key, shard, *entry);
      use(*entry);
      return true;
    }
    reads_.add_misses(guard.slot(), 1);
    note_miss(key, entry);
    if (entry == nullptr) return false;
  }
  shard.remove_if_gone(key);
  return false;
}

EntryRef MemoryTier::get(const KeyRef& key) {
  const unsigned slot = internal::current_thread_slot;
  if (!OutermostGuard::is_possible(slot)) [[unlikely]]
    return get_slowly(key);
  EntryRef shared;
  read<OutermostGuard>(slot, key, [&](Entry& entry) { shared = share(&entry); });
  return shared;
}

// By a thread that is visiting already, or that has not, or may not have, a slot of its own.
[[gnu::noinline]] EntryRef MemoryTier::get_slowly(const KeyRef& key) {
  EntryRef shared;
  read<EpochGuard>(internal::current_thread_slot, key,
                   [&](Entry& entry) { shared = share(&entry); });
  return shared;
}

bool MemoryTier::visit(const KeyRef& key, Visitor visitor, void* context) {
  const unsigned slot = internal::current_thread_slot;
  if (!OutermostGuard::is_possible(slot)) [[unlikely]]
    return visit_slowly(key, visitor, context);
  return read<OutermostGuard>(slot, key, [&](const Entry& entry) { visitor(context, entry); });
}

// As get_slowly().
[[gnu::noinline]] bool MemoryTier::visit_slowly(const KeyRef& key, Visitor visitor, void* context) {
  if (may_nest_guards()) {
    return read<EpochGuard>(internal::current_thread_slot, key,
                            [&](const Entry& entry) { visitor(context, entry); });
  }
  // The visitor's own reads would wait for this one.
  const EntryRef entry = get(key);
  if (entry) visitor(context, *entry);
  return static_cast<bool>(entry);
}

EntryRef MemoryTier::peek(const KeyRef& key) const {
  const EpochGuard guard;
  const std::uint64_t mixed = commons_.placement.mixed(key.hash);
  Entry* const entry = look(key, shard_at(mixed), mixed);
  return entry != nullptr && is_servable(*entry) ? share(entry) : EntryRef();
}

void MemoryTier::get_many(std::span<const KeyRef> keys, std::span<EntryRef> entries) {
  STRATA_ASSERT(keys.size() == entries.size());
  // What the caller held there is let go of before any guard.
  for (EntryRef& entry : entries) entry = EntryRef();
  for (std::size_t begin = 0; begin < keys.size(); begin += kBatchKeys) {
    const std::size_t count = std::min(kBatchKeys, keys.size() - begin);
    get_batch(keys.subspan(begin, count), entries.subspan(begin, count));
  }
}

// Three rounds: fetch the buckets, fetch the entries that are probably there, look. Each round
// waits for memory once instead of once for each key.
void MemoryTier::get_batch(std::span<const KeyRef> keys, std::span<EntryRef> entries) {
  std::array<std::uint64_t, kBatchKeys> mixed;
  std::array<EntryTable::Search, kBatchKeys> searches;
  std::array<Entry*, kBatchKeys> guesses;
  std::uint64_t gone = 0;  // a bit for each key
  static_assert(kBatchKeys <= 64);
  {
    const EpochGuard guard;
    for (std::size_t at = 0; at < keys.size(); ++at) {
      mixed[at] = commons_.placement.mixed(keys[at].hash);
      searches[at] =
          shard_at(mixed[at]).table().begin(commons_.placement.place_of_mixed(mixed[at]));
    }
    for (std::size_t at = 0; at < keys.size(); ++at) {
      guesses[at] = EntryTable::guess(searches[at]);
      if (guesses[at] != nullptr) prefetch_hit(*guesses[at], keys[at].text.size());
    }
    std::size_t hits = 0;
    for (std::size_t at = 0; at < keys.size(); ++at) {
      const KeyRef& key = keys[at];
      Shard& shard = shard_at(mixed[at]);
      Entry* entry = guesses[at];
      if (entry == nullptr || !KeyMatch{&key}(*entry)) [[unlikely]]
        entry = look(key, shard, mixed[at]);
      if (entry != nullptr && is_servable(*entry)) [[likely]] {
        ++hits;
        note_hit(key, shard, *entry);
        entries[at] = share(entry);
        continue;
      }
      note_miss(key, entry);
      if (entry != nullptr) gone |= std::uint64_t{1} << at;
    }
    reads_.add_hits(guard.slot(), hits);
    reads_.add_misses(guard.slot(), keys.size() - hits);
  }
  for (; gone != 0; gone &= gone - 1) {
    const auto at = static_cast<std::size_t>(std::countr_zero(gone));
    shard_at(mixed[at]).remove_if_gone(keys[at]);
  }
}

std::uint64_t MemoryTier::scan(std::uint64_t cursor, std::vector<EntryRef>& entries) const {
  const Instant now = commons_.clock->coarse_now();
  const std::uint64_t at = cursor >> kShardShift;
  const std::uint64_t within = cursor & ((std::uint64_t{1} << kShardShift) - 1);
  if (at >= shards_.size()) return 0;
  const EpochGuard guard;
  const auto next = shards_[at]->table().walk(within, kScanPlaces, [&](Entry* entry) {
    if (is_current(*entry) && !is_expired(*entry, now)) entries.push_back(share(entry));
  });
  if (next) return at << kShardShift | *next;
  return at + 1 == shards_.size() ? 0 : (at + 1) << kShardShift;
}

}  // namespace strata::memory
