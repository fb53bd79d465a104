// SharedTier: the SQLite tier of a file that several processes have open.
//
// Nothing that decides is in memory: the numbers of labels, what is still to be removed and the
// log of invalidations are in the file, so what one process commits all others see in the next
// snapshot. Each change is one transaction under the lock of SharedControl, made in the caller's
// thread; each read asks for the row and for the numbers of its labels in one snapshot. A thread
// reads the log, tells the listener what others invalidated, and keeps house.
//
// Rules, whenever nobody is in a transaction:
// (1) Numbers are those of the file's `meta.position`, which a raise counts up. A row's number is
//     the position at its acceptance, or its own put's.
// (2) shared_labels has the last number of each label; of one that it forgot, no rows below that
//     number are left, and the floor is not below it. Tickets below the floor are refused.
// (3) A fill or put enters only if no label of it has a number above its ticket, compared in the
//     transaction that stores it.
// (4) A row is served only if none of its labels has a higher number than it, and only if the file
//     has carried out every demand (SharedControl) made before the read began.
// (5) A ticket is a position up to which the listener was told of the log: whatever has a higher
//     number may have come after it, and what memory holds was made wrong by nothing below it that
//     is not gone. What this process raised itself needs no telling, as the cache does that.
// (6) A demand is told as an invalidation of everything, whether or not it is carried out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "ports/process.h"
#include "sqlite/condition.h"
#include "sqlite/shared_opening.h"
#include "strata/ports/leases_loads.h"
#include "strata/ports/tells_trouble.h"
#include "strata/ports/thread.h"
#include "strata/ports/tier.h"
#include "strata/sqlite/sqlite_tier.h"

namespace strata::sqlite {

// open_sqlite_tier() with `sharing`, on the layer of SQLite's file interface with the name `vfs`.
[[nodiscard]] Result<std::unique_ptr<Tier>> open_shared_tier(const std::string& vfs,
                                                             SqliteOptions options,
                                                             std::shared_ptr<Clock> clock,
                                                             std::shared_ptr<Random> random);

class SharedTier final : public Tier, public LeasesLoads, public TellsTrouble {
 public:
  SharedTier(SqliteOptions options, std::shared_ptr<Clock> clock, SharedOpened opened);
  ~SharedTier() override { close({clock_->now()}); }

  [[nodiscard]] std::string_view name() const override { return "sqlite"; }
  [[nodiscard]] Ticket position() const override { return Ticket{position_.load()}; }
  [[nodiscard]] Result<std::optional<Record>> get(KeyRef key, Deadline deadline) override;
  [[nodiscard]] Result<std::vector<std::optional<Record>>> get_many(std::span<const KeyRef> keys,
                                                                    Deadline deadline) override;
  [[nodiscard]] Result<FillOutcome> fill(const Record& record, Ticket ticket,
                                         Deadline deadline) override;
  [[nodiscard]] Result<FillOutcome> put(KeyRef key, const Record* record, Ticket ticket,
                                        Deadline deadline) override;
  InvalidateOutcome invalidate(std::span<const Label> labels) override {
    return change(labels, false);
  }
  InvalidateOutcome expire(std::span<const Label> labels) override { return change(labels, true); }
  [[nodiscard]] Result<bool> touch(KeyRef key, const Lifetime& lifetime,
                                   Deadline deadline) override;
  [[nodiscard]] Result<ScanPage> scan(const ScanCursor& cursor, std::size_t limit,
                                      Deadline deadline) override;
  [[nodiscard]] Result<std::uint64_t> remove_expired(Deadline deadline) override;
  [[nodiscard]] Result<void> flush(Deadline deadline) override;
  void set_removal_listener(RecordRemovalListener listener) override {
    condition_.set_listener(std::move(listener));
  }
  void set_trouble_listener(TroubleListener listener) override {
    condition_.set_trouble_listener(std::move(listener));
  }
  void set_invalidation_listener(InvalidationListener listener) override;
  [[nodiscard]] bool is_shared() const override { return true; }
  [[nodiscard]] bool try_lease(std::uint64_t key_hash) override;
  void release(std::uint64_t key_hash) override { opened_.control->release(key_hash); }
  [[nodiscard]] TierStats stats() const override;
  void close(Deadline deadline) override;

 private:
  // One transaction: what the file says, and what is to become of it.
  struct Turn {
    Meta meta;
    SharedState state;
    Tally tally;
    bool writes = true;           // false: there is nothing to commit
    std::uint64_t log_began = 0;  // where the log ended before it
    bool is_of_all = false;       // it carries out what others demanded
    std::size_t rows = kRows;     // that it may still remove
    static constexpr std::size_t kRows = 1'000;
  };
  using Change = std::function<int(Turn& turn)>;
  [[nodiscard]] Result<void> transact(Deadline deadline, const Change& change);
  // The same, with the lock.
  [[nodiscard]] Result<void> transact_alone(const Change& change, Turn& turn);
  [[nodiscard]] int begin(Turn& turn);
  [[nodiscard]] int make_room(Turn& turn);
  [[nodiscard]] int commit(Turn& turn);
  [[nodiscard]] Error undo(int code);
  void roll_back();
  void copy_log();
  [[nodiscard]] Deadline patience(Deadline deadline) const;

