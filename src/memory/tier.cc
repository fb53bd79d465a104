// The memory tier: what its reads, writes, invalidations and upkeep have in common.
#include "memory/tier.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/assert.h"
#include "memory/residence.h"

namespace strata {
namespace memory {
namespace {

constexpr std::size_t kShardsMax = 1024;
constexpr std::uint64_t kShardsAuto = 64;
constexpr std::uint64_t kBytesPerShardAuto = 256 << 10;
constexpr std::uint64_t kEntriesPerShardAuto = 256;

unsigned shard_bits_for(const MemoryOptions& options) {
  std::uint64_t shards = options.shards;
  if (shards == 0) {
    shards = std::min(kShardsAuto, options.max_bytes / kBytesPerShardAuto);
    if (options.max_entries != 0) {
      shards = std::min(shards, options.max_entries / kEntriesPerShardAuto);
    }
  }
  const std::uint64_t rounded = std::bit_ceil(std::clamp<std::uint64_t>(shards, 1, kShardsMax));
  return static_cast<unsigned>(std::countr_zero(rounded));
}

}  // namespace

// One lock, the label lock, makes every change: it guards the label table, the groups' cells, the
// index from labels to entries, the eviction queues and all counts. Readers take only the lock
// of the shard that their key is in; writers hold it, within the label lock, for the moment in
// which they change that shard's table.
//
// Invariants:
// (1) An entry is in its shard's table exactly if it is in a queue, in its group's cell and in
//     the index under each of its details' labels, or doomed there, or just being removed from
//     there. The table owns one reference to it.
// (2) Acceptance is one step under the label lock: compare the entry's labels with the ticket,
//     stamp the entry with the tier's number, publish. So an entry is current exactly if no
//     label of its group was invalidated after its acceptance (group_cells.cc).
// (3) An invalidation raises its labels' numbers, sets the cells concerned and dooms the posting
//     sets in one such step, before it removes anything. What is accepted later passed the
//     comparison with the raised numbers and is in no doomed set.
// (4) Entries and bytes in the queues are within the bounds whenever the label lock is free and
//     no resize() is running.
//
// The promise of HotTier follows. When invalidate() returns, an entry accepted before (2) whose
// group has one of the labels fails the comparison with its cell, which every hit makes; one
// that was indexed under a label, or doomed by somebody else's invalidation of it, was removed,
// since the call removes doomed entries of its labels until none is left; and one whose key is a
// label was looked up and removed. A fill with an older ticket is refused from the raise on.
//
// Nobody waits for a bulk operation: it removes at most kRemovalSlice entries while it holds
// the lock, and the listener and the values' destructors run after that.

MemoryTier::MemoryTier(const MemoryOptions& options, std::shared_ptr<Clock> clock,
                       std::uint64_t seed)
    : clock_(std::move(clock)),
      seed_(seed),
      shard_bits_(shard_bits_for(options)),
      shards_(std::make_unique<Shard[]>(shard_count())),
      labels_(options.remembered_labels),
      max_entries_(options.max_entries),
      max_bytes_(options.enabled ? options.max_bytes : 0) {
  policy_.set_bounds(max_entries_, max_bytes_);
}

MemoryTier::~MemoryTier() {
  for (std::size_t at = 0; at < shard_count(); ++at) {
    const Shard& shard = shards_[at];
    const MutexLock lock(shard.mutex);
    const EntryTable& table = shard.table;
    table.walk(0, table.capacity(), [](Entry* entry) { const EntryRef leaving(entry); });
  }
}

// The seed makes it hard to choose keys that crowd one place. The product's top bits depend on
// every bit of the hash and choose the shard; the next ones are the place.
Location MemoryTier::locate(std::uint64_t hash) const {
  const std::uint64_t mixed = (hash ^ seed_) * 0x9e3779b97f4a7c15ULL;
  return {static_cast<std::size_t>((mixed >> 1) >> (63 - shard_bits_)), mixed << shard_bits_};
}

Entry* MemoryTier::find(Location at, std::string_view key_text) const {
  const Shard& shard = shards_[at.shard];
  const MutexLock lock(shard.mutex);
  return shard.table.find(at.place, key_text);
}

// Takes the entry out of everything.
void MemoryTier::remove(Entry* entry, RemovalCause cause, Departures& gone) {
  const Location at = locate(entry->hash());
  {
    const MutexLock lock(shards_[at.shard].mutex);
    shards_[at.shard].table.erase(at.place, entry);
  }
  const bool is_evicted = cause == RemovalCause::kEvicted && is_current(*entry);
  if (is_evicted) {
    policy_.evict(*entry);
  } else {
    policy_.remove(*entry);
  }
  let_go(entry, cause, gone);
}

// Takes the entry out of the books, and out of the tier for the reason for which it really leaves:
// one that is no longer current was counted when its group was invalidated, and that is why,
// whatever found it.
void MemoryTier::let_go(Entry* entry, RemovalCause cause, Departures& gone) {
  index_.remove(*entry);
  const Ticket last{entry->residence.cell->load(std::memory_order_acquire)};
  if (cells_.leave(*entry)) {
    ++counters_.removals[static_cast<std::size_t>(cause)];
    gone.add(entry, cause, Ticket{}, listener_);
    return;
  }
  const bool cleared = accepted_before(*entry, cleared_);
  gone.add(entry, cleared ? RemovalCause::kCleared : RemovalCause::kInvalidated, last, listener_);
}

void MemoryTier::set_removal_listener(DepartureListener listener) {
  std::shared_ptr<const DepartureListener> former;
  auto shared = listener ? std::make_shared<const DepartureListener>(std::move(listener)) : nullptr;
  const MutexLock lock(mutex_);
  former = std::exchange(listener_, std::move(shared));
}

TierStats MemoryTier::stats() const {
  TierStats stats;
  {
    const MutexLock lock(mutex_);
    stats = counters_;
    stats.entries = cells_.current();
    stats.bytes = used_bytes();
    stats.max_entries = max_entries_;
    stats.max_bytes = max_bytes_;
    if (is_off()) {
      stats.state = TierState::kOff;
      stats.reason = "it may hold 0 bytes";
    }
  }
  stats.name = name();
  for (std::size_t at = 0; at < shard_count(); ++at) {
    const MutexLock lock(shards_[at].mutex);
    stats.hits += shards_[at].hits;
    stats.misses += shards_[at].misses;
  }
  return stats;
}

}  // namespace memory

std::unique_ptr<HotTier> memory_tier(MemoryOptions options, std::shared_ptr<Clock> clock,
                                     std::shared_ptr<Random> random) {
  STRATA_ASSERT(clock != nullptr);
  STRATA_ASSERT(random != nullptr);
  return std::make_unique<memory::MemoryTier>(options, std::move(clock), random->next());
}

}  // namespace strata
