// Ledger: the SQLite tier's memory: its numbers, its tombstones, and what is not written yet.
//
// Everything that decides whether a value may be served or accepted is here, under one lock,
// and nothing here waits for SQLite. Callers add operations, the writer takes them off in
// groups, applies them to the file in order, and reports what is committed.
//
// Threads   Thread-safe. take(), finish() and what follows them are for the writer alone.
// Time      A call holds the lock for microseconds; take() and finish() let go of it between
//           some hundred operations. put() and invalidate() may wait for room, see there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/mutex.h"
#include "sqlite/journal.h"
#include "sqlite/operation.h"
#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/core/label_table.h"
#include "strata/core/record.h"
#include "strata/core/result.h"
#include "strata/core/ticket.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/ports/fill.h"
#include "strata/ports/tier.h"

namespace strata::sqlite {

// Calls of remove_expired() that the writer has not carried out, whether somebody still waits
// for them or not.
inline constexpr std::size_t kExpiriesMax = 16;

struct LedgerOptions {
  std::size_t remembered_labels = 0;
  std::size_t max_pending_writes = 0;
  std::size_t max_pending_bytes = 0;
  std::size_t max_tombstones = 0;
  Duration put_wait{0};
};

// Where the sequence begins, and what is still to be removed.
struct LedgerStart {
  Ticket position{};
  std::uint64_t epoch = 0;
  std::span<const Mark> marks;  // those that the journal was made with
};

// What a read knows before its SELECT.
struct Look {
  enum class Kind { kClosed, kMiss, kPending, kRow };
  Kind kind = Kind::kRow;
  std::shared_ptr<const Record> pending{};  // the answer, if kPending
  std::optional<Moment> end{};              // when an expire() ended its ttl
  struct Touch {
    Ticket number{};
    Lifetime lifetime{};
  };
  std::optional<Touch> touch{};  // of the row, if it has that number
  std::uint64_t retired = 0;
  std::uint64_t settled = 0;
  Ticket position{};
};

enum class Verdict {
  kServe,
  kMiss,
  kAgain,  // tombstones were retired meanwhile: look and select once more
};

struct Accepted {
  FillOutcome outcome = FillOutcome::kDeclined;
  std::uint64_t operation = 0;  // to wait for; 0: nothing to wait for
  bool closed = false;
};

struct LedgerCounts {
  std::uint64_t stored = 0;
  std::uint64_t refused = 0;
  std::uint64_t declined = 0;
  std::uint64_t invalidations = 0;
  std::uint64_t pending_writes = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t collapses = 0;  // when one tombstone for everything had to replace all
};

class Ledger {
 public:
  Ledger(const LedgerOptions& options, const LedgerStart& start, Clock& clock,
         std::unique_ptr<Journal> journal);

  [[nodiscard]] Ticket position() const;

  // The fill rule and the put of ports/tier.h. The record's number and epoch are set here.
  [[nodiscard]] Accepted fill(std::shared_ptr<Record> record, LabelId key, Ticket ticket);
  [[nodiscard]] Result<FillOutcome> decline();  // counts a record that is too large
  // Without a record: an erase. Waits at most options.put_wait for room for the record.
  [[nodiscard]] Accepted put(LabelId key, std::shared_ptr<Record> record, Ticket ticket,
                             Deadline deadline);
  // Waits at most options.put_wait for room in the journal; without room, one tombstone for
  // everything takes the place of all.
  Ticket invalidate(std::span<const LabelId> labels);

  // As invalidate(), with soft tombstones; without room one for everything takes the place of all
  // soft ones.
  Ticket expire(std::span<const LabelId> labels);

