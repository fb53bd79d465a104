// CauseJournal: what happened to keys, and why.
//
// Two rings of fixed size. One holds causes: invalidations, puts, events, rules, each with the id
// of what caused it. The other holds removals: which key, why, by which cause. `strata explain`,
// the reasons of misses and the feed of invalidations read them. The oldest are overwritten.
//
//   CauseId event = journal.begin({CauseKind::kEvent, "entity_write issue id=12", {}, now});
//   CauseId call = journal.begin({CauseKind::kInvalidate, "tag org:7", event, now});
//   journal.set_number(call, ticket);        // what the memory tier counted it as
//   journal.record({.key = key_label_id(key.hash()), .why = RemovalCause::kInvalidated,
//                   .cause = call, .via = tag("org:7").id(), .at = now});
//   journal.text(*journal.last(key_label_id(key.hash())), later);
//   // "invalidated by tag org:7 <- event entity_write issue id=12, 3 s ago"
//
// Promise   What is told was recorded when it happened. What was overwritten is said to be so.
//           Keys are known by the 64-bit ids of their labels, which every tier has: of two with
//           the same id, which is improbable, one gets the other's explanation, never its value.
//           A removal below memory is told by its invalidation's number there, and so is one in
//           memory whose invalidation has not returned. Which cause that was is looked up when it
//           is recorded, or when somebody asks: others may be faster than the call that
//           invalidates.
// Threads   Thread-safe. One internal lock, held for one record, or one batch of them.
// Time      Times are the caller's, of the wall clock, and are only shown.
// Memory    Fixed by the options: 40 bytes for each removal and 144 for each cause, 16 more for
//           each tier below memory, and a bucket of 8 bytes for every second removal. 5 MiB by
//           default.
// Lifetime  encode() and decode() carry the last removals over a restart, with their causes, and
//           the last causes. Ids go on where they ended, so chains of the former process stay true.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/removal.h"
#include "strata/core/result.h"
#include "strata/labels/cause.h"
#include "strata/labels/miss_reason.h"

namespace strata {

struct CauseJournalOptions {
  // Zero switches that half off: nothing is kept, and begin() returns CauseId::kNone. At most
  // limits::kJournalRecords each.
  std::size_t removals = 65'536;
  std::size_t causes = 16'384;
  // That count invalidations: memory, and those below it. A cache says how many it has.
  std::size_t tiers = 1;
};

// Which of the tiers that a removal happened in: 0 is memory, 1 the one below it, and so on.
using TierPlace = std::uint8_t;

struct Removal {
  LabelId key{};  // of the key's label
  RemovalCause why = RemovalCause::kErased;
  CauseId cause = CauseId::kNone;  // none: eviction, expiry, corruption
  LabelId via{};                   // the label that the value carried, if it was invalidated
  WallTime at;
  TierPlace tier = 0;
  // What the tier counted the invalidation as, instead of a cause. Where it is still set in what
  // the journal tells, no cause is known by that number.
  Ticket number{};
  bool is_former = false;  // of a process before this one; record() ignores it

  friend bool operator==(const Removal&, const Removal&) = default;
};

// What encode() writes, at most: the newest of each.
struct CauseWindowSize {
  std::size_t removals = 4'096;
  std::size_t causes = 1'024;  // besides those that the removals lead to
};

struct CauseJournalStats {
  std::uint64_t removals = 0;           // that are held
  std::uint64_t causes = 0;             // that are held
  std::uint64_t removals_recorded = 0;  // since the start, overwritten ones included
  std::uint64_t causes_recorded = 0;
};

class CauseJournal {
 public:
  explicit CauseJournal(const CauseJournalOptions& options = {});
  ~CauseJournal();

  CauseJournal(const CauseJournal&) = delete;
  CauseJournal& operator=(const CauseJournal&) = delete;

  // Records a cause and returns its id. The text is cut at limits::kCauseTextBytes, between two
  // characters, and what cannot be shown is replaced by '?'. A parent that is not older is
  // dropped.
  CauseId begin(const NewCause& cause);

  // Says what a tier counted the cause as, so that cause_of_number() finds it. A cause may have
  // several numbers; it shows the last one in memory. A place beyond the options' tiers is ignored.
  void set_number(CauseId cause, Ticket number, TierPlace tier = 0);

  // Records that values left. A batch costs one lock. A cause that begin() has not given out is
  // dropped, and so is a removal by a number that is the key's last one in that tier already:
  // whoever meets a record before it is gone says the same as who takes it away.
  void record(const Removal& removal);
  void record_many(std::span<const Removal> removals);

  // The last removal of the key, or its last ones, newest first.
  [[nodiscard]] std::optional<Removal> last(LabelId key) const;
  [[nodiscard]] std::vector<Removal> history(LabelId key, std::size_t most) const;
  // Why the key is not there, as far as the journal knows.
  [[nodiscard]] MissReason classify(LabelId key) const;

  [[nodiscard]] std::optional<Cause> cause(CauseId id) const;
  // The cause that the tier of this process counted as `number`.
  [[nodiscard]] CauseId cause_of_number(Ticket number, TierPlace tier = 0) const;
  // At most `most` causes that are younger than `id`, oldest first: a feed asks with the last
  // one that it has seen.
  [[nodiscard]] std::vector<Cause> causes_after(CauseId id, std::size_t most) const;

  // The cause and what caused it, to the root: "tag org:7 <- rule issue-write <- pid 4711", with
  // "invalidated by" before an invalidation. Ends with "(older than the journal)" where the next
  // one was overwritten, and with "..." after limits::kCauseChain. Empty for CauseId::kNone.
  [[nodiscard]] std::string chain(CauseId id) const;
  // "evicted 3 s ago"; "erased by erase 1:user::42: <- cli, 2m ago"; of a tier called "sqlite",
  // "evicted in sqlite 3 s ago".
  [[nodiscard]] std::string text(const Removal& removal, WallTime now,
                                 std::string_view tier = {}) const;

  // The last removals, the causes that they lead to and the last causes, as bytes
  // (docs/formats/causes.md).
  [[nodiscard]] std::string encode(const CauseWindowSize& most = {}) const;
  // Takes what a former process encoded. Precondition: nothing was recorded yet. Errors: kCorrupt
  // for bytes that encode() has not written; the journal is then as empty as before.
  Result<void> decode(std::string_view bytes);

  [[nodiscard]] CauseJournalStats stats() const;
  [[nodiscard]] std::size_t footprint_bytes() const;
  void check_invariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
