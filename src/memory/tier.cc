// The memory tier: what it is made of, and what spans its shards.
#include "memory/tier.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/assert.h"
#include "core/yield_point.h"
#include "memory/epochs.h"

namespace strata {
namespace memory {
namespace {

constexpr std::size_t kShardsMax = 1024;
// By itself a tier has so many shards at most, and none that is smaller than this.
constexpr std::uint64_t kOwnShardsMax = 16;
constexpr std::uint64_t kShardBytesMin = 16ULL << 20;
constexpr std::uint64_t kShardEntriesMin = 4096;

std::size_t shards_for(const MemoryOptions& options) {
  std::uint64_t shards = options.shards;
  if (shards == 0) {
    shards = std::min(options.max_bytes / kShardBytesMin, kOwnShardsMax);
    if (options.max_entries != 0) {
      shards = std::min(shards, options.max_entries / kShardEntriesMin);
    }
    shards = std::bit_floor(shards);
  }
  return std::bit_ceil(std::clamp<std::uint64_t>(shards, 1, kShardsMax));
}

}  // namespace

// Entries are divided by their hash among shards, each with a lock of its own; the label table and
// the bounds are the tier's. Readers take no lock: they announce that they read (epochs.h), look
// into a table (entry_table.h) and take a reference. What is taken out of the tier is kept in the
// limbo until no reader can be looking at it.
//
// An invalidation first raises its labels' numbers. Then it visits every shard in which something
// may carry them: under the shard's lock it begins a generation, sets the cells concerned and sets
// aside the posting sets, and looks up the keys. Then come the removals.
//
// Invariants, beside those of a shard (shard.cc):
// (1) A shard accepts an entry under its lock after comparing its labels with the numbers raised
//     by then. So an invalidation that the comparison did not know comes to the shard later: it
//     raised its number after the comparison, and the lock was held until the entry was published.
// (2) Entries and bytes that all shards take are within the bounds, and those of a tenant within
//     its quota, whenever no call is running; unless a bound was lowered, or taken beyond by one
//     newcomer, since then. Until they hold again nothing makes what is beyond them larger, and
//     every call that brings an entry, and upkeep, makes it smaller.
//
// The promise of HotTier follows. Take an invalidation that returns, and an entry that carries one
// of its labels and that was accepted with an older ticket. By (1) it was there when the
// invalidation came to its shard: if the label is of its group, it fails the comparison with its
// cell from then on, which every hit makes; if it is in the index, or was set aside before by
// somebody else's invalidation, it was removed, since the call removes what is set aside of its
// labels until none is left; if it is its key, it was removed at once. A fill with an older ticket
// is refused from the raise on. (An entry with a newer ticket that was accepted between the raise
// and the visit goes too, without need.)
//
// A put raises its key's number and publishes in one hold of its shard's lock, and visits the
// other shards afterwards, if entries may carry the key (carried_keys.h).
//
// Nobody waits for a bulk operation: it removes at most kRemovalSlice entries while it holds
// a lock, and the listener and the values' destructors run after that.

MemoryTier::MemoryTier(const MemoryOptions& options, std::shared_ptr<Clock> clock,
                       std::uint64_t seed)
    : commons_{.clock = std::move(clock),
               .placement = {.seed = seed, .shard_mask = shards_for(options) - 1},
               .numbers = LabelNumbers(options.remembered_labels),
               .room = {},
               .tenants = Tenants(options),
               .carried = {},
               .limbo = {}},
      policies_(make_policies(
          options.policy, commons_.placement.shard_mask + 1,
          {.aim = options.aim,
           .curve = options.curve,
           .look_ups =
               [this] { return LookUps{.hits = reads_.hits(), .misses = reads_.misses()}; }})),
      policy_kind_(options.policy),
      has_curve_(options.curve),
      wants_hits_(policies_.shards[0]->wants_hits()) {
  shards_.reserve(policies_.shards.size());
  for (const std::unique_ptr<Policy>& policy : policies_.shards) {
    shards_.push_back(std::make_unique<Shard>(commons_, policies_, *policy));
  }
  forget_readers_at_forks();
  const MutexLock lock(bounds_mutex_);
  set_bounds(options.max_entries, options.enabled ? options.max_bytes : 0);
}

MemoryTier::~MemoryTier() = default;

// One at a time, so that the room and all shards are told the same.
void MemoryTier::set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes) {
  commons_.room.set_bounds(max_entries, max_bytes);
  commons_.limbo.set_batch_bytes_for(max_bytes);
  const std::uint64_t parts = shards_.size();
  // A part is at least one, since none means something else.
  const auto part_of = [&](std::uint64_t bound) {
    return bound == 0 ? 0 : std::max<std::uint64_t>(1, bound / parts);
  };
  for (const auto& shard : shards_) {
    shard->set_bounds(part_of(max_entries), part_of(max_bytes), shards_.size());
  }
}

void MemoryTier::resize(std::uint64_t max_entries, std::uint64_t max_bytes) {
  {
    const MutexLock lock(bounds_mutex_);
    set_bounds(max_entries, max_bytes);
  }
  STRATA_YIELD("memory.bounds.set");
  shrink(kRest, kCallWork);
  commons_.limbo.release();
}

bool MemoryTier::resize_bytes(std::uint64_t from, std::uint64_t to) {
  {
    const MutexLock lock(bounds_mutex_);
    if (commons_.room.max_bytes() != from) return false;
    set_bounds(commons_.room.max_entries(), to);
  }
  shrink(kRest, kCallWork);
  commons_.limbo.release();
  return true;
}

// Once set() has returned, whatever is accepted counts for the tenant. Then what was there before
// is found, nobody takes by a former quota, and the tenant gives up what is beyond this one.
Result<void> MemoryTier::set_quota(std::string_view tenant, const TenantQuota& quota) {
  const Result<TenantNumber> number = commons_.tenants.set(tenant, quota);
  if (!number) return number.error();
  Tenant& changed = commons_.tenants.at(*number);
  if (!changed.is_adopted.load(std::memory_order_acquire)) {
    for (const auto& shard : shards_) shard->adopt(*number);
    changed.is_adopted.store(true, std::memory_order_release);
  }
  for (const auto& shard : shards_) shard->await_takers();
  shrink(*number, kCallWork);
  commons_.limbo.release();
  return {};
}

std::uint64_t MemoryTier::remove_expired() {
  const Instant now = commons_.clock->now();
  std::uint64_t removed = 0;
  for (const auto& shard : shards_) removed += shard->remove_expired(now);
  commons_.limbo.release();
  return removed;
}

std::uint64_t MemoryTier::remove_due(std::size_t at_most) {
  std::uint64_t removed = 0;
  for (const auto& shard : shards_) {
    if (removed < at_most) removed += shard->remove_due(at_most - removed);
  }
  for (bool more = true; more && removed < at_most;) {
    const std::size_t evicted = shrink(commons_.tenants.any_beyond(), at_most - removed);
    removed += evicted;
    more = evicted > 0;
  }
  commons_.limbo.release();
  return removed;
}

void MemoryTier::set_removal_listener(DepartureListener listener) {
  const auto shared =
      listener ? std::make_shared<const DepartureListener>(std::move(listener)) : nullptr;
  for (const auto& shard : shards_) shard->set_listener(shared);
}

TierStats MemoryTier::stats() const {
  TierStats stats;
  for (const auto& shard : shards_) shard->add_to(stats);
  stats.invalidations = invalidations_.read();
  stats.max_entries = commons_.room.max_entries();
  stats.max_bytes = commons_.room.max_bytes();
  if (stats.max_bytes == 0) {
    stats.state = TierState::kOff;
    stats.reason = "it may hold 0 bytes";
  }
  stats.name = name();
  stats.hits = reads_.hits();
  stats.misses = reads_.misses();
  return stats;
}

StructureSizes MemoryTier::sizes() const {
  StructureSizes sizes;
  for (const auto& shard : shards_) shard->add_to(sizes);
  return sizes;
}

// Nothing may run meanwhile.
void MemoryTier::check_invariants() const {
  commons_.numbers.check_invariants();
  Room::Amount held;
  const auto tenants = std::make_unique<Shard::Holdings>();
  for (const auto& shard : shards_) held = held + shard->check_invariants(*tenants);
  const Room& room = commons_.room;
  STRATA_ASSERT(held.entries == static_cast<std::int64_t>(room.entries()));
  STRATA_ASSERT(held.bytes == static_cast<std::int64_t>(room.bytes()));
  STRATA_ASSERT(room.is_accounted_for());
  for (std::size_t number = 0; commons_.tenants.any() && number < tenants->size(); ++number) {
    const Room& quota = commons_.tenants.at(static_cast<TenantNumber>(number)).room;
    STRATA_ASSERT((*tenants)[number].entries == static_cast<std::int64_t>(quota.entries()));
    STRATA_ASSERT((*tenants)[number].bytes == static_cast<std::int64_t>(quota.bytes()));
    STRATA_ASSERT(quota.is_accounted_for());
  }
}

}  // namespace memory

std::unique_ptr<HotTier> memory_tier(MemoryOptions options, std::shared_ptr<Clock> clock,
                                     std::shared_ptr<Random> random) {
  STRATA_ASSERT(clock != nullptr);
  STRATA_ASSERT(random != nullptr);
  STRATA_ASSERT(check_tenants(options).ok());
  return std::make_unique<memory::MemoryTier>(options, std::move(clock), random->next());
}

}  // namespace strata