  // The first step of a read, and the last one if the first found no answer. A row that may be
  // served is given the lifetime that it has by now.
  [[nodiscard]] Look look(LabelId label, KeyRef key) const;
  [[nodiscard]] Verdict judge(const Look& look, LabelId label, Record& row) const;
  // The same for a row whose key was not known before: what is pending for it takes its place.
  [[nodiscard]] Verdict judge_scanned(const Look& look, LabelId label, Record& row) const;
  // Why the row is a miss, or the pending record under the key; nothing if no tombstone makes it
  // one, any more.
  [[nodiscard]] std::optional<RecordRemoval> removal_of(LabelId key, const Record* row) const;
  // The pending record under the key, covered or not. Only a mutant asks.
  [[nodiscard]] std::shared_ptr<const Record> pending_of(LabelId label) const;

  // Changes the lifetime of the pending record under the key. Returns whether there is one.
  enum class Touched { kDone, kNotPending, kMiss, kClosed };
  [[nodiscard]] Touched touch_pending(LabelId label, KeyRef key, const Lifetime& lifetime);
  // Changes the lifetime of the row that was read at `look`. False: look again.
  [[nodiscard]] bool touch_row(const Look& look, LabelId label, std::shared_ptr<Record> row,
                               const Lifetime& lifetime);
  // Has the row removed, which does not decode.
  void drop(LabelId label, Ticket number);

  // Wait for commits. kUnavailable as soon as one fails, kDeadlineExceeded, kClosed. If the last
  // one failed, the next try is made now.
  [[nodiscard]] Result<void> wait_for(std::uint64_t operation, Deadline deadline);
  [[nodiscard]] Result<void> flush(Deadline deadline);
  // Has expired entries removed and waits for it. Returns how many. kUnavailable as well while
  // kExpiriesMax calls are not carried out: each that timed out left its work behind.
  [[nodiscard]] Result<std::uint64_t> remove_expired(Deadline deadline);

  // Something is wrong with the file: the writer is to look at it.
  void report_damage(std::string reason);

  // No further fills, puts and touches. Waits until what was accepted is done, or `deadline`;
  // then the writer's next take() says to stop.
  void close(Deadline deadline);
  [[nodiscard]] bool is_closed() const;

  // For the writer.

  enum class Taken { kWork, kDamage, kStop };
  // Adds the oldest operations to `batch`. Waits until there is something, or `until`.
  [[nodiscard]] Taken take(Batch& batch, Deadline until);
  // Whether there is something to take now, or the tier closes.
  [[nodiscard]] bool has_work() const;
  // Whether the entry's row is to get another lifetime than it has.
  [[nodiscard]] bool is_touched(LabelId label) const;
  [[nodiscard]] std::string take_damage();
  // What became of the removals in a commit.
  struct Commit {
    std::uint64_t number = 0;                     // the file's
    std::span<const std::uint64_t> unfinished{};  // operations of the batch that go on
    std::uint64_t oldest_running = 0;             // the oldest operation that goes on; 0: none
  };
  // `batch` is committed. Drops what it did, and clears it.
  void finish(Batch& batch, const Commit& commit);
  // Removals that went on are done. A read that is overtaken begins again, so many of them are
  // finished in one hold of the lock.
  struct Finished {
    LabelId label{};
    std::uint64_t operation = 0;
  };
  void finish_removals(std::span<const Finished> done, const Commit& commit);
  void finish_expiry(std::uint64_t operation, std::uint64_t removed);
  // A commit failed: waiters need not wait for room. Without a reason: it works again.
  void set_failing(const std::string& reason);
  // Waits for `at_most`, or until somebody waits for a commit. Returns whether to stop.
  [[nodiscard]] bool pause(Duration at_most);
  // Whether everything that was accepted is in the file.
  [[nodiscard]] bool is_drained() const;
  // Another file has taken the place of the database: it is empty. `journal` takes the place of
  // the ledger's own, if given, with all the marks in it.
  void start_over(std::uint64_t inode, std::unique_ptr<Journal> journal);
  // What was marked before is on the disk when it returns.
  [[nodiscard]] Result<void> sync_journal();
  // Journal::mend().
  [[nodiscard]] std::string mend_journal();

  [[nodiscard]] LedgerCounts counts() const;
  // Aborts if an internal invariant is broken. O(everything); for tests.
  void check_invariants() const;

