// MemoryTier: the hot tier behind memory_tier(): shards (shard.h), and what spans them. Reads are
// in tier_reads.cc, changes in tier_changes.cc; tier.cc has the essay.
//
// Threads   Thread-safe. Readers take no lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/mutex.h"
#include "memory/read_counts.h"
#include "memory/shard.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/hot_tier.h"
#include "strata/stats/counter.h"

namespace strata::memory {

class MemoryTier final : public HotTier {
 public:
  static constexpr std::size_t kRemovalSlice = Shard::kRemovalSlice;
  // So many entries leave at most by one call that changes bounds or brings an entry, besides those
  // that it invalidates.
  static constexpr std::size_t kCallWork = 1000;
  // Of them, what a call that brings an entry evicts where the bounds are exceeded already.
  static constexpr std::size_t kShareOfRest = 64;
  // A call whose shard has no room asks other shards, this often at most.
  static constexpr std::size_t kRoomAsks = 1024;

  MemoryTier(const MemoryOptions& options, std::shared_ptr<Clock> clock, std::uint64_t seed);
  ~MemoryTier() override;

  std::string_view name() const override { return "memory"; }
  Ticket position() const override { return commons_.numbers.position(); }
  EntryRef get(const KeyRef& key) override;
  bool visit(const KeyRef& key, Visitor visitor, void* context) override;
  EntryRef peek(const KeyRef& key) const override;
  void get_many(std::span<const KeyRef> keys, std::span<EntryRef> entries) override;
  FillOutcome fill(EntryRef entry, Ticket ticket) override;
  FillOutcome put(KeyRef key, EntryRef entry, Ticket ticket, RemovalCause cause) override;
  InvalidateOutcome invalidate(std::span<const Label> labels) override;
  InvalidateOutcome expire(std::span<const Label> labels) override;
  bool invalidated_after(const Entry& entry, Ticket ticket) const override;
  bool invalidated_after(std::span<const LabelId> labels, Ticket ticket) const override;
  std::uint64_t scan(std::uint64_t cursor, std::vector<EntryRef>& entries) const override;
  Standing standing(const Entry& entry) const override {
    return shard_of(entry.hash()).standing(entry);
  }
  bool touch(const KeyRef& key, Instant fresh_until, Instant keep_until) override;
  std::uint64_t remove_expired() override;
  std::uint64_t remove_due(std::size_t at_most) override;
  void resize(std::uint64_t max_entries, std::uint64_t max_bytes) override;
  bool resize_bytes(std::uint64_t from, std::uint64_t to) override;
  Result<void> set_quota(std::string_view tenant, const TenantQuota& quota) override;
  TenantsStats tenants() const override { return commons_.tenants.stats(); }
  void set_removal_listener(DepartureListener listener) override;
  TierStats stats() const override;
  Result<Curve> curve() const override;
  void check_invariants() const override;

  [[nodiscard]] StructureSizes sizes() const;
  [[nodiscard]] std::size_t shard_count() const { return shards_.size(); }

 private:
  [[nodiscard]] Shard& shard_of(std::uint64_t hash) const {
    return shard_at(commons_.placement.mixed(hash));
  }
  // `mixed`: Placement::mixed() of a key's hash. Unchecked: it is a good part of a hit.
  [[nodiscard]] Shard& shard_at(std::uint64_t mixed) const {
    return *shards_.data()[commons_.placement.shard_of_mixed(mixed)].get();
  }
  [[nodiscard]] Shard& shard_of(const Label& key) const;

  // Reads.
  template <typename Guard, typename Use>
  bool read(unsigned slot, const KeyRef& key, const Use& use);
  EntryRef get_slowly(const KeyRef& key);
  bool visit_slowly(const KeyRef& key, Visitor visitor, void* context);
  void get_batch(std::span<const KeyRef> keys, std::span<EntryRef> entries);
  [[nodiscard]] bool is_servable(const Entry& entry) const;
  [[nodiscard]] Entry* look(const KeyRef& key, const Shard& shard, std::uint64_t mixed) const;
  void note_hit(const KeyRef& key, Shard& shard, Entry& entry);
  void note_miss(const KeyRef& key, const Entry* entry);

  // Changes.
  [[nodiscard]] bool holds_bounds(TenantNumber tenant) const;
  std::size_t shrink(TenantNumber tenant, std::size_t at_most);
  void make_room(Offer& offer, std::size_t ask);
  [[nodiscard]] Labels carried_of(std::span<const Label> labels) const;
  InvalidateOutcome invalidate_these(std::span<const Label> labels);
  InvalidateOutcome invalidate_everything();
  std::uint64_t set_aside(std::span<const Label> labels, Ticket number);
  [[nodiscard]] std::vector<std::uint64_t> begin_generations();
  std::uint64_t remove_keys(std::span<const Label> labels);
  std::uint64_t remove_carrying(std::span<const Label> labels);
  InvalidateOutcome expire_these(std::span<const Label> labels);
  std::uint64_t remove_doomed(std::span<const LabelId> labels);
  void set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes)
      STRATA_REQUIRES(bounds_mutex_);

  ReadCounts reads_;
  Counter invalidations_;
  Commons commons_;
  const PolicySet policies_;  // asks reads_, to its end
  const PolicyKind policy_kind_;
  const bool has_curve_;
  const bool wants_hits_;
  std::vector<std::unique_ptr<Shard>> shards_;
  Mutex bounds_mutex_;                // taken before a shard's
  std::atomic<std::size_t> turn_{0};  // of shards to give up what is beyond the bounds
};

}  // namespace strata::memory
