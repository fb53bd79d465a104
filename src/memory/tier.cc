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

unsigned shard_bits_for(const MemoryOptions& options) {
  const std::size_t rounded = std::bit_ceil(std::clamp<std::size_t>(options.shards, 1, kShardsMax));
  return static_cast<unsigned>(std::countr_zero(rounded));
}

}  // namespace

// One lock, the label lock, makes every change: it guards the label table, the groups' cells, the
// index from labels to entries, the eviction queues, the tables and all counts. Readers take none:
// they announce that they read (epochs.h), look into a table (entry_table.h) and take a reference.
// What is taken out of the tier is kept in the limbo until no reader can be looking at it.
//
// Invariants:
// (1) An entry is in its table exactly if it is in a queue, in its group's cell and in
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
      placement_{.seed = seed, .shard_bits = shard_bits_for(options)},
      tables_(std::make_unique<EntryTable[]>(table_count())),
      policies_(make_policies(options.policy, 1)),
      wants_hits_(policies_.shards[0]->wants_hits()),
      labels_(options.remembered_labels),
      wheel_(clock_->coarse_now()),
      max_entries_(options.max_entries),
      max_bytes_(options.enabled ? options.max_bytes : 0) {
  policy().set_bounds(max_entries_, max_bytes_);
  for (std::size_t at = 0; at < table_count(); ++at) tables_[at].set_placement(placement_);
}

MemoryTier::~MemoryTier() {
  // Nobody calls any more.
  for (std::size_t at = 0; at < table_count(); ++at) {
    tables_[at].for_each([](Entry* entry) { const EntryRef leaving(entry); });
  }
}

Entry* MemoryTier::find(std::uint64_t hash, std::string_view key_text) const {
  return table_of(hash).find(placement_.place(hash),
                             [&](const Entry& entry) { return entry.key_text() == key_text; });
}

// Takes the entry out of everything.
void MemoryTier::remove(Entry* entry, RemovalCause cause, Departures& gone) {
  table_of(entry->hash()).erase(entry);
  policy().erase(*entry);
  let_go(entry, cause, gone);
}

// Takes the entry out of the books, and out of the tier for the reason for which it really leaves:
// one that is no longer current was counted when its group was invalidated, and that is why,
// whatever found it.
void MemoryTier::let_go(Entry* entry, RemovalCause cause, Departures& gone) {
  index_.remove(*entry);
  wheel_.remove(*entry);
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
  stats.hits = hits_.read();
  stats.misses = misses_.read();
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