 private:
  struct Pending {
    std::shared_ptr<const Record> record;
    std::uint64_t operation = 0;
  };
  struct PendingTouch {
    Look::Touch touch;
    std::uint64_t operation = 0;
  };
  struct Tombstone {
    Ticket number{};
    std::uint64_t operation = 0;  // the removal after which it may go
    Journal::Slot slot = 0;
    bool has_slot = false;
    bool erases = false;  // somebody asked for the key to go
  };
  // What is covered is past its ttl, and no miss.
  struct SoftTombstone : Tombstone {
    Moment end{};
  };
  // Label ids are hashes already. The factor is random, so that texts chosen to collide do not.
  struct Spread {
    std::size_t odd_factor = 1;
    std::size_t operator()(LabelId label) const {
      return static_cast<std::size_t>(label) * odd_factor;
    }
  };
  template <typename Value>
  using ByLabel = std::unordered_map<LabelId, Value, Spread>;
  // Where in a batch the last operation is that removes by a label, or that ends ttls by it.
  struct TakenRemovals {
    ByLabel<std::size_t> hard;
    ByLabel<std::size_t> soft;
  };

  [[nodiscard]] bool may_enter(LabelId key, const Record& record, Ticket ticket) const
      STRATA_REQUIRES(mutex_);
  [[nodiscard]] bool covers(LabelId label, Ticket number, Ticket reader_start) const
      STRATA_REQUIRES(mutex_);
  [[nodiscard]] bool is_covered(LabelId key, const Record& record, Ticket reader_start) const
      STRATA_REQUIRES(mutex_);
  [[nodiscard]] std::optional<Moment> end_of(LabelId key, const Record& record) const
      STRATA_REQUIRES(mutex_);
  [[nodiscard]] Look look_at(LabelId label, KeyRef key) const STRATA_REQUIRES(mutex_);
  [[nodiscard]] Verdict verdict_on(const Look& look, LabelId label, Record& row) const
      STRATA_REQUIRES(mutex_);
  [[nodiscard]] bool has_queue_room(std::size_t bytes) const STRATA_REQUIRES(mutex_);
  [[nodiscard]] bool has_tombstone_room(std::size_t count) const STRATA_REQUIRES(mutex_);
  void wait_for_room(std::size_t bytes, std::size_t tombstones, Deadline deadline)
      STRATA_REQUIRES(mutex_);
  void accept(std::shared_ptr<Record> record, Operation operation) STRATA_REQUIRES(mutex_);
  void set_pending(LabelId key, std::shared_ptr<const Record> record, std::uint64_t operation)
      STRATA_REQUIRES(mutex_);
  void erase_pending(LabelId key) STRATA_REQUIRES(mutex_);
  std::uint64_t enqueue(Operation operation) STRATA_REQUIRES(mutex_);
  void cover(LabelId label, Ticket number, std::uint64_t operation, bool erases = false)
      STRATA_REQUIRES(mutex_);
  void cover_everything(Ticket number) STRATA_REQUIRES(mutex_);
  void collapse_into(Ticket number) STRATA_REQUIRES(mutex_);
  void cover_softly(LabelId label, Ticket number, const Moment& end) STRATA_REQUIRES(mutex_);
  void collapse_softly_into(Ticket number, Moment end) STRATA_REQUIRES(mutex_);
  // Drops tombstones that another covers for: the label's, or those of all other labels.
  template <typename Tombstones>
  void uncover(Tombstones& tombstones, LabelId label) STRATA_REQUIRES(mutex_) {
    if (tombstones.empty()) return;
    const auto found = tombstones.find(label);
    if (found == tombstones.end()) return;
    if (found->second.has_slot) journal_->clear(found->second.slot);
    tombstones.erase(found);
  }
  template <typename Tombstones>
  void uncover_others(Tombstones& tombstones, LabelId label) STRATA_REQUIRES(mutex_) {
    std::erase_if(tombstones, [&](const auto& other) STRATA_NO_ANALYSIS {
      if (other.first == label) return false;
      if (other.second.has_slot) journal_->clear(other.second.slot);
      return true;
    });
  }
  template <typename Tombstones>
  void retire_from(Tombstones& tombstones, LabelId label, std::uint64_t operation)
      STRATA_REQUIRES(mutex_);
  void retire(LabelId label, std::uint64_t operation) STRATA_REQUIRES(mutex_);
  void let_go_at(const char* yield_point) STRATA_REQUIRES(mutex_) STRATA_NO_ANALYSIS;
  void prepare(Operation& operation) STRATA_REQUIRES(mutex_);
  // False: the batch is complete.
  [[nodiscard]] bool take_some(Batch& batch, TakenRemovals& removals) STRATA_REQUIRES(mutex_);
  void compact_queue() STRATA_REQUIRES(mutex_);
  Taken stop_writer() STRATA_REQUIRES(mutex_);
  void start_with(const LedgerStart& start) STRATA_REQUIRES(mutex_);
  void wake_writer() STRATA_REQUIRES(mutex_);
  void finish_one(Operation& operation, bool runs_on) STRATA_REQUIRES(mutex_);
  [[nodiscard]] bool is_done(std::uint64_t operation, bool with_removals) const
      STRATA_REQUIRES(mutex_);
  // Waits for `done`, with the errors of wait_for().
  template <typename Done>
  [[nodiscard]] Result<void> wait_until(Done done, Deadline deadline) STRATA_REQUIRES(mutex_);
  // Waits a little, at most until `deadline`. False: it has passed.
  [[nodiscard]] bool wait_a_little(CondVar& changed, Deadline deadline) STRATA_REQUIRES(mutex_);

