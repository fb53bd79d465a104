// MemoryTier: the hot tier behind memory_tier(), in files by what they do: reads (tier_reads.cc),
// fills and puts (tier_writes.cc), invalidations (tier_invalidations.cc), ending of ttls
// (tier_expiry.cc) and upkeep (tier_upkeep.cc). tier.cc has the essay, the look-up and the removal
// they share.
//
// Threads   Thread-safe. Readers take no lock.
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
#include "memory/charge.h"
#include "memory/departures.h"
#include "memory/entry_table.h"
#include "memory/expiry_wheel.h"
#include "memory/group_cells.h"
#include "memory/label_index.h"
#include "memory/limbo.h"
#include "memory/policy/policies.h"
#include "memory/residence.h"
#include "strata/core/label_table.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/hot_tier.h"
#include "strata/stats/counter.h"

namespace strata::memory {

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
  std::uint64_t remove_expired() override;
  void resize(std::uint64_t max_entries, std::uint64_t max_bytes) override;
  void set_removal_listener(DepartureListener listener) override;
  TierStats stats() const override;
  void check_invariants() const override;

  [[nodiscard]] StructureSizes sizes() const;

 private:
  struct Offer;

  // Look-up and removal.
  [[nodiscard]] std::size_t table_count() const { return std::size_t{1} << placement_.shard_bits; }
  [[nodiscard]] EntryTable& table_of(std::uint64_t hash) const {
    return tables_[placement_.shard(hash)];
  }
  [[nodiscard]] Entry* find(std::uint64_t hash, std::string_view key_text) const;
  void remove(Entry* entry, RemovalCause cause, Departures& gone) STRATA_REQUIRES(mutex_);
  void let_go(Entry* entry, RemovalCause cause, Departures& gone) STRATA_REQUIRES(mutex_);

  // Visits the entries at about the next `count` places. A cursor is a number of the whole tier:
  // the table in its top bits, a cursor of that below. 0: begin, or the end. For whoever has the
  // label lock or an EpochGuard.
  template <typename Visit>
  std::uint64_t walk(std::uint64_t cursor, std::size_t count, const Visit& visit) const {
    constexpr unsigned kTableShift = 44;
    const std::uint64_t at = cursor >> kTableShift;
    const std::uint64_t within = cursor & ((std::uint64_t{1} << kTableShift) - 1);
    if (const auto next = tables_[at].walk(within, count, visit)) return at << kTableShift | *next;
    return at + 1 == table_count() ? 0 : (at + 1) << kTableShift;
  }

  // Reads.
  [[nodiscard]] bool is_servable(const Entry& entry) const;
  // The key's entry, if there is one, within an EpochGuard.
  [[nodiscard]] Entry* look(const KeyRef& key) const;
  // Counts what a look brought; returns whether it is a hit. `gone`: the entry is to be removed.
  bool note(Entry* entry, bool& gone);
  void mark(Entry& entry);
  void remove_if_gone(const KeyRef& key);

  // Writes.
  [[nodiscard]] bool refuses(const Entry& entry, LabelId key_label, Ticket ticket) const
      STRATA_REQUIRES(mutex_);
  std::optional<FillOutcome> try_fill(Offer& offer, Departures& gone) STRATA_REQUIRES(mutex_);
  std::optional<FillOutcome> try_put(Offer& offer, RemovalCause cause, Departures& gone)
      STRATA_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t used_bytes() const STRATA_REQUIRES(mutex_) {
    return policy().weight() + index_.label_bytes() + wheel_.size() * kWheelShareBytes;
  }
  [[nodiscard]] bool could_fit(const Offer& offer) const STRATA_REQUIRES(mutex_);
  FillOutcome accept(Offer& offer, Entry* former, RemovalCause cause, Departures& gone)
      STRATA_REQUIRES(mutex_);
  bool publish(Offer& offer, Entry* former) STRATA_REQUIRES(mutex_);
  bool make_room(const Offer& offer, Entry*& former, Departures& gone) STRATA_REQUIRES(mutex_);
  bool evict(std::uint64_t max_entries, std::uint64_t max_bytes, const Entry* spared,
             Departures& gone) STRATA_REQUIRES(mutex_);
  void sweep(Departures& gone) STRATA_REQUIRES(mutex_);
  void remove_due(bool exactly, const Entry* spared, Departures& gone) STRATA_REQUIRES(mutex_);

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
  bool end(Entry& entry, Ending& ending) STRATA_REQUIRES(mutex_);
  void end_keys(std::span<const Label> labels, Ending& ending);
  void end_groups(std::span<const Label> labels, std::span<const LabelId> ids, Ending& ending);
  void end_indexed(LabelId label, Ending& ending);

  // Upkeep: removes what `unwanted(entry)` says, in slices; returns how many were still current.
  // An entry may be asked about more than once.
  template <typename Unwanted>
  std::uint64_t remove_where(const Unwanted& unwanted, RemovalCause cause) {
    return remove_along(
        [&](std::uint64_t cursor, const auto& visit) { return walk(cursor, kRemovalSlice, visit); },
        unwanted, cause);
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
      Departures gone(limbo_);
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
  void check_entry(const Entry& entry) const STRATA_REQUIRES(mutex_);
  [[nodiscard]] Policy& policy() const STRATA_REQUIRES(mutex_) { return *policies_.shards[0]; }
  [[nodiscard]] bool is_off() const STRATA_REQUIRES(mutex_) { return max_bytes_ == 0; }

  const std::shared_ptr<Clock> clock_;
  const Placement placement_;
  const std::unique_ptr<EntryTable[]> tables_;  // their writer has the label lock
  const PolicySet policies_;  // guarded by the label lock, but for what readers mark
  const bool wants_hits_;
  Counter hits_;
  Counter misses_;
  Limbo limbo_;
  std::atomic<std::uint64_t> position_{0};  // follows labels_

  mutable Mutex mutex_;  // the label lock
  LabelTable labels_ STRATA_GUARDED_BY(mutex_);
  GroupCells cells_ STRATA_GUARDED_BY(mutex_);
  LabelIndex index_ STRATA_GUARDED_BY(mutex_);
  ExpiryWheel wheel_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t max_entries_ STRATA_GUARDED_BY(mutex_) = 0;  // 0: no bound
  std::uint64_t max_bytes_ STRATA_GUARDED_BY(mutex_) = 0;    // 0: off
  Ticket cleared_ STRATA_GUARDED_BY(mutex_){};               // the last clear's number
  std::uint64_t hand_ STRATA_GUARDED_BY(mutex_) = 0;         // of sweep(): a cursor, as scan()'s
  std::uint64_t writes_ STRATA_GUARDED_BY(mutex_) = 0;
  TierStats counters_ STRATA_GUARDED_BY(mutex_);  // stored, refused, removals, ...
  std::shared_ptr<const DepartureListener> listener_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::memory
