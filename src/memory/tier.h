// MemoryTier: the hot tier behind memory_tier(), in files by what they do: reads (tier_reads.cc),
// fills and puts (tier_writes.cc), invalidations (tier_invalidations.cc), ending of ttls
// (tier_expiry.cc) and upkeep (tier_upkeep.cc). tier.cc has the essay, the look-up and the removal
// they share.
//
// Threads   Thread-safe. Lock order: mutex_, then one shard's mutex.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/mutex.h"
#include "memory/departures.h"
#include "memory/entry_table.h"
#include "memory/group_cells.h"
#include "memory/label_index.h"
#include "memory/residence.h"
#include "memory/s3_fifo.h"
#include "strata/core/label_table.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/hot_tier.h"

namespace strata::memory {

// Where a key is: which shard, and which place there.
struct Location {
  std::size_t shard = 0;
  std::uint64_t place = 0;
};

// How large the tier's structures are, for tests and benchmarks.
struct StructureSizes {
  std::uint64_t residents = 0;  // entries, with those that are not reclaimed yet
  std::uint64_t dead = 0;       // those of them whose group was invalidated
  std::size_t table_slots = 0;
  std::size_t cells = 0;
  std::size_t labels = 0;
  std::size_t label_slots = 0;
  std::size_t postings = 0;
  std::size_t ghost_bytes = 0;
};

[[nodiscard]] bool names_everything(std::span<const Label> labels);
[[nodiscard]] std::vector<LabelId> ids_of(std::span<const Label> labels);

class MemoryTier final : public HotTier {
 public:
  // No bulk operation holds a lock for more than this many removals.
  static constexpr std::size_t kRemovalSlice = 512;
  // A call that needs more room than one slice makes comes back for more, this often at most.
  static constexpr std::size_t kRoomSlices = 1024;

  MemoryTier(const MemoryOptions& options, std::shared_ptr<Clock> clock, std::uint64_t seed);
  ~MemoryTier() override;

  std::string_view name() const override { return "memory"; }
  Ticket position() const override { return Ticket{position_.load(std::memory_order_acquire)}; }
  EntryRef get(KeyRef key) override;
  EntryRef peek(KeyRef key) const override;
  void get_many(std::span<const KeyRef> keys, std::span<EntryRef> entries) override;
  FillOutcome fill(EntryRef entry, Ticket ticket) override;
  FillOutcome put(KeyRef key, EntryRef entry, Ticket ticket, RemovalCause cause) override;
  InvalidateOutcome invalidate(std::span<const Label> labels) override;
  InvalidateOutcome expire(std::span<const Label> labels) override;
  bool invalidated_after(const Entry& entry, Ticket ticket) const override;
  bool invalidated_after(std::span<const LabelId> labels, Ticket ticket) const override;
  std::uint64_t scan(std::uint64_t cursor, std::vector<EntryRef>& entries) const override;
  std::uint64_t remove_expired() override;
  void resize(std::uint64_t max_entries, std::uint64_t max_bytes) override;
  void set_removal_listener(DepartureListener listener) override;
  TierStats stats() const override;
  void check_invariants() const override;

  [[nodiscard]] StructureSizes sizes() const;

 private:
  struct alignas(64) Shard {
    mutable Mutex mutex;
    EntryTable table STRATA_GUARDED_BY(mutex);
    std::uint64_t hits STRATA_GUARDED_BY(mutex) = 0;
    std::uint64_t misses STRATA_GUARDED_BY(mutex) = 0;
  };
  struct Offer;

  // Look-up and removal.
  [[nodiscard]] std::size_t shard_count() const { return std::size_t{1} << shard_bits_; }
  [[nodiscard]] Location locate(std::uint64_t hash) const;
  [[nodiscard]] Entry* find(Location at, std::string_view key_text) const;
  void remove(Entry* entry, RemovalCause cause, Departures& gone) STRATA_REQUIRES(mutex_);
  void let_go(Entry* entry, RemovalCause cause, Departures& gone) STRATA_REQUIRES(mutex_);

  // Visits the entries at about the next `count` places, with their shard locked. A cursor is a
  // number of the whole tier: the shard in its top bits, the place below. 0: begin, or the end.
  template <typename Visit>
  std::uint64_t walk(std::uint64_t cursor, std::size_t count, const Visit& visit) const {
    const std::uint64_t at = (cursor >> 1) >> (63 - shard_bits_);
    const Shard& shard = shards_[at];
    const MutexLock lock(shard.mutex);
    const auto next = shard.table.walk(cursor << shard_bits_, count, visit);
    // Past the last shard this is 0; written so that 64 bits are never shifted by 64.
    const auto begin_of = [&](std::uint64_t index) { return (index << (63 - shard_bits_)) << 1; };
    return next ? begin_of(at) | (*next >> shard_bits_) : begin_of(at + 1);
  }

  // Reads.
  enum class Look { kHit, kMiss, kGone };
  [[nodiscard]] bool is_servable(const Entry& entry) const;
  Look look(Shard& shard, std::uint64_t place, KeyRef key, EntryRef& found)
      STRATA_REQUIRES(shard.mutex);
  void remove_if_gone(KeyRef key, Location at);

