// SharedTier: what its thread does to keep house, and the end.
#include <algorithm>
#include <utility>

#include "core/yield_point.h"
#include "sqlite/checked_vfs.h"
#include "sqlite/shared_tier.h"
#include "sqlite/writer.h"

namespace strata::sqlite {
namespace {

constexpr Duration kHouseInterval = std::chrono::seconds(1);
constexpr std::size_t kSlices = 16;
// Between slices, longer than others pause who wait for the lock.
constexpr Duration kRest = 2 * SharedControl::kPauseMax;
constexpr Duration kSliceWait = std::chrono::seconds(2);
constexpr Duration kChangesPause = std::chrono::milliseconds(1);
constexpr Duration kCloseWait = std::chrono::seconds(2);
constexpr Duration kEvictWait = std::chrono::milliseconds(20);

void pause_between_slices() {
  Mutex mutex;
  CondVar never;
  const MutexLock lock(mutex);
  static_cast<void>(never.wait_for(mutex, kRest));
}

Error closed_error() { return {ErrorCode::kClosed, "the SQLite tier is closed", {}}; }

}  // namespace

int SharedTier::remove_live(Turn& turn, bool& has_more) {
  SharedRows& rows = *opened_.rows;
  turn.writes = false;
  while (turn.rows > 0) {
    std::optional<SharedRows::Live> live;
    if (const int code = rows.find_live(live); code != SQLITE_OK) return code;
    has_more = live.has_value();
    if (!has_more) return SQLITE_OK;
    turn.writes = true;
    const bool hard = live->known.removes;
    Removal wanted{.label = live->label, .below = hard ? live->known.hard : live->known.soft};
    if (!hard) wanted.end = live->known.end;
    const bool goes_on = running_ && running_->label == live->label &&
                         removal_.below == wanted.below && removal_.end.has_value() == !hard;
    if (!goes_on) removal_ = wanted;
    running_ = live;
    const int code = opened_.store->rows().remove_some(removal_, turn.rows, turn.tally);
    if (code != SQLITE_OK || !removal_.done()) return code;
    running_.reset();
    (hard ? live->known.removes : live->known.ends) = false;
    if (const int kept = rows.keep(live->label, live->known); kept != SQLITE_OK) return kept;
    // A label that leads to nothing takes its time too.
    turn.rows -= std::min<std::size_t>(turn.rows, 1);
  }
  return SQLITE_OK;
}

Result<bool> SharedTier::remove_some(Deadline deadline) {
  bool has_more = true;
  const auto done = transact(deadline, [&](Turn& turn) { return remove_live(turn, has_more); });
  if (!done) return done.error();
  if (!has_more) has_live_ = false;
  return has_more;
}

// Between two slices of upkeep: others get the lock, and are listened to. False: the tier closes.
bool SharedTier::rest() {
  pause_between_slices();
  STRATA_YIELD("sqlite.shared.rest");
  {
    const MutexLock lock(mutex_);
    if (stops_) return false;
  }
  poll();
  return true;
}

void SharedTier::keep_house() {
  const Instant now = clock_->now();
  const bool is_due = between(kept_house_, now) >= kHouseInterval;
  // Others may have died within a removal.
  if (is_due) has_live_ = true;
  for (std::size_t slice = 0; slice < kSlices && has_live_; ++slice) {
    if (!remove_some({clock_->now()})) break;
    if (!rest()) return;
  }
  if (between(swept_, now) >= kSweepInterval) {
    swept_ = now;
    sweep_ = Rows::ExpiryCursor();
    sweeps_ = true;
  }
  // As long as it takes, some at a time.
  for (std::size_t slice = 0; slice < kSlices && sweeps_; ++slice) {
    if (!expire_some(sweep_, {clock_->now()})) break;
    sweeps_ = sweep_.more;
    if (!rest()) return;
  }
  if (!is_due) return;
  kept_house_ = now;
  cut_log();
  for (std::size_t slice = 0; slice < kSlices && evict(slice == 0); ++slice) {
    if (!rest()) return;
  }
}

// What the log takes is none of the entries' room, so it is cut before they are evicted.
void SharedTier::cut_log() {
  const std::uint64_t bytes = options_.max_bytes / kSharedTableShare;
  const std::uint64_t rows = std::min(kSharedLogRows, bytes / kSharedLogRowBytes);
  static_cast<void>(transact({clock_->now()}, [&](Turn& turn) {
    check_places();
    turn.writes = turn.state.log_end - log_cut_ > rows;
    if (!turn.writes) return SQLITE_OK;
    log_cut_ = turn.state.log_end;
    return opened_.rows->cut_log(bytes);
  }));
}

// Who opens a file that took the place of ours, or of the lock, does not know of us.
void SharedTier::check_places() {
  if (is_in_place(opened_)) return;
  opened_.control->report_damage();
  condition_.set_off("the cache file, or one that belongs to it, was removed or replaced in use");
}

// Returns whether there may be more to evict.
bool SharedTier::evict(bool is_first) {
  bool is_enough = true;
  // Beside those who write all the time, too.
  const Deadline wait{saturating_add(clock_->now(), kEvictWait)};
  const auto done = transact(wait, [&](Turn& turn) {
    Rows& rows = opened_.store->rows();
    Rows::Usage usage;
    if (const int code = rows.usage(usage); code != SQLITE_OK) return code;
    const std::uint64_t bytes = usage.used_pages * kPageBytes;
    const std::uint64_t most = is_first ? options_.max_bytes : options_.max_bytes / 20 * 19;
    condition_.set_bytes(bytes);
    is_enough = bytes <= most || turn.meta.entries == 0;
    turn.writes = !is_enough;
    if (is_enough) return SQLITE_OK;
    return rows.evict(hand_, Turn::kRows, turn.tally,
                      [this](std::int64_t id) { return recent_.take(id); });
  });
  return done && !is_enough;
}

Result<std::uint64_t> SharedTier::expire_some(Rows::ExpiryCursor& cursor, Deadline deadline) {
  std::uint64_t removed = 0;
  Rows::ExpiryCursor next = cursor;
  const auto done = transact(deadline, [&](Turn& turn) {
    Rows& rows = opened_.store->rows();
    std::vector<Rows::Expired> expired;
    const int code = rows.find_expired(next, moment_of(*clock_), Turn::kRows, expired);
    turn.writes = !expired.empty();
    if (code != SQLITE_OK || expired.empty()) return code;
    const int done_with = rows.remove_expired(expired, turn.tally);
    removed = turn.tally.removed[static_cast<std::size_t>(RemovalCause::kExpired)];
    return done_with;
  });
  if (!done) return done.error();
  cursor = next;
  return removed;
}

// How long a slice that somebody waits for waits for the lock.
Deadline SharedTier::slice_deadline(Deadline deadline) const {
  return {std::min(deadline.at, saturating_add(clock_->now(), kSliceWait))};
}

Result<std::uint64_t> SharedTier::remove_expired(Deadline deadline) {
  if (closed_) return closed_error();
  std::uint64_t removed = 0;
  Rows::ExpiryCursor cursor;
  for (;;) {
    const Result<std::uint64_t> more = expire_some(cursor, slice_deadline(deadline));
    if (!more) return more.error();
    removed += *more;
    if (!cursor.more) return removed;
    if (between(clock_->now(), deadline.at) <= Duration::zero()) {
      return Error{ErrorCode::kDeadlineExceeded, "the SQLite tier still removes", {}};
    }
    pause_between_slices();
  }
}

Result<void> SharedTier::flush(Deadline deadline) {
  for (;;) {
    if (closed_) return closed_error();
    const Result<bool> more = remove_some(slice_deadline(deadline));
    if (!more) return more.error();
    if (!*more) return {};
    if (between(clock_->now(), deadline.at) <= Duration::zero()) {
      return Error{ErrorCode::kDeadlineExceeded, "the SQLite tier is still writing", {}};
    }
    pause_between_slices();
  }
}

TierStats SharedTier::stats() const {
  TierStats stats;
  stats.name = name();
  condition_.describe(stats);
  stats.max_bytes = options_.max_bytes;
  stats.stored = stored_;
  stats.refused = refused_;
  stats.declined = declined_;
  stats.invalidations = invalidations_;
  stats.tombstones = has_live_ ? 1 : 0;
  if (opened_.control->is_damaged() && stats.state != TierState::kOff) {
    stats.state = TierState::kOff;
    stats.reason = "the cache file is damaged, and nobody uses it until all have closed it";
  }
  return stats;
}

bool SharedTier::wait_for_changes(Deadline deadline) {
  const MutexLock lock(mutex_);
  while (underway_ > 0) {
    if (between(clock_->now(), deadline.at) <= Duration::zero()) return false;
    static_cast<void>(wake_.wait_for(mutex_, kChangesPause));
  }
  return true;
}

void SharedTier::close(Deadline deadline) {
  {
    const MutexLock lock(mutex_);
    stops_ = true;
    wake_.notify_one();
    // Called by what the listener called: the thread does not wait for itself, nor for who waits
    // for it. Another close() or the destructor does.
    if (self_ == std::this_thread::get_id()) {
      closed_ = true;
      opened_.control->end_leases();
      return;
    }
  }
  const MutexLock lock(close_mutex_);
  if (is_closed_) return;
  is_closed_ = true;
  thread_.join();
  // What is left to remove keeps the file from being clean, so it goes first if there is time. All
  // else is written, so nothing is lost if another process keeps the lock.
  const Deadline wait{std::min(deadline.at, saturating_add(clock_->now(), kCloseWait))};
  static_cast<void>(flush(wait));
  closed_ = true;
  opened_.control->end_leases();
  // Who found it open may still change something; what that is does not matter if all is gone.
  if (!wait_for_changes(wait)) opened_.control->demand();
  condition_.set_off("the SQLite tier is closed");
  lock_in_children_.end();
  close_shared_files(opened_, *clock_, wait);
}

}  // namespace strata::sqlite
