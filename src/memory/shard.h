// Shard: the entries whose hashes begin alike, with everything that finds, orders and counts them,
// under one lock. A tier has one or more. In files by what they do: shard.cc (look-up, removal,
// upkeep), shard_writes.cc (fills, puts, eviction), shard_labels.cc (its part of invalidations).
//
// Threads   Thread-safe: calls that change something take the lock, for a bounded time each. Those
//           for readers take none and want an EpochGuard. A thread never has the locks of two.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/mutex.h"
#include "memory/carried_keys.h"
#include "memory/departures.h"
#include "memory/entry_table.h"
#include "memory/epochs.h"
#include "memory/expiry_wheel.h"
#include "memory/group_cells.h"
#include "memory/label_index.h"
#include "memory/label_numbers.h"
#include "memory/limbo.h"
#include "memory/offer.h"
#include "memory/partitions.h"
#include "memory/policy/policies.h"
#include "memory/residence.h"
#include "memory/room.h"
#include "memory/tenants.h"
#include "strata/ports/clock.h"
#include "strata/ports/hot_tier.h"

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

// What the shards of one tier have in common.
struct Commons {
  std::shared_ptr<Clock> clock;
  Placement placement;
  LabelNumbers numbers;
  Room room;
  Tenants tenants;
  CarriedKeys carried;
  Limbo limbo;
};

class Shard {
 public:
  // No call holds the lock for more than this many removals.
  static constexpr std::size_t kRemovalSlice = 512;

  // What a tenant holds, by number; for tests.
  using Holdings = std::array<Room::Amount, Tenants::kNumbers>;

  // All outlive the shard.
  Shard(Commons& commons, const PolicySet& policies, Policy& policy);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // For readers.
  [[nodiscard]] const EntryTable& table() const { return table_; }
  [[nodiscard]] const UseMarks& marks(const Entry& entry) const { return order_.marks(entry); }
  [[nodiscard]] Standing standing(const Entry& entry) const { return order_.standing(entry); }
  void tell_hit(Entry& entry);  // for policies that want to be told

  // Starts to fetch where a key is, for a put that is about to come.
  void prefetch(std::uint64_t hash) const {
    const EpochGuard guard;
    table_.prefetch_change(commons_.placement.place(hash));
  }
  // A step of a fill or put. Returns whether that was all, and then offer.outcome says what became
  // of it. If not, it made room, but not enough, and has nothing more to evict; to be called again,
  // after another shard has made room.
  bool fill(Offer& offer);
  bool put(Offer& offer, RemovalCause cause, Ticket& raised);
  void count_declined();
  // Evicts as much as may be, or until there is room for the offer, which another shard could not
  // make.
  void make_room(Offer& offer);
  // Evicts `at_most` so many, and a slice, or until the bounds hold: the tier's, or a tenant's
  // quota. Returns how many.
  std::size_t shrink(std::size_t at_most);
  std::size_t shrink(TenantNumber tenant, std::size_t at_most);
  // Whoever is about to take room here by former bounds has done so when this returns.
  void await_takers() { const MutexLock lock(mutex_); }
  // From now on this tenant is told apart: what it has here counts for it, found in slices.
  void adopt(TenantNumber tenant);

  bool touch(const KeyRef& key, Instant fresh_until, Instant keep_until);
  // Removes the key's entry if it is no longer servable. It may be another one by now.
  void remove_if_gone(const KeyRef& key);
  // Removes what has expired or is no longer current; returns how many were current.
  std::uint64_t remove_expired(Instant now);
  // Removes what the wheel says has expired, and of a part of the table what is no longer current;
  // `at_most` so many.
  std::uint64_t remove_due(std::size_t at_most);

  // The shard's step of an invalidation whose number was raised before: begins a generation and
  // sets aside what carries one of the labels. Returns how many entries are gone by it. Removals
  // follow.
  std::uint64_t set_aside(std::span<const Label> labels, Ticket number);
  // The same for a put's key.
  void set_aside(LabelId key, Ticket number);
  std::uint64_t remove_doomed(std::span<const LabelId> labels);
  std::uint64_t remove_key(const Label& key, std::uint64_t before);  // accepted before it
  std::uint64_t remove_stale();                                      // what is not current

  std::uint64_t begin_generation();

  // The shard's part of an expire: ends the ttl of what was accepted before a generation; each
  // returns how many it ended.
  std::uint64_t end_key(const Label& key, std::uint64_t before, Instant now);
  std::uint64_t end_groups(std::span<const LabelId> labels, bool all, std::uint64_t before,
                           Instant now);
  std::uint64_t end_indexed(LabelId label, std::uint64_t before, Instant now);

