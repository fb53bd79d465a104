// The writer, continued: what it does between groups, and when it ends.
#include <algorithm>
#include <utility>

#include "sqlite/checked_vfs.h"
#include "sqlite/writer.h"

namespace strata::sqlite {
namespace {

constexpr std::size_t kSliceRows = 1'000;
constexpr std::size_t kSlicesPerGroup = 16;    // of evictions, between two groups
constexpr std::size_t kLearnedLabels = 2'000;  // at once, in some milliseconds
constexpr std::size_t kGroupRows = 100;        // that forget_groups() looks at in one go

// Where the log is copied into the file, and where it is cut as well.
constexpr std::uint64_t kLogPagesCopy = (16u << 20) / kPageBytes;
constexpr std::uint64_t kLogPagesCut = (64u << 20) / kPageBytes;

// Free pages stay in the file for what comes next, unless they are many.
constexpr std::uint64_t kFreePagesMin = (4u << 20) / kPageBytes;

bool has_too_many_free(const Rows::Usage& usage) {
  return usage.free_pages > kFreePagesMin && usage.free_pages > usage.used_pages / 3;
}

}  // namespace

bool Writer::is_too_large() const { return usage_.used_pages * kPageBytes > options_.max_bytes; }

bool Writer::has_more_to_do() const {
  if (!running_.empty()) return true;
  if (ledger_.is_closed()) return false;
  const bool learns = can_learn_ && !store_.rows().knows_labels();
  return learns || !expiries_.empty() || group_hand_ != INT64_MAX ||
         (is_too_large() && store_.meta().entries > 0) ||
         (has_too_many_free(usage_) && can_vacuum_);
}

// Until when the writer may wait for work.
Deadline Writer::rest() const {
  if (has_more_to_do()) return {Instant{}};
  return {ledger_.is_closed() ? kNever : next_sweep_};
}

void Writer::tidy() {
  if (!store_.is_open() || !has_its_files()) return;
  measure();
  if (store_.is_open()) begin_sweep();
  if (store_.is_open() && is_too_large()) evict();
  if (store_.is_open() && !expiries_.empty()) static_cast<void>(expire());
  if (store_.is_open()) learn_labels();
  if (store_.is_open()) give_room_back();
  if (store_.is_open()) copy_log();
}

// Whether nobody else can have the files. Without its lock file somebody can.
bool Writer::owns_files() {
  const Paths& paths = store_.paths();
  if (inode_of(paths.lock) == lock_inode_) return true;
  auto lock = lock_files(paths);
  if (!lock) {
    go_off({lock.error().code,
            "the lock file " + paths.lock + " was removed or replaced while in use, and now " +
                lock.error().message,
            {}});
    return false;
  }
  lock_ = std::move(*lock);
  lock_in_children_ = internal::ClosedInChildren(lock_.get());
  lock_inode_ = inode_of(paths.lock);
  return true;
}

// Files that somebody removed or replaced while they are in use are not what was written.
bool Writer::has_its_files() {
  const Paths& paths = store_.paths();
  const auto has_lock = [&] { return inode_of(paths.lock) == lock_inode_; };
  if (has_lock() && store_.is_in_place()) {
    const std::string wrong = ledger_.mend_journal();
    if (wrong.empty()) return true;
    // Unless all of them went meanwhile, of which that is a part.
    if (has_lock() && store_.is_in_place()) {
      condition_.set_lesser_loss(wrong);
      condition_.note({ErrorCode::kUnavailable, wrong, {}});
      return true;
    }
  }
  const bool had_lock = has_lock();
  if (owns_files()) {
    set_aside((had_lock ? paths.database : paths.lock) + " is another file now, or none",
              "was removed or replaced while in use");
  }
  return false;
}

void Writer::measure() {
  if (const int code = store_.rows().usage(usage_); code != SQLITE_OK) {
    handle(code);
    return;
  }
  condition_.set_entries(store_.meta().entries);
  condition_.set_bytes(usage_.used_pages * kPageBytes);
}

// A sweep looks at the minutes that are over. All that it finds there has expired, unless the
// wall clock was set, so it costs what it gives; what expires in this minute waits for the next.
void Writer::begin_sweep() {
  const Instant now = clock_.now();
  const std::int64_t minute = clock_.wall_now().unix_ms / kMinuteMs - 1;
  const bool is_due = now >= next_sweep_ || (is_too_large() && minute != swept_minute_);
  if (!is_due || !expiries_.empty() || ledger_.is_closed()) return;
  next_sweep_ = saturating_add(now, kSweepInterval);
  swept_minute_ = minute;
  expiries_.push_back({.cursor = {.until = minute}});
}

// What has expired goes first. Slices without any, as there may be after the wall clock was set,
// do not keep the file from getting smaller.
void Writer::evict() {
  const std::uint64_t low_water = options_.max_bytes / 20 * 19;
  bool expires = true;
  for (std::size_t slice = 0; slice < kSlicesPerGroup; ++slice) {
    expires = expires && !expiries_.empty();
    if (expires) {
      const std::optional<std::uint64_t> removed = expire();
      if (!removed) return;
      expires = *removed > 0;
    } else if (!evict_some()) {
      return;
    }
    measure();
    if (!store_.is_open() || usage_.used_pages * kPageBytes <= low_water) return;
    if (store_.meta().entries == 0) return;
  }
}

// A clock's hand goes round over the entries in the order of their first storing. One that was
// read since the hand last passed stays, the others go.
bool Writer::evict_some() {
  Tally tally;
  std::int64_t hand = hand_;
  const bool done = transact(tally, [&] {
    return store_.rows().evict(hand, kSliceRows, tally,
                               [this](std::int64_t id) { return recent_.take(id); });
  });
  if (!done) return false;
  hand_ = hand;
  if (hand_ == INT64_MIN) group_hand_ = INT64_MIN;  // once round: some groups may be empty
  return true;
}

int Writer::find_expired(Rows::ExpiryCursor& cursor, std::size_t limit,
                         std::vector<Rows::Expired>& expired) {
  const int code = store_.rows().find_expired(cursor, moment_of(clock_), limit, expired);
  // A touch that found its entry alive a moment ago and is not here yet is lost with it.
  std::erase_if(expired, [this](const Rows::Expired& entry) {
    return entry.cause == RemovalCause::kExpired && ledger_.is_touched(entry.row.key);
  });
  return code;
}

// One slice of the oldest look for expired entries. Returns how many went, nothing if it failed.
std::optional<std::uint64_t> Writer::expire() {
  Expiry& expiry = expiries_.front();
  const Instant began = clock_.now();
  Rows::ExpiryCursor cursor = expiry.cursor;
  std::vector<Rows::Expired> expired;
  if (const int code = find_expired(cursor, kSliceRows, expired); code != SQLITE_OK) {
    handle(code);
    return std::nullopt;
  }
  Tally tally;
  // Nothing to remove is nothing to write, unless it is to be seen whether writing works again.
  const bool writes = !expired.empty() || is_failing_;
  if (writes && !transact(tally, [&] { return store_.rows().remove_expired(expired, tally); })) {
    return std::nullopt;
  }
  expiry.cursor = cursor;
  expiry.removed += tally.removed[static_cast<std::size_t>(RemovalCause::kExpired)];
  if (!cursor.more) {
    const Expiry done = expiry;
    expiries_.pop_front();
    // A sweep's interval began with it.
    if (done.operation != 0) {
      next_sweep_ = saturating_add(began, kSweepInterval);
      ledger_.finish_expiry(done.operation, done.removed);
    }
  }
  return expired.size();
}

void Writer::learn_labels() {
  if (!can_learn_) return;
  const int code = store_.rows().learn_labels(kLearnedLabels);
  if (code == SQLITE_OK) return;
  if (fault_of(code) == Fault::kCorrupt) return handle(code);
  // Nobody waits for it, and removals do without.
  condition_.count_error();
  can_learn_ = false;
}

void Writer::give_room_back() {
  if (group_hand_ != INT64_MAX) {
    Tally tally;
    std::int64_t hand = group_hand_;
    const bool done =
        transact(tally, [&] { return store_.rows().forget_groups(hand, kGroupRows); });
    if (!done) return;
    group_hand_ = hand;
  }
  if (has_too_many_free(usage_) && can_vacuum_) {
    const std::uint64_t before = usage_.free_pages;
    const int code = store_.database().run("PRAGMA incremental_vacuum(256)");
    if (code != SQLITE_OK) return handle(code);
    measure();
    can_vacuum_ = usage_.free_pages < before;
  }
}

void Writer::copy_log() {
  if (store_.log_pages() < kLogPagesCopy) return;
  const int code = store_.checkpoint(store_.log_pages() >= kLogPagesCut);
  if (code != SQLITE_OK) handle(code);
}

void Writer::close_cleanly() {
  if (!store_.is_open() || !has_its_files()) return;
  if (!ledger_.is_drained()) return store_.close("the SQLite tier is closed");
  Meta meta = store_.meta();
  meta.clean = true;
  meta.position = std::max(meta.position, number(ledger_.position()));
  ++meta.commits;
  Rows& rows = store_.rows();
  int code = rows.begin();
  if (code == SQLITE_OK) code = rows.commit(meta);
  if (code != SQLITE_OK) {
    rows.roll_back();
    return store_.close("the SQLite tier is closed");
  }
  // Copying syncs the log before the file, and the file at its end.
  if (store_.checkpoint(true) != SQLITE_OK) return store_.close("the SQLite tier is closed");
  store_.finish();
}

}  // namespace strata::sqlite