  const LedgerOptions options_;
  const std::uint64_t epoch_;
  Clock& clock_;

  mutable Mutex mutex_;
  CondVar work_;     // there is something to take, or a reason to stop
  CondVar changed_;  // something was finished, failed or closed
  std::shared_ptr<Journal> journal_ STRATA_GUARDED_BY(mutex_);
  LabelTable table_ STRATA_GUARDED_BY(mutex_);
  ByLabel<Pending> pending_ STRATA_GUARDED_BY(mutex_);
  ByLabel<PendingTouch> touches_ STRATA_GUARDED_BY(mutex_);
  ByLabel<Tombstone> tombstones_ STRATA_GUARDED_BY(mutex_);
  ByLabel<SoftTombstone> soft_tombstones_ STRATA_GUARDED_BY(mutex_);
  std::deque<Operation> queue_ STRATA_GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::optional<std::uint64_t>> expiries_ STRATA_GUARDED_BY(mutex_);
  std::size_t unfinished_expiries_ STRATA_GUARDED_BY(mutex_) = 0;
  std::size_t pending_bytes_ STRATA_GUARDED_BY(mutex_) = 0;
  std::size_t taken_ STRATA_GUARDED_BY(mutex_) = 0;      // operations in the writer's hands
  std::uint64_t last_ STRATA_GUARDED_BY(mutex_) = 0;     // the id of the newest operation
  std::uint64_t done_ STRATA_GUARDED_BY(mutex_) = 0;     // all up to it are committed, but for
  std::uint64_t running_ STRATA_GUARDED_BY(mutex_) = 0;  // removals from this id on; 0: none
  std::uint64_t retired_ STRATA_GUARDED_BY(mutex_) = 0;  // tombstones, so far
  std::uint64_t settled_ STRATA_GUARDED_BY(mutex_) = 0;  // pending records that became rows
  std::uint64_t failures_ STRATA_GUARDED_BY(mutex_) = 0;
  std::string failing_ STRATA_GUARDED_BY(mutex_);
  std::string damage_ STRATA_GUARDED_BY(mutex_);
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
  bool abandoned_ STRATA_GUARDED_BY(mutex_) = false;
  bool writer_stopped_ STRATA_GUARDED_BY(mutex_) = false;
  bool writer_waits_ STRATA_GUARDED_BY(mutex_) = false;
  bool hurry_ STRATA_GUARDED_BY(mutex_) = false;  // a pause is to end
  LedgerCounts counts_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::sqlite
