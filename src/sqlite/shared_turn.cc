// SharedTier: one transaction under the lock of all processes.
#include <algorithm>
#include <utility>

#include "core/yield_point.h"
#include "sqlite/checked_vfs.h"
#include "sqlite/shared_tier.h"

namespace strata::sqlite {
namespace {

// Where the log is copied into the file: at a share of what the file may have. It is cut at four
// times that.
constexpr std::uint64_t kLogBytesMax = 16u << 20;
constexpr std::uint64_t kLogShare = 4;
constexpr std::uint64_t kLogCut = 4;
// How long a copy of the log waits for readers, and a next one after one that did not copy it all.
constexpr int kCopyWaitMs = 10;
constexpr Duration kCopyAgain = std::chrono::seconds(1);
constexpr std::uint64_t kNobody = 0;  // no opening has it as its origin

Error closed_error() { return {ErrorCode::kClosed, "the SQLite tier is closed", {}}; }

class Underway {
 public:
  explicit Underway(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Underway() { --count_; }
  Underway(const Underway&) = delete;
  Underway& operator=(const Underway&) = delete;

 private:
  std::atomic<int>& count_;
};

}  // namespace

// Fills, puts and touches wait no longer than a put may, whatever their deadline.
Deadline SharedTier::patience(Deadline deadline) const {
  return {std::min(deadline.at, saturating_add(clock_->now(), options_.put_wait))};
}

int SharedTier::begin(Turn& turn) {
  if (const int code = opened_.store->rows().begin(); code != SQLITE_OK) return code;
  if (auto read = opened_.store->read_meta_again(); !read) {
    return read.error().code == ErrorCode::kCorrupt ? SQLITE_CORRUPT : SQLITE_IOERR;
  }
  turn.meta = opened_.store->meta();
  if (const int code = opened_.rows->read(turn.state); code != SQLITE_OK) return code;
  turn.log_began = turn.state.log_end;
  // Others' invalidations, which could not be written: everything goes with them, and all are told.
  const std::uint64_t demanded = opened_.control->demanded();
  if (demanded <= turn.state.cleared) return SQLITE_OK;
  turn.state.cleared = demanded;
  turn.is_of_all = true;
  return raise(everything(), everything().id(),
               {.below = Ticket{++turn.meta.position}, .cause = RemovalCause::kCleared}, kNobody,
               turn);
}

// What is stored while there is no room for it evicts as much as it brings, and some more: there
// may be no process that lives long enough to do it later.
int SharedTier::make_room(Turn& turn) {
  constexpr int kEvictedMost = 32;
  Rows& rows = opened_.store->rows();
  const bool brings = turn.tally.entries > 0;
  for (int evicted = 0;; ++evicted) {
    Rows::Usage usage;
    if (const int code = rows.usage(usage); code != SQLITE_OK) return code;
    const std::uint64_t bytes = usage.used_pages * kPageBytes;
    condition_.set_bytes(bytes);
    if (!brings || bytes <= options_.max_bytes || evicted == kEvictedMost) return SQLITE_OK;
    const int code =
        rows.evict(hand_, 1, turn.tally, [this](std::int64_t id) { return recent_.take(id); });
    if (code != SQLITE_OK) return code;
  }
}

int SharedTier::commit(Turn& turn) {
  if (const int code = make_room(turn); code != SQLITE_OK) return code;
  turn.meta.entries = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, static_cast<std::int64_t>(turn.meta.entries) + turn.tally.entries));
  ++turn.meta.commits;
  const std::uint64_t labels = std::min<std::uint64_t>(
      options_.remembered_labels, options_.max_bytes / kSharedTableShare / kSharedRowBytes);
  if (turn.state.labels > labels) {
    const int code = opened_.rows->forget_labels(turn.state);
    if (code != SQLITE_OK) return code;
  }
  const int code = opened_.rows->write(turn.state);
  return code == SQLITE_OK ? opened_.store->rows().commit(turn.meta) : code;
}

void SharedTier::roll_back() {
  opened_.store->database().reset_statements();
  opened_.store->rows().roll_back();
  running_.reset();
}

Error SharedTier::undo(int code) {
  const Error error = opened_.store->database().error("writing to", code);
  condition_.count_error();
  if (fault_of(code) == Fault::kCorrupt) {
    opened_.control->report_damage();
    condition_.set_off("the cache file is damaged, and nobody uses it until all have closed it: " +
                       error.message);
  } else {
    condition_.set_trouble(error.message);
  }
  return {ErrorCode::kUnavailable, error.message, {}};
}

Result<void> SharedTier::transact_alone(const Change& change, Turn& turn) {
  // The lock may not be given back with the transaction open, whatever throws.
  struct Open {
    SharedTier& tier;
    bool is_open = true;
    ~Open() {
      if (is_open) tier.roll_back();
    }
  } transaction{*this};
  SharedControl& control = *opened_.control;
  int code = begin(turn);
  if (code == SQLITE_OK) code = change(turn);
  Store& store = *opened_.store;
  // What was found to be demanded is written even if there is nothing else.
  const bool writes = turn.writes || turn.meta.position != store.meta().position;
  if (code == SQLITE_OK && !writes) {
    transaction.is_open = false;
    store.rows().roll_back();
    return {};
  }
  STRATA_YIELD("sqlite.shared.applied");
  if (code == SQLITE_OK) code = commit(turn);
  if (code != SQLITE_OK) return undo(code);
  transaction.is_open = false;
  control.set_committed(turn.meta.commits);
  store.set_meta(turn.meta);
  condition_.set_trouble({});
  condition_.set_entries(turn.meta.entries);
  condition_.count(turn.tally);
  wrote(turn);
  copy_log();
  return {};
}

// A process that is stopped within a read keeps the log from being copied, and all others may not
// wait for it each time.
void SharedTier::copy_log() {
  Store& store = *opened_.store;
  const std::uint64_t most = std::min(options_.max_bytes / kLogShare, kLogBytesMax) / kPageBytes;
  const std::uint64_t pages = store.log_pages();
  const Instant now = clock_->now();
  if (pages < most || now < copy_again_) return;
  sqlite3_busy_timeout(store.database().handle(), kCopyWaitMs);
  static_cast<void>(store.checkpoint(pages >= kLogCut * most));
  sqlite3_busy_timeout(store.database().handle(), kSharedBusyMs);
  if (!store.is_copied()) copy_again_ = saturating_add(now, kCopyAgain);
}

Result<void> SharedTier::transact(Deadline deadline, const Change& change) {
  Turn turn;
  {
    // Counted before it looks: what close() does not see here sees that it is closed.
    const Underway underway(underway_);
    if (closed_) return closed_error();
    STRATA_YIELD("sqlite.shared.before_lock");
    const SharedTurn lock(*opened_.control, *clock_, deadline);
    if (lock.has_it() && opened_.rows == nullptr) return closed_error();
    if (!lock.has_it()) {
      return Error{ErrorCode::kUnavailable, "other processes keep the cache file locked", {}};
    }
    if (opened_.control->is_damaged()) {
      return Error{ErrorCode::kUnavailable, "the cache file is damaged", {}};
    }
    if (auto done = transact_alone(change, turn); !done) return done;
  }
  condition_.tell(turn.tally.told);
  if (turn.state.log_end != turn.log_began) catch_up(turn.state.log_end, kAfterChange);
  return {};
}

}  // namespace strata::sqlite
