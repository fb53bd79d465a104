// Partitions: who has to give up entries, and the books of tenants.
#include "memory/partitions.h"

#include <algorithm>
#include <new>

#include "core/assert.h"

namespace strata::memory {
namespace {

// So many partitions are looked at for an eviction, on average.
constexpr std::size_t kLooksPerEviction = 16;

Room::Amount amount_of(const Entry& entry) {
  return {.entries = 1, .bytes = static_cast<std::int64_t>(entry.weight)};
}

Room::Amount amount_of(const Policy& policy) {
  return {.entries = static_cast<std::int64_t>(policy.entries()),
          .bytes = static_cast<std::int64_t>(policy.weight())};
}

}  // namespace

// Invariants:
// (1) An entry is in the queue of the policy of its partition, and slots_ has that partition for as
//     long as the shard lives: readers may have met the entry.
// (2) tenant_entries_ and tenant_weight_ are sums over partitions_.
// (3) Once the shard is divided, a tenant's room counts what its partition holds here, beside what
//     was taken for an entry that is about to come.
//
// Fairness. When the tier is full, the victim is of that partition, among those that have entries
// in the shard, whose tenant holds the largest share of its quota over all shards. A tenant that
// holds a smaller share than another one with entries here loses none; so one that floods grows at
// the cost of others only until its share is the largest, and then replaces its own.
//
// Bounds. A policy divides what it may hold among its queues. A tenant may hold its quota, and yet
// the tier may be full when it holds much less. So while entries are given up, policies are told
// bounds that are as much smaller than their tenant's as what they hold is.

Partitions::Partitions(Policy& rest, PartitionParts parts)
    : parts_(parts),
      rest_{.owned = nullptr, .policy = &rest, .number = kRest, .given = {}},
      rest_marks_(rest.marks()) {
  slots_[kRest].store(&rest_, std::memory_order_release);
}

void Partitions::divide() {
  if (is_divided_) return;
  is_divided_ = true;
  parts_.tenants.at(kRest).room.adjust(amount_of(*rest_.policy));
}

bool Partitions::prepare(TenantNumber number) {
  if (slots_[number].load(std::memory_order_relaxed) != nullptr) return true;
  try {
    auto made = std::make_unique<Partition>();
    made->owned = parts_.policies.make();
    made->policy = made->owned.get();
    made->number = number;
    partitions_.reserve(partitions_.size() + 1);
    made->given = bounds_of(*made);
    made->policy->set_bounds(made->given.max_entries, made->given.max_weight);
    slots_[number].store(made.get(), std::memory_order_release);
    partitions_.push_back(std::move(made));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

// What partitions hold has changed; the rooms are not told.
void Partitions::count(TenantNumber number, const Room::Amount& change) {
  if (number == kRest) return;
  tenant_entries_ += static_cast<std::uint64_t>(change.entries);
  tenant_weight_ += static_cast<std::uint64_t>(change.bytes);
}

void Partitions::insert(Entry& entry, TenantNumber number) {
  policy_of(number).insert(entry);
  count(number, amount_of(entry));
}

void Partitions::replace(Entry& former, Entry& incoming, TenantNumber number) {
  if (former.residence.partition.load(std::memory_order_relaxed) != number) {
    erase(former);
    insert(incoming, number);
    return;
  }
  policy_of(number).replace(former, incoming);
  count(number, amount_of(incoming) - amount_of(former));
}

void Partitions::erase(Entry& entry) {
  const TenantNumber number = entry.residence.partition.load(std::memory_order_relaxed);
  policy_of(number).erase(entry);
  count(number, Room::Amount{} - amount_of(entry));
  if (is_divided_) parts_.tenants.at(number).room.adjust(Room::Amount{} - amount_of(entry));
}

Entry* Partitions::evict(TenantNumber from, const Entry* spared) {
  if (!is_divided_) return static_cast<Entry*>(rest_.policy->evict(spared));
  Partition* partition =
      from == kFullest ? fullest(spared) : slots_[from].load(std::memory_order_relaxed);
  if (partition == nullptr) return nullptr;
  fit(*partition);
  fit(rest_);
  auto* victim = static_cast<Entry*>(partition->policy->evict(spared));
  if (victim == nullptr) return nullptr;
  const Room::Amount gone = Room::Amount{} - amount_of(*victim);
  Tenant& tenant = parts_.tenants.at(partition->number);
  count(partition->number, gone);
  tenant.room.adjust(gone);
  tenant.evictions.fetch_add(1, std::memory_order_relaxed);
  return victim;
}

bool Partitions::move(Entry& entry, TenantNumber to) {
  if (!prepare(to)) return false;
  const TenantNumber from = entry.residence.partition.load(std::memory_order_relaxed);
  if (from == to) return true;
  erase(entry);
  entry.residence.partition.store(to, std::memory_order_release);
  insert(entry, to);
  parts_.tenants.at(to).room.adjust(amount_of(entry));
  return true;
}

// With many partitions the answer is kept for a few evictions.
Partitions::Partition* Partitions::fullest(const Entry* spared) {
  const TenantNumber spared_in =
      spared == nullptr ? kFullest : spared->residence.partition.load(std::memory_order_relaxed);
  const auto has_victim = [&](const Partition& partition) {
    return partition.policy->entries() > (partition.number == spared_in ? 1u : 0u);
  };
  if (looks_saved_ > 0 && has_victim(*fullest_)) {
    --looks_saved_;
    return fullest_;
  }
  Partition* found = nullptr;
  double most = -1;
  const auto look = [&](Partition& partition) {
    if (!has_victim(partition)) return;
    fit(partition);
    const double share = parts_.tenants.share(parts_.tenants.at(partition.number), parts_.room);
    if (share <= most) return;
    most = share;
    found = &partition;
  };
  look(rest_);
  for (const auto& partition : partitions_) look(*partition);
  fullest_ = found;
  looks_saved_ = found == nullptr ? 0 : partitions_.size() / kLooksPerEviction;
  return found;
}

void Partitions::set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes,
                            std::size_t shards) {
  bounds_ = {.max_entries = max_entries, .max_weight = max_bytes};
  shards_ = shards;
  rest_.given = bounds_;
  rest_.policy->set_bounds(max_entries, max_bytes);
}

// A tenant's part of its quota here, and of the tier's bounds where it has none.
Bounds Partitions::bounds_of(const Partition& partition) const {
  const TenantQuota quota = parts_.tenants.at(partition.number).quota();
  const auto part_of = [&](std::uint64_t own, std::uint64_t shards_own) {
    return own == 0 ? shards_own : std::max<std::uint64_t>(1, own / shards_);
  };
  return {.max_entries = part_of(quota.max_entries, bounds_.max_entries),
          .max_weight = part_of(quota.max_bytes, bounds_.max_weight)};
}

// Small differences are left alone: policies may begin anew with what they know.
void Partitions::fit(Partition& partition) {
  const Bounds whole = bounds_of(partition);
  const auto part = [](std::uint64_t held, std::uint64_t of) {
    return of == 0 ? 0.0 : static_cast<double>(held) / static_cast<double>(of);
  };
  const double share = std::min(1.0, std::max(part(partition.policy->entries(), whole.max_entries),
                                              part(partition.policy->weight(), whole.max_weight)));
  const auto scaled = [&](std::uint64_t bound) {
    if (bound == 0 || share >= 1) return bound;
    return std::max<std::uint64_t>(1,
                                   static_cast<std::uint64_t>(share * static_cast<double>(bound)));
  };
  const Bounds wanted{.max_entries = scaled(whole.max_entries),
                      .max_weight = scaled(whole.max_weight)};
  const auto differs = [](std::uint64_t a, std::uint64_t b) {
    return (a == 0) != (b == 0) || (a > b ? a - b : b - a) > b / 8;
  };
  if (!differs(wanted.max_entries, partition.given.max_entries) &&
      !differs(wanted.max_weight, partition.given.max_weight)) {
    return;
  }
  partition.given = wanted;
  partition.policy->set_bounds(wanted.max_entries, wanted.max_weight);
}

Room::Amount Partitions::held_of(TenantNumber number) const {
  const Partition* partition = slots_[number].load(std::memory_order_relaxed);
  return partition == nullptr ? Room::Amount{} : amount_of(*partition->policy);
}

std::size_t Partitions::footprint_bytes() const {
  std::size_t bytes = rest_.policy->footprint_bytes();
  for (const auto& partition : partitions_) bytes += partition->policy->footprint_bytes();
  return bytes;
}

void Partitions::check_invariants() const {
  rest_.policy->check_invariants();
  std::uint64_t entries = 0;
  std::uint64_t weight = 0;
  for (const auto& partition : partitions_) {
    partition->policy->check_invariants();
    STRATA_ASSERT(partition->number != kRest);
    STRATA_ASSERT(slots_[partition->number].load(std::memory_order_relaxed) == partition.get());
    entries += partition->policy->entries();
    weight += partition->policy->weight();
  }
  STRATA_ASSERT(entries == tenant_entries_);
  STRATA_ASSERT(weight == tenant_weight_);
}

void Partitions::add_to(std::array<Room::Amount, Tenants::kNumbers>& held) const {
  if (!is_divided_) return;
  held[kRest] = held[kRest] + amount_of(*rest_.policy);
  for (const auto& partition : partitions_) {
    Room::Amount& sum = held[partition->number];
    sum = sum + amount_of(*partition->policy);
  }
}

}  // namespace strata::memory