  // The shard's of `shards` equal parts.
  void set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes, std::size_t shards);
  void set_listener(std::shared_ptr<const DepartureListener> listener);
  void add_to(TierStats& stats) const;
  void add_to(StructureSizes& sizes) const;
  // Aborts if an invariant is broken. Returns what the shard holds, and adds what tenants do.
  Room::Amount check_invariants(Holdings& tenants) const;

 private:
  [[nodiscard]] Entry* find(std::uint64_t hash, std::string_view key_text) const;
  void remove(Entry* entry, RemovalCause cause, Departures& gone) STRATA_REQUIRES(mutex_);
  void let_go(Entry* entry, RemovalCause cause, Departures& gone) STRATA_REQUIRES(mutex_);
  [[nodiscard]] Room::Amount held() const STRATA_REQUIRES(mutex_);
  void settle() STRATA_REQUIRES(mutex_);

  // Writes.
  void prefetch_change(std::uint64_t hash) const STRATA_REQUIRES(mutex_);
  bool try_fill(Offer& offer, Departures& gone) STRATA_REQUIRES(mutex_);
  bool try_put(Offer& offer, RemovalCause cause, Ticket& raised, Departures& gone)
      STRATA_REQUIRES(mutex_);
  void accept(Offer& offer, Entry* former, RemovalCause cause, Departures& gone)
      STRATA_REQUIRES(mutex_);
  bool publish(Offer& offer, Entry* former) STRATA_REQUIRES(mutex_);
  [[nodiscard]] bool could_fit(const Offer& offer) const;
  void find_tenant(Offer& offer) STRATA_REQUIRES(mutex_);
  bool take_quota(Offer& offer, const Entry* former, Departures& gone) STRATA_REQUIRES(mutex_);
  void return_quota(Offer& offer);
  bool take_room(Offer& offer, Entry*& former, Departures& gone) STRATA_REQUIRES(mutex_);
  using TakeRoom = bool (Room::*)(const Room::Amount& amount, const Room::Given& given);
  bool take_by(TakeRoom take, const Offer& offer, const Entry* former) STRATA_REQUIRES(mutex_);
  bool come_again(Offer& offer, const Departures& gone);
  [[nodiscard]] const Entry* spared_beside(const Entry* spared) STRATA_REQUIRES(mutex_);
  template <typename Enough>
  bool evict(const Enough& enough, TenantNumber from, const Entry* spared, std::size_t at_most,
             Instant now, Departures& gone) STRATA_REQUIRES(mutex_);
  void sweep(Instant now, Departures& gone) STRATA_REQUIRES(mutex_);
  std::uint64_t sweep_stale(std::size_t at_most, Departures& gone) STRATA_REQUIRES(mutex_);
  void remove_due(Instant now, bool exactly, const Entry* spared, std::size_t at_most,
                  Departures& gone) STRATA_REQUIRES(mutex_);

  // Labels.
  std::uint64_t doom(LabelId label, Ticket number) STRATA_REQUIRES(mutex_);
  void count(RemovalCause cause, std::uint64_t removed) STRATA_REQUIRES(mutex_) {
    counters_.removals[static_cast<std::size_t>(cause)] += removed;
  }
  void prefetch_removals(std::span<Entry* const> entries) const;
  bool end(Entry& entry, std::uint64_t before, Instant now, std::uint64_t& ended)
      STRATA_REQUIRES(mutex_);

  // Removes what `unwanted(entry)` says, in slices; returns how many were still current. An entry
  // may be asked about more than once.
  template <typename Unwanted>
  std::uint64_t remove_where(const Unwanted& unwanted, RemovalCause cause) {
    const auto walk_on = [&](std::uint64_t cursor, const auto& visit) -> std::uint64_t {
      return table_.walk(cursor, kRemovalSlice, visit).value_or(0);
    };
    return remove_along(walk_on, unwanted, cause);
  }
  // The same for what `walk_on(cursor, visit)` visits: a slice of it, with the lock held. It
  // returns the next cursor, 0 at the end.
  template <typename WalkOn, typename Unwanted>
  std::uint64_t remove_along(const WalkOn& walk_on, const Unwanted& unwanted, RemovalCause cause) {
    std::array<Entry*, kRemovalSlice> found;
    std::uint64_t removed = 0;
    std::uint64_t cursor = 0;
    bool more = true;
    while (more) {
      Departures gone(commons_.limbo);
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
      settle();
      // Homes may be crowded: then the same places are looked at again.
      if (overflow) continue;
      cursor = next;
      more = next != 0;
    }
    return removed;
  }

  // What readers use.
  EntryTable table_;  // its writer has the lock
  Commons& commons_;
  Partitions order_;  // guarded by the lock, but for what readers mark

  alignas(64) mutable Mutex mutex_;
  GroupCells cells_ STRATA_GUARDED_BY(mutex_);
  LabelIndex index_ STRATA_GUARDED_BY(mutex_);
  ExpiryWheel wheel_ STRATA_GUARDED_BY(mutex_);
  Room::Amount settled_ STRATA_GUARDED_BY(mutex_);  // what the room knows of
  std::uint64_t generation_ STRATA_GUARDED_BY(mutex_) = 0;
  std::uint64_t cleared_ STRATA_GUARDED_BY(mutex_) = 0;  // the generation of the last clear
  std::uint64_t hand_ STRATA_GUARDED_BY(mutex_) = 0;     // of sweep(): a cursor of the table
  std::uint64_t writes_ STRATA_GUARDED_BY(mutex_) = 0;   // while the wheel has no room for all
  const Entry* newcomer_ STRATA_GUARDED_BY(mutex_) = nullptr;  // for which room is still made
  TierStats counters_ STRATA_GUARDED_BY(mutex_);               // stored, refused, removals, ...
  std::shared_ptr<const DepartureListener> listener_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::memory
