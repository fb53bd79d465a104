// Tier: one place below memory where records can live. SQLite is a tier; so is whatever a user
// plugs in.
//
// A tier stores records and forgets them when it must. It does not know the tiers above and
// below it and does not load. It does keep the number of each invalidation, and compares
// before it accepts, because that comparison must be one step with becoming visible
// (docs/consistency.md). Every implementation passes tests/contract/tier_contract.h, whose
// test names are the fine print of this header.
//
// Promise    After invalidate() or put() has returned, no get() that starts later returns a
//            record that was accepted before and carries one of the labels, and no fill() with
//            an older ticket is accepted. This holds whether or not anything was written yet.
// Threads    Every call may run concurrently with every other, including close().
// Ownership  Arguments are borrowed for the call; results belong to the caller.
// Errors     Returned, never thrown. A miss is not an error. A tier whose backing store is gone
//            answers kUnavailable, promptly and without side effects; numbers and
//            invalidations still work, so that it may be trusted again when it is back.
// Time       `deadline` bounds the call. Time comes from the injected Clock.
// Callbacks  The removal listener, in the thread of a read or in one of the tier's, with no lock
//            held. Not after close() has returned. A tier runs no other caller code.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/core/record.h"
#include "strata/core/removal.h"
#include "strata/core/result.h"
#include "strata/core/ticket.h"
#include "strata/core/time.h"
#include "strata/ports/fill.h"
#include "strata/ports/tier_stats.h"

namespace strata {

// Where a scan goes on. The default begins; empty `next` in a page says that it ended.
struct ScanCursor {
  std::string position;
};

struct ScanPage {
  std::vector<Record> records;  // never invalidated ones; expired ones are included
  std::optional<ScanCursor> next;
};

// That a record left a tier, or was met there after an invalidation and before it was gone.
struct RecordRemoval {
  LabelId key{};  // of the key's label
  RemovalCause why = RemovalCause::kErased;
  Ticket number{};  // the tier's, of the invalidation that it left by; zero: by none
  LabelId via{};    // the label by which that found it

  friend bool operator==(const RecordRemoval&, const RecordRemoval&) = default;
};

// May not throw, nor call the tier. Told after the removal is committed.
using RecordRemovalListener = std::function<void(std::span<const RecordRemoval> removals)>;

// What others invalidated, or expired, in a tier that they share. Everything, if it is not known.
using InvalidationListener = std::function<void(const Labels& labels, bool expires)>;

class Tier {
 public:
  virtual ~Tier() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;

  // The number of the last invalidation. Take it before anything is read. Never fails.
  [[nodiscard]] virtual Ticket position() const = 0;

  // The record under `key`, or nothing. Expired records are returned until they are gone; the
  // caller judges freshness. A record past its keep_for is nothing.
  [[nodiscard]] virtual Result<std::optional<Record>> get(KeyRef key, Deadline deadline) = 0;

  // Whether a read is to go on without this tier because it was found to be failing or slow;
  // counts it if so. A tier that nothing guards is always asked.
  [[nodiscard]] virtual bool skip_read() { return false; }

  // One answer per key, in order; one batched operation.
  [[nodiscard]] virtual Result<std::vector<std::optional<Record>>> get_many(
      std::span<const KeyRef> keys, Deadline deadline) = 0;

  // Stores `record` unless one of its labels, its key included, was invalidated after `ticket`.
  [[nodiscard]] virtual Result<FillOutcome> fill(const Record& record, Ticket ticket,
                                                 Deadline deadline) = 0;

  // One step: counts an invalidation of the key; makes the key's record, and all that carry the
  // key as a label, misses; and stores `record` unless one of its labels was invalidated by
  // anyone else after `ticket`. Without a record: an erase.
  [[nodiscard]] virtual Result<FillOutcome> put(KeyRef key, const Record* record, Ticket ticket,
                                                Deadline deadline) = 0;

  // After it returns, no record accepted before that carries one of `labels` is served, and no
  // fill with an older ticket is accepted. Works while the backing store does not.
  virtual InvalidateOutcome invalidate(std::span<const Label> labels) = 0;

  // After it returns, every record accepted before that carries one of `labels` is served as if
  // its ttl had ended at the call, at the latest: with what is left of what it is kept for beyond
  // its ttl, or not at all. No fill with an older ticket is accepted. An invalidation of the label,
  // before or after, is not weakened; a later touch() gives the record a new life. Several calls
  // that the tier has not carried out yet may count as one at the time of the first.
  virtual InvalidateOutcome expire(std::span<const Label> labels) = 0;

  // Changes the lifetime of the record under `key`, if there is one and it is not replaced
  // meanwhile. Returns whether there was one.
  [[nodiscard]] virtual Result<bool> touch(KeyRef key, const Lifetime& lifetime,
                                           Deadline deadline) = 0;

  // At most `limit` records from `cursor` on, in the tier's own order. Records present during
  // the whole scan appear exactly once.
  [[nodiscard]] virtual Result<ScanPage> scan(const ScanCursor& cursor, std::size_t limit,
                                              Deadline deadline) = 0;

  // Removes records past their keep_for; returns how many.
  [[nodiscard]] virtual Result<std::uint64_t> remove_expired(Deadline deadline) = 0;

  // Waits until everything accepted so far is committed: `durability: sync`.
  [[nodiscard]] virtual Result<void> flush(Deadline deadline) = 0;

  // Who is to be told why records leave, from now on; nobody if it is empty. For explanations only:
  // a tier that cannot tell does nothing here, one may leave out what is much, and of what left
  // because a newer value of its key came nothing is said.
  virtual void set_removal_listener(RecordRemovalListener /*listener*/) {}

  // Who is to be told what other processes invalidate here, soon after it is final. It may not call
  // the tier, nor close it. A tier that is not shared has nothing to tell.
  virtual void set_invalidation_listener(InvalidationListener /*listener*/) {}

  [[nodiscard]] virtual TierStats stats() const = 0;

  // Ends the tier: what was accepted is written as far as `deadline` allows; later calls answer
  // kClosed. Safe to repeat.
  virtual void close(Deadline deadline) = 0;
};

}  // namespace strata