  [[nodiscard]] int may_enter(const Record& record, LabelId key, Ticket ticket, const Turn& turn,
                              bool& may);
  [[nodiscard]] int raise(const Label& label, LabelId id, const Removal& removal,
                          std::uint64_t origin, Turn& turn);
  [[nodiscard]] int put_row(KeyRef key, Record* record, Turn& turn);
  [[nodiscard]] int touch_row(KeyRef key, const Lifetime& lifetime, Turn& turn, bool& is_there);
  void tell_of_demand(const Error& error);
  [[nodiscard]] InvalidateOutcome change(std::span<const Label> labels, bool expires);
  [[nodiscard]] bool is_too_large(const Record& record) const;

  // A key on its way to an answer.
  struct Read {
    KeyRef key;
    Selected row{};
    std::optional<Record> answer{};
    std::optional<RecordRemoval> removal{};  // why there is none
    bool is_wrong = false;                   // the row is not what it should be
  };
  [[nodiscard]] Result<void> read_all(std::span<Read> reads, Deadline deadline);
  [[nodiscard]] int read_some(Reader& reader, std::span<Read> reads, std::uint64_t demanded,
                              SharedState& state);
  [[nodiscard]] int judge(SharedRows& rows, LabelId key, Record& record,
                          std::optional<RecordRemoval>& removal);
  void drop(LabelId key, Ticket number);
  [[nodiscard]] Error failed(Readers::Lease& reader, int code);
  [[nodiscard]] bool is_kept(const Lifetime& lifetime) const;
  [[nodiscard]] int scan_some(Reader& reader, std::int64_t after, std::size_t limit, ScanPage& page,
                              std::vector<Selected>& wrong);

  // Notes what a snapshot says of the others, and has them read if there is something new.
  void notice(const SharedState& state);
  // Notes what this process wrote itself.
  void wrote(const Turn& turn);
  // Notes that the log was told up to `told`, by a snapshot that says `state`.
  void advance(std::uint64_t told, const SharedState& state) STRATA_REQUIRES(mutex_);
  // Waits a moment, of so many milliseconds, until the log is told up to `log_end`: what begins
  // before that may not be stored. After a miss that is a load; after a change of one's own, a put
  // as well, whose caller counts on it.
  static constexpr int kAfterMiss = 5;
  static constexpr int kAfterChange = 250;
  void catch_up(std::uint64_t log_end, int milliseconds);

  void run();
  void poll();
  void tell_demands();
  [[nodiscard]] std::uint64_t tell_changes(const std::vector<SharedChange>& changes,
                                           std::uint64_t told, std::uint64_t log_end);
  [[nodiscard]] Result<bool> poll_some();
  void keep_house();
  // Goes on with what is left to remove. Returns whether anything still is.
  [[nodiscard]] Result<bool> remove_some(Deadline deadline);
  [[nodiscard]] int remove_live(Turn& turn, bool& has_more);
  // Whether all that found it open are done before `deadline`.
  [[nodiscard]] bool wait_for_changes(Deadline deadline);
  [[nodiscard]] bool rest();
  [[nodiscard]] bool evict(bool is_first);
  // Removes some of what is past its keep_for, moves the cursor on, and returns how many went.
  [[nodiscard]] Result<std::uint64_t> expire_some(Rows::ExpiryCursor& cursor, Deadline deadline);
  [[nodiscard]] Deadline slice_deadline(Deadline deadline) const;
  void cut_log();
  void check_places();
  void tell(const Labels& labels, bool expires);

  const SqliteOptions options_;
  const std::shared_ptr<Clock> clock_;
  SharedOpened opened_;
  internal::ClosedInChildren lock_in_children_{opened_.lock.get()};
  const Labels all_{everything()};  // so that telling it takes no memory
  Condition condition_;
  Recent recent_;

  // The writing connection and what follows belongs to who has the lock.
  std::optional<SharedRows::Live> running_;  // of which `removal_` has come some way
  Removal removal_;
  std::int64_t hand_ = INT64_MIN;
  Instant copy_again_{};       // no copy of SQLite's log is tried before
  std::uint64_t log_cut_ = 0;  // where the log ended when it was cut last

  std::atomic<std::uint64_t> position_;  // rises with told_
  std::atomic<std::uint64_t> log_end_;   // that was seen
  std::atomic<std::uint64_t> stored_{0}, refused_{0}, declined_{0}, invalidations_{0};
  std::atomic<int> underway_{0};  // changes that found it open
  std::atomic<bool> closed_{false};
  std::atomic<bool> has_live_{true};  // removals that are not done, as far as is known

  Mutex close_mutex_;
  bool is_closed_ STRATA_GUARDED_BY(close_mutex_) = false;
  Mutex mutex_;
  CondVar wake_;
  CondVar told_more_;
  bool is_woken_ STRATA_GUARDED_BY(mutex_) = false;
  bool stops_ STRATA_GUARDED_BY(mutex_) = false;
  std::uint64_t told_ STRATA_GUARDED_BY(mutex_);    // up to which row of the log
  std::thread::id self_ STRATA_GUARDED_BY(mutex_);  // the thread below
  // Held while the listener is called: once it is replaced it is not called any more.
  Mutex listener_mutex_;
  InvalidationListener listener_ STRATA_GUARDED_BY(listener_mutex_);

  // Of the thread.
  std::uint64_t demands_told_;  // of SharedControl
  Instant confirmed_;           // when the log was read to its end
  Instant kept_house_;
  Instant swept_;
  Rows::ExpiryCursor sweep_;
  bool sweeps_ = false;  // the sweep has not come to its end
  Thread thread_;
};

}  // namespace strata::sqlite