  // Writes.
  [[nodiscard]] bool refuses(const Entry& entry, LabelId key_label, Ticket ticket) const
      STRATA_REQUIRES(mutex_);
  std::optional<FillOutcome> try_fill(Offer& offer, Departures& gone) STRATA_REQUIRES(mutex_);
  std::optional<FillOutcome> try_put(Offer& offer, RemovalCause cause, Departures& gone)
      STRATA_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t used_bytes() const STRATA_REQUIRES(mutex_) {
    return policy_.bytes() + index_.label_bytes();
  }
  [[nodiscard]] bool could_fit(const Offer& offer) const STRATA_REQUIRES(mutex_);
  FillOutcome accept(Offer& offer, Entry* former, RemovalCause cause, Departures& gone)
      STRATA_REQUIRES(mutex_);
  bool publish(Offer& offer, Entry* former) STRATA_REQUIRES(mutex_);
  bool make_room(const Offer& offer, Entry*& former, Departures& gone) STRATA_REQUIRES(mutex_);
  bool evict(std::uint64_t max_entries, std::uint64_t max_bytes, const Entry* spared,
             Departures& gone) STRATA_REQUIRES(mutex_);
  void sweep(Departures& gone) STRATA_REQUIRES(mutex_);

  // Invalidations.
  void count(RemovalCause cause, std::uint64_t removed) STRATA_REQUIRES(mutex_);
  InvalidateOutcome invalidate_these(std::span<const Label> labels);
  InvalidateOutcome invalidate_everything();
  Ticket raise(std::span<const LabelId> labels) STRATA_REQUIRES(mutex_);
  std::uint64_t doom(LabelId label, Ticket number) STRATA_REQUIRES(mutex_);
  std::uint64_t set_aside(std::span<const Label> labels, Ticket number) STRATA_REQUIRES(mutex_);
  std::uint64_t remove_older(std::span<const Label> labels, std::span<const LabelId> ids,
                             Ticket number);
  std::uint64_t remove_keys(std::span<const Label> labels, Ticket number);
  std::uint64_t remove_doomed(std::span<const LabelId> labels);
  void prefetch_removals(std::span<Entry* const> entries) const;

  // Ending of ttls.
  struct Ending;
  InvalidateOutcome expire_these(std::span<const Label> labels);
  bool end(Entry& entry, Ending& ending) const;
  void end_keys(std::span<const Label> labels, Ending& ending);
  void end_groups(std::span<const Label> labels, std::span<const LabelId> ids, Ending& ending);
  void end_indexed(LabelId label, Ending& ending);

  // Upkeep: removes what `unwanted(entry)` says, in slices; returns how many were still current.
  // An entry may be asked about more than once.
  template <typename Unwanted>
  std::uint64_t remove_where(const Unwanted& unwanted, RemovalCause cause) {
    const std::uint64_t removed = remove_along(
        [&](std::uint64_t cursor, const auto& visit) { return walk(cursor, kRemovalSlice, visit); },
        unwanted, cause);
    fit_tables();
    return removed;
  }
  // The same for what `walk_on(cursor, visit)` visits: a slice of it, with the label lock held. It
  // returns the next cursor, 0 at the end.
  template <typename WalkOn, typename Unwanted>
  std::uint64_t remove_along(const WalkOn& walk_on, const Unwanted& unwanted, RemovalCause cause) {
    std::array<Entry*, kRemovalSlice> found;
    std::uint64_t removed = 0;
    std::uint64_t cursor = 0;
    bool more = true;
    while (more) {
      Departures gone;
      const MutexLock lock(mutex_);
      std::size_t count = 0;
      bool overflow = false;
      const std::uint64_t next = walk_on(cursor, [&](Entry* entry) {
        if (!unwanted(*entry)) return;
        overflow = count == found.size();
        if (!overflow) found[count++] = entry;
      });
      for (std::size_t at = 0; at < count; ++at) {
        if (is_current(*found[at])) ++removed;
        remove(found[at], cause, gone);
      }
      // Homes may be crowded: then the same places are looked at again.
      if (overflow) continue;
      cursor = next;
      more = next != 0;
    }
    return removed;
  }
  void fit_tables() STRATA_EXCLUDES(mutex_);
  void check_entry(const Entry& entry) const STRATA_REQUIRES(mutex_);
  [[nodiscard]] bool is_off() const STRATA_REQUIRES(mutex_) { return max_bytes_ == 0; }

  const std::shared_ptr<Clock> clock_;
  const std::uint64_t seed_;
  const unsigned shard_bits_;
  const std::unique_ptr<Shard[]> shards_;
  std::atomic<std::uint64_t> position_{0};  // follows labels_

  mutable Mutex mutex_;  // the label lock
  LabelTable labels_ STRATA_GUARDED_BY(mutex_);
  GroupCells cells_ STRATA_GUARDED_BY(mutex_);
  LabelIndex index_ STRATA_GUARDED_BY(mutex_);
  S3Fifo policy_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t max_entries_ STRATA_GUARDED_BY(mutex_) = 0;  // 0: no bound
  std::uint64_t max_bytes_ STRATA_GUARDED_BY(mutex_) = 0;    // 0: off
  Ticket cleared_ STRATA_GUARDED_BY(mutex_){};               // the last clear's number
  std::uint64_t hand_ STRATA_GUARDED_BY(mutex_) = 0;         // of sweep(): a cursor, as scan()'s
  std::uint64_t writes_ STRATA_GUARDED_BY(mutex_) = 0;
  TierStats counters_ STRATA_GUARDED_BY(mutex_);  // stored, refused, removals, ...
  std::shared_ptr<const DepartureListener> listener_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::memory
