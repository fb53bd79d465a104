// How a reader notices that it has missed something.
//
// The outbox has an id, which it gets when it is made, and its rows have numbers without holes
// (AUTOINCREMENT, and a rolled-back transaction takes its numbers back). The reader's own row
// holds the id and the number of the last row that was handed over; the reader also remembers
// that number, and the highest that it ever saw. It has missed something if
//
//   the outbox has no row for the reader                          kNewReader
//   the id in the reader's row is not the outbox's, or the
//     reader had a row and has none any more                      kReinstalled
//   the reader's row is not at the number that it remembers,
//     or is beyond the outbox's last number, or that is lower
//     than it was: an older state of the file is back             kReplaced
//   the path leads to another file than before                    kReplaced
//   the next row is not the next number                           kTrimmed
//
// and it then goes on behind the last row, once the handler has been told.
#include "outbox/reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/quote.h"
#include "outbox/registry.h"
#include "strata/core/limits.h"

namespace strata::outbox {
namespace {

std::size_t bytes_of(const Row& row) {
  return row.type.size() + row.id.size() + row.fields.size() + row.old_fields.size();
}

std::int64_t to_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

void Reader::owe_gap(OutboxGapReason reason) {
  if (!owed_gap_) owed_gap_ = reason;
}

Result<void> Reader::connect() {
  if (database_ != nullptr && database_->has_moved()) {
    owe_gap(OutboxGapReason::kReplaced);
    disconnect();
  }
  if (database_ != nullptr) return {};
  Result<void> opened = open();
  if (!opened) disconnect();
  return opened;
}

void Reader::close() {
  disconnect();
  lock_ = ReaderLock();
}

Result<void> Reader::open() {
  Result<std::unique_ptr<Database>> opened = Database::open(options_.database);
  if (!opened) return opened.error();
  database_ = *std::move(opened);
  database_->wait_for_locks(options_.wait_for_lock);
  settled_version_.reset();
  schema_version_.reset();
  if (Result<void> left = database_->leave_triggers_alone(); !left) return left;

  const Result<std::vector<Definition>> missing = missing_definitions(*database_);
  if (!missing) return missing.error();
  if (!missing->empty()) {
    return database_->rejected("has no outbox; `strata outbox install` makes one");
  }
  if (!database_->may_be_written()) return database_->error(SQLITE_READONLY);
  const Result<std::vector<std::string>> mode = database_->texts("PRAGMA journal_mode");
  if (!mode) return mode.error();
  // A position that a power loss takes back costs a repetition. In the other modes less care
  // could damage the database.
  if (!mode->empty() && mode->front() == "wal") {
    if (Result<void> set = database_->run("PRAGMA synchronous = NORMAL"); !set) return set;
  }
  return check_identity();
}

// Takes the lock of this file, and notes whether it is another one than before.
Result<void> Reader::check_identity() {
  const std::string path = database_->real_path();
  if (!lock_.is_held() || path != locked_path_) {
    Result<ReaderLock> lock = ReaderLock::take(path, options_.name);
    if (!lock) return lock.error();
    name_is_taken_ = !lock->is_held();
    if (name_is_taken_) {
      return database_->unavailable("has another relay for reader " +
                                    internal::quoted(options_.name) + ", in " + lock->owner() +
                                    ": give each cache a reader of its own");
    }
    lock_ = *std::move(lock);
    locked_path_ = path;
  }
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0 || database_->has_moved()) {
    return database_->unavailable("was moved just now");
  }
  const FileIdentity identity{file.st_dev, file.st_ino};
  if (identity_ && *identity_ != identity) owe_gap(OutboxGapReason::kReplaced);
  identity_ = identity;

