// HotTier: the tier in front, which holds live entries instead of records.
//
// It follows the same fill rule as Tier, and its numbers are also what waiters of a running
// load compare with; therefore every cache has one, with a capacity of zero when memory is
// switched off. tests/contract/hot_tier_contract.h is the fine print.
//
// Promise    As Tier's: once put() or invalidate() has returned, no get() that starts later
//            returns an entry accepted before that carries one of the labels.
// Threads    Every call may run concurrently with every other.
// Ownership  Entries are shared: one that has left the tier lives on with its holders. It may be
//            kept by the tier too, until no call that runs can be looking at it: at most for a
//            thousand further removals, or until remove_due(), remove_expired() or resize().
// Errors     None: memory that cannot be had means an entry is declined.
// Callbacks  The removal listener, in the thread that caused the removal, with no lock of the tier
//            held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/core/removal.h"
#include "strata/core/result.h"
#include "strata/core/standing.h"
#include "strata/core/ticket.h"
#include "strata/core/time.h"
#include "strata/ports/curve.h"
#include "strata/ports/fill.h"
#include "strata/ports/tenants.h"
#include "strata/ports/tier_stats.h"

namespace strata {

// May not throw. Called after the entry has become invisible to get().
using RemovalListener = std::function<void(const EntryRef& entry, RemovalCause cause)>;
// The same for who assembles a cache. `earlier`: the number of the last invalidation of the
// entry's group, if that had made it wrong before it was removed; else zero: the entry leaves on
// behalf of the call that is running.
using DepartureListener =
    std::function<void(const EntryRef& entry, RemovalCause cause, Ticket earlier)>;

class HotTier {
 public:
  virtual ~HotTier() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;

  // The number of the last invalidation. Take it before anything is read.
  [[nodiscard]] virtual Ticket position() const = 0;

  // The entry under `key`, or nothing. Entries past their ttl are returned until keep_until;
  // the caller judges freshness. Invalidated ones never.
  [[nodiscard]] virtual EntryRef get(const KeyRef& key) = 0;

  // As get(), but calls visitor(context, entry) in place of taking a reference, and returns whether
  // it did. What leaves the tier meanwhile stays in memory until `visitor` returns: it must be
  // brief. It may call the tier, and throw.
  using Visitor = void (*)(void* context, const Entry& entry);
  virtual bool visit(const KeyRef& key, Visitor visitor, void* context) = 0;

  // As get(), but neither a hit, nor a miss, nor a use of the entry.
  [[nodiscard]] virtual EntryRef peek(const KeyRef& key) const = 0;

  // One answer per key, in order.
  virtual void get_many(std::span<const KeyRef> keys, std::span<EntryRef> entries) = 0;

  // Publishes `entry` unless one of its labels (key, group, details) was invalidated after
  // `ticket`. Precondition: not published before; its group outlives the tier.
  virtual FillOutcome fill(EntryRef entry, Ticket ticket) = 0;

  // One step: counts an invalidation of the key, removes the key's entry and all that carry the
  // key as a label, and publishes `entry` unless one of its labels was invalidated by anyone
  // else after `ticket`. Without an entry: an erase, which is declined. `cause`: what the
  // listener is told of the key's former entry.
  virtual FillOutcome put(KeyRef key, EntryRef entry, Ticket ticket, RemovalCause cause) = 0;

  // Counts one invalidation of `labels` and removes what carries any of them. The numbers rise
  // first; removals follow in slices, and the call returns when none is left.
  virtual InvalidateOutcome invalidate(std::span<const Label> labels) = 0;

  // Counts one invalidation of `labels`, so that older fills are refused, and ends the ttl of
  // what carries any of them: when the call returns, entries accepted before are fresh no longer.
  // What they were kept for beyond their ttl begins now; those that were not are removed as
  // expired. A load that failed lately may be tried again. Entries accepted after the number are
  // left alone. In slices, as invalidate().
  virtual InvalidateOutcome expire(std::span<const Label> labels) = 0;

  // Whether one of the labels that `entry` carries was invalidated after `ticket`, or the
  // ticket is too old to tell.
  [[nodiscard]] virtual bool invalidated_after(const Entry& entry, Ticket ticket) const = 0;
  [[nodiscard]] virtual bool invalidated_after(std::span<const LabelId> labels,
                                               Ticket ticket) const = 0;

  // A slice of the entries, weakly consistent: every entry present during the whole scan
  // appears at least once. `cursor` starts at 0; the result is the next one, 0 at the end.
  virtual std::uint64_t scan(std::uint64_t cursor, std::vector<EntryRef>& entries) const = 0;

  // How long the tier would keep the entry, beside others of this tier. Takes no lock.
  [[nodiscard]] virtual Standing standing(const Entry& entry) const = 0;

  // Changes the times of the entry under `key` in place, which leaves the tier by them; returns
  // whether there is one that get() would return.
  virtual bool touch(const KeyRef& key, Instant fresh_until, Instant keep_until) = 0;

  // Removes entries past their keep_until; returns how many. O(entries).
  virtual std::uint64_t remove_expired() = 0;
  // For upkeep: as remove_expired(), and evicts what is beyond the bounds; `at_most` so many, and
  // O(what is due), nothing worth measuring if nothing is. It may leave what ended within the last
  // half second, and most of what an invalidation of a whole group left, to later calls.
  virtual std::uint64_t remove_due(std::size_t at_most) = 0;

  // Changes the bounds; evicts what is beyond them, up to 1,000 entries: the rest goes with calls
  // that follow, and remove_due(). No bytes: nothing is kept. No entries: only bytes are bounded.
  virtual void resize(std::uint64_t max_entries, std::uint64_t max_bytes) = 0;
  // Changes the bound in bytes from `from`, and nothing if it is another by now; returns whether.
  virtual bool resize_bytes(std::uint64_t from, std::uint64_t to) = 0;

  // Changes what a tenant may hold; evicts entries of it as resize() does. A tenant at its quota
  // gives up its own entries for new ones, and never those of others. When the whole tier is full,
  // who holds the largest share of its quota gives up (docs/eviction.md). O(entries) for a tenant
  // that had none. Errors: kRejected for a name that cannot be one, or one too many; kUnavailable
  // without memory. Then nothing has changed.
  [[nodiscard]] virtual Result<void> set_quota(std::string_view tenant,
                                               const TenantQuota& quota) = 0;
  [[nodiscard]] virtual TenantsStats tenants() const = 0;

  virtual void set_removal_listener(DepartureListener listener) = 0;
  [[nodiscard]] virtual TierStats stats() const = 0;

  // The hit ratio that the tier would have at other sizes: curve.h. kRejected if it keeps no curve,
  // as one does not that is off or evicts by a policy without miniatures; the message says why.
  // Waits for the samples that are being looked at, microseconds; it is no call for a hot path.
  [[nodiscard]] virtual Result<Curve> curve() const;

  // Aborts if an internal invariant is broken. O(entries); for tests.
  virtual void check_invariants() const = 0;
};

}  // namespace strata
