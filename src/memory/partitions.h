// Partitions: the order in which one shard's entries leave, for each tenant by itself.
//
// A partition is a policy. The first is that of the rest: of all entries as long as there are no
// quotas, and then one branch is all that Partitions adds. A tenant's is made when its first entry
// comes, and stays. Rooms of tenants count what partitions hold, from divide() on.
//
// Threads   Guarded by the shard's lock, all but what is for readers.
// Memory    3 KiB, and each partition what a policy takes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "memory/policy/bounds.h"
#include "memory/policy/policies.h"
#include "memory/policy/policy.h"
#include "memory/room.h"
#include "memory/tenants.h"
#include "strata/core/entry.h"

namespace strata::memory {

// What all shards' partitions have in common, all of which outlives them.
struct PartitionParts {
  const PolicySet& policies;
  Tenants& tenants;
  const Room& room;  // the tier's
};

class Partitions {
 public:
  // Who is asked for a victim: whoever holds the largest share of its quota.
  static constexpr TenantNumber kFullest = UINT16_MAX;

  Partitions(Policy& rest, PartitionParts parts);
  Partitions(const Partitions&) = delete;
  Partitions& operator=(const Partitions&) = delete;

  // For readers, of an entry that is or was in the shard.
  [[nodiscard]] const UseMarks& marks(const Entry& entry) const {
    const TenantNumber number = entry.residence.partition.load(std::memory_order_acquire);
    return number == kRest ? rest_marks_ : policy_of(number).marks();
  }
  [[nodiscard]] Standing standing(const Entry& entry) const {
    return policy_of(entry.residence.partition.load(std::memory_order_acquire)).standing(entry);
  }

  [[nodiscard]] bool is_divided() const { return is_divided_; }
  // From now on tenants are told apart. What is there stays with the rest. Precondition:
  // Tenants::any().
  void divide();
  // Makes the partition of a tenant unless it is there; returns whether it is: not without memory.
  bool prepare(TenantNumber number);

  // As those of Policy. A new entry is of the partition of `number`, for which room was taken.
  void insert(Entry& entry, TenantNumber number);
  void replace(Entry& former, Entry& incoming, TenantNumber number);
  void erase(Entry& entry);
  void on_hit(Entry& entry) { policy_of(entry).on_hit(entry); }
  // `from`: of whom, or kFullest. Null if there is none but `spared`.
  [[nodiscard]] Entry* evict(TenantNumber from, const Entry* spared);
  // As those of Policy, while there is one partition; with several they do nothing.
  void prefetch(std::uint64_t hash) const {
    if (!is_divided_) rest_.policy->prefetch(hash);
  }
  [[nodiscard]] const Entry* next_victim() const {
    return is_divided_ ? nullptr : static_cast<const Entry*>(rest_.policy->next_victim());
  }
  // Moves an entry to another partition, without asking for room. Returns false, and leaves it,
  // when memory cannot be had.
  bool move(Entry& entry, TenantNumber to);

  // Those of the shard; tenants' parts of the bounds are as the shard's of the tier's.
  void set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes, std::size_t shards);

  [[nodiscard]] std::uint64_t entries() const { return rest_.policy->entries() + tenant_entries_; }
  [[nodiscard]] std::uint64_t weight() const { return rest_.policy->weight() + tenant_weight_; }
  // Of one partition; nothing if there is none.
  [[nodiscard]] Room::Amount held_of(TenantNumber number) const;
  [[nodiscard]] std::size_t tenant_count() const { return partitions_.size(); }
  [[nodiscard]] std::size_t footprint_bytes() const;

  // Aborts if an invariant is broken. O(entries).
  void check_invariants() const;
  // Adds what each tenant holds here to `held`, by number.
  void add_to(std::array<Room::Amount, Tenants::kNumbers>& held) const;

 private:
  struct Partition {
    std::unique_ptr<Policy> owned;
    Policy* policy = nullptr;
    TenantNumber number = kRest;
    Bounds given;  // what the policy was told
  };

  [[nodiscard]] Policy& policy_of(TenantNumber number) const {
    return *slots_[number].load(std::memory_order_acquire)->policy;
  }
  [[nodiscard]] Policy& policy_of(const Entry& entry) const {
    return policy_of(entry.residence.partition.load(std::memory_order_relaxed));
  }
  void count(TenantNumber number, const Room::Amount& change);
  [[nodiscard]] Partition* fullest(const Entry* spared);
  [[nodiscard]] Bounds bounds_of(const Partition& partition) const;
  void fit(Partition& partition);

  const PartitionParts parts_;
  Partition rest_;
  const UseMarks& rest_marks_;
  bool is_divided_ = false;
  Bounds bounds_;  // the shard's
  std::uint64_t shards_ = 1;
  std::uint64_t tenant_entries_ = 0;  // of all partitions but the rest's
  std::uint64_t tenant_weight_ = 0;
  std::vector<std::unique_ptr<Partition>> partitions_;  // all but the rest's
  Partition* fullest_ = nullptr;
  std::size_t looks_saved_ = 0;  // evictions for which fullest_ still stands
  std::array<std::atomic<Partition*>, Tenants::kNumbers> slots_{};
};

}  // namespace strata::memory
