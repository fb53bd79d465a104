// The writer, continued: what it does between groups, and when it ends.
#include <algorithm>
#include <utility>

#include "sqlite/checked_vfs.h"
#include "sqlite/writer.h"

namespace strata::sqlite {
namespace {

constexpr std::size_t kSliceRows = 1'000;
constexpr std::size_t kSlicesPerGroup = 16;  // of evictions, between two groups
constexpr std::size_t kGroupRows = 100;      // that forget_groups() looks at in one go

// Where the log is copied into the file, and where it is cut as well.
constexpr std::uint64_t kLogPagesCopy = (16u << 20) / kPageBytes;
constexpr std::uint64_t kLogPagesCut = (64u << 20) / kPageBytes;

// Free pages stay in the file for what comes next, unless they are many.
constexpr std::uint64_t kFreePagesMin = (4u << 20) / kPageBytes;

bool has_too_many_free(const Rows::Usage& usage) {
  return usage.free_pages > kFreePagesMin && usage.free_pages > usage.used_pages / 3;
}

}  // namespace

bool Writer::has_more_to_do() const {
  if (!running_.empty()) return true;
  if (ledger_.is_closed()) return false;
  const bool is_too_large = usage_.used_pages * kPageBytes > options_.max_bytes;
  return !expiries_.empty() || group_hand_ != INT64_MAX ||
         (is_too_large && store_.meta().entries > 0) || (has_too_many_free(usage_) && can_vacuum_);
}

void Writer::tidy() {
  if (!store_.is_open()) return;
  measure();
  if (store_.is_open() && usage_.used_pages * kPageBytes > options_.max_bytes) evict();
  if (store_.is_open() && !expiries_.empty()) expire();
  if (store_.is_open()) give_room_back();
  if (store_.is_open()) copy_log();
}

void Writer::measure() {
  if (const int code = store_.rows().usage(usage_); code != SQLITE_OK) {
    handle(code);
    return;
  }
  condition_.set_entries(store_.meta().entries);
  condition_.set_bytes(usage_.used_pages * kPageBytes);
}

// A clock's hand goes round over the entries in the order of their first storing. One that was
// read since the hand last passed stays, the others go.
void Writer::evict() {
  const std::uint64_t low_water = options_.max_bytes / 20 * 19;
  for (std::size_t slice = 0; slice < kSlicesPerGroup; ++slice) {
    Tally tally;
    std::int64_t hand = hand_;
    const bool done = transact(tally, [&] {
      return store_.rows().evict(hand, kSliceRows, tally,
                                 [this](std::int64_t id) { return recent_.take(id); });
    });
    if (!done) return;
    hand_ = hand;
    if (hand_ == INT64_MIN) group_hand_ = INT64_MIN;  // once round: some groups may be empty
    measure();
    if (!store_.is_open() || usage_.used_pages * kPageBytes <= low_water) return;
    if (store_.meta().entries == 0) return;
  }
}

void Writer::expire() {
  Expiry& expiry = expiries_.front();
  const Moment moment{
      .now = clock_.now(), .wall_now = clock_.wall_now(), .boot_id = clock_.boot_id()};
  Tally tally;
  Rows::ExpiryCursor cursor = expiry.cursor;
  const bool done = transact(
      tally, [&] { return store_.rows().remove_expired(cursor, moment, kSliceRows, tally); });
  if (!done) return;
  expiry.cursor = cursor;
  expiry.removed += tally.removed[static_cast<std::size_t>(RemovalCause::kExpired)];
  if (cursor.more) return;
  ledger_.finish_expiry(expiry.operation, expiry.removed);
  expiries_.pop_front();
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
  if (!store_.is_open()) return;
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