  if (position_) return {};
  Snapshot snapshot;
  Result<void> read = read_state(snapshot);
  if (read && snapshot.is_registered) position_ = snapshot.position;
  return read;
}

Result<bool> Reader::has_changed() {
  const Result<std::int64_t> version = database_->number("PRAGMA data_version");
  if (!version) return version.error();
  return *version != settled_version_ || owed_gap_.has_value();
}

Result<Snapshot> Reader::read() {
  Snapshot snapshot;
  const Result<std::int64_t> version = database_->number("PRAGMA data_version");
  if (!version) return version.error();
  snapshot.version = *version;

  Transaction transaction(*database_);
  if (Result<void> begun = transaction.begin(Transaction::Kind::kRead); !begun) {
    return begun.error();
  }
  for (const auto& step : {&Reader::read_state, &Reader::read_lost}) {
    const Result<void> done = (this->*step)(snapshot);
    if (!done) return done.error();
  }
  snapshot.gap = find_gap(snapshot);
  if (!snapshot.gap) {
    if (const Result<void> done = read_rows(snapshot); !done) return done.error();
    const std::int64_t next = snapshot.rows.empty() ? snapshot.highest : snapshot.rows[0].seq - 1;
    if (next != snapshot.position) snapshot.gap = OutboxGapReason::kTrimmed;
  }
  if (snapshot.gap) {
    snapshot.position = snapshot.highest;
    snapshot.rows.clear();
    snapshot.has_more = false;
  } else {
    highest_ = snapshot.highest;
  }
  return snapshot;
}

Result<void> Reader::read_state(Snapshot& snapshot) {
  Result<Statement> state = database_->prepare(
      "SELECT m.outbox, r.outbox, r.seq,"
      " (SELECT seq FROM sqlite_sequence WHERE name = 'strata_outbox')"
      " FROM strata_outbox_meta AS m LEFT JOIN strata_outbox_readers AS r ON r.name = ?1");
  if (!state) return state.error();
  const Result<bool> found = state->bind(1, options_.name).step();
  if (!found) return found.error();
  if (!*found) return database_->rejected("has an outbox without its id; install it again");
  snapshot.outbox = state->text(0);
  snapshot.is_registered = !state->is_null(1);
  snapshot.position = state->number(2);
  snapshot.highest = state->number(3);
  if (owed_gap_) {
    snapshot.gap = owed_gap_;
  } else if (snapshot.is_registered && state->text(1) != snapshot.outbox) {
    snapshot.gap = OutboxGapReason::kReinstalled;
  }
  return {};
}

std::optional<OutboxGapReason> Reader::find_gap(const Snapshot& snapshot) const {
  if (snapshot.gap) return snapshot.gap;
  if (!snapshot.is_registered) {
    return position_ ? OutboxGapReason::kReinstalled : OutboxGapReason::kNewReader;
  }
  const bool has_other_position = position_ && *position_ != snapshot.position;
  if (has_other_position || snapshot.highest < std::max(snapshot.position, highest_)) {
    return OutboxGapReason::kReplaced;
  }
  return std::nullopt;
}

Result<void> Reader::read_lost(Snapshot& snapshot) {
  const Result<std::int64_t> version = database_->number("PRAGMA schema_version");
  if (!version) return version.error();
  snapshot.schema_version = *version;
  if (schema_version_ != *version) {
    const Result<std::vector<Watched>> watched = read_watched(*database_);
    if (!watched) return watched.error();
    lost_.clear();
    for (const Watched& one : *watched) {
      if (one.is_lost()) lost_.push_back(one.table);
    }
    schema_version_ = *version;
  }
  snapshot.lost = lost_;
  return {};
}

Result<void> Reader::read_rows(Snapshot& snapshot) {
  Result<Statement> rows = database_->prepare(
      "SELECT seq, type, id, operation, fields, old_fields, at FROM strata_outbox"
      " WHERE seq > ?1 ORDER BY seq LIMIT ?2");
  if (!rows) return rows.error();
  rows->bind(1, snapshot.position);
  rows->bind(2, static_cast<std::int64_t>(options_.batch_rows) + 1);
  std::size_t bytes = 0;
  while (true) {
    const Result<bool> found = rows->step();
    if (!found) return found.error();
    if (!*found) return {};
    const WallTime at{rows->number(6)};
    const std::int64_t seq = rows->number(0);
    const bool is_full =
        snapshot.rows.size() >= options_.batch_rows || bytes >= limits::kOutboxBatchBytes;
    const bool is_next = snapshot.rows.empty() || seq == snapshot.rows.back().seq + 1;
    if (is_full || !is_next) {  // A hole in the middle is the next batch's to find.
      snapshot.has_more = true;
      snapshot.next_at = at;
      return {};
    }
    if (snapshot.rows.empty()) snapshot.oldest_at = at;
    Row& row = snapshot.rows.emplace_back();
    row.seq = seq;
    row.type = rows->text(1);
    row.id = rows->text(2);
    row.operation = rows->text(3);
    row.fields = rows->text(4);
    row.old_fields = rows->text(5);
    row.at = at;
    bytes += bytes_of(row);
  }
}

Result<bool> Reader::advance(const Snapshot& snapshot, std::int64_t position, WallTime now) {
  Transaction transaction(*database_);
  if (Result<void> begun = transaction.begin(Transaction::Kind::kWrite); !begun) {
    return begun.error();
  }
  // Nothing is written if the outbox was made anew since the snapshot.
  Result<Statement> move = database_->prepare(
      "INSERT INTO strata_outbox_readers(name, seq, seen_at, outbox)"
      " SELECT ?1, ?2, ?3, outbox FROM strata_outbox_meta WHERE outbox = ?4"
      " ON CONFLICT(name) DO UPDATE"
      " SET seq = excluded.seq, seen_at = excluded.seen_at, outbox = excluded.outbox");
  if (!move) return move.error();
  move->bind(1, options_.name).bind(2, position).bind(3, now.unix_ms).bind(4, snapshot.outbox);
  if (const Result<void> moved = move->run(); !moved) return moved.error();
  const Result<std::int64_t> changes = database_->number("SELECT changes()");
  if (!changes) return changes.error();
  if (*changes == 0) {
    return database_->unavailable("has had its outbox made anew just now");
  }
  const Result<bool> has_more = trim(snapshot, now);
  if (!has_more) return has_more.error();
  if (const Result<void> committed = transaction.commit(); !committed) return committed.error();
  position_ = position;
  highest_ = snapshot.highest;
  owed_gap_.reset();
  return has_more;
}

Result<bool> Reader::trim(const Snapshot& snapshot, WallTime now) {
  Result<Statement> passed = database_->prepare(
      "SELECT (SELECT min(seq) FROM strata_outbox_readers WHERE outbox = ?1 AND seen_at >= ?2),"
      " (SELECT min(seq) FROM strata_outbox)");
  if (!passed) return passed.error();
  passed->bind(1, snapshot.outbox).bind(2, now.unix_ms - to_ms(options_.reader_timeout));
  const Result<bool> found = passed->step();
  if (!found) return found.error();
  const std::int64_t last = passed->number(0);
  const std::int64_t first = passed->number(1);
  const bool has_rows = !passed->is_null(1);
  passed->reset();
  if (!has_rows || first > last) return false;

  // Twice what is read at a time, so that an old stock shrinks while new rows come.
  const auto slice = static_cast<std::int64_t>(2 * options_.batch_rows);
  const std::int64_t end = std::min(last, first + slice - 1);
  Result<Statement> erase = database_->prepare("DELETE FROM strata_outbox WHERE seq <= ?1");
  if (!erase) return erase.error();
  if (const Result<void> erased = erase->bind(1, end).run(); !erased) return erased.error();
  return end < last;
}

}  // namespace strata::outbox
