// The pool of reading connections, and what they select.
#include "sqlite/readers.h"

#include <algorithm>
#include <utility>

namespace strata::sqlite {

Result<std::unique_ptr<Reader>> Reader::open(const Database::Options& options,
                                             std::uint64_t epoch) {
  Result<Database> database = Database::open(options);
  if (!database) return database.error();
  std::unique_ptr<Reader> reader(new Reader(epoch));
  reader->database_ = std::move(*database);
  const std::pair<Statement*, std::string_view> wanted[] = {
      {&reader->get_, "SELECT id, number, record FROM entries WHERE key=?1"},
      {&reader->begin_, "BEGIN"},
      {&reader->end_, "COMMIT"},
      {&reader->scan_,
       "SELECT id, number, record, key FROM entries WHERE id>?1 ORDER BY id LIMIT ?2"},
  };
  for (const auto& [statement, sql] : wanted) {
    Result<Statement> prepared = reader->database_.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return reader;
}

void Reader::decode(std::string_view bytes, Selected& row) const {
  Result<Record> record = decode_record(bytes);
  if (record && record->number == row.number && record->epoch == epoch_) {
    row.record = std::move(*record);
  }
}

Selected Reader::get(LabelId key) {
  Selected row{.key = key};
  const ResetGuard guard(get_);
  get_.bind(1, static_cast<std::int64_t>(key));
  const int step = get_.step();
  if (step == SQLITE_DONE) return row;
  if (step != SQLITE_ROW) {
    row.code = step;
    return row;
  }
  row.id = get_.number(0);
  row.number = Ticket{static_cast<std::uint64_t>(get_.number(1))};
  decode(get_.blob(2), row);
  return row;
}

Result<SharedRows*> Reader::shared() {
  if (!shared_) {
    auto prepared = SharedRows::prepare(database_, SharedRows::Use::kRead);
    if (!prepared) return prepared.error();
    shared_ = std::move(*prepared);
  }
  return shared_.get();
}

int Reader::begin() { return begin_.run(); }

int Reader::end() { return end_.run(); }

int Reader::scan(std::int64_t after, std::size_t limit, std::vector<Selected>& rows) {
  const ResetGuard guard(scan_);
  scan_.bind(1, after);
  scan_.bind(2, static_cast<std::int64_t>(limit));
  int code = scan_.step();
  for (; code == SQLITE_ROW; code = scan_.step()) {
    Selected row{.id = scan_.number(0),
                 .key = LabelId{static_cast<std::uint64_t>(scan_.number(3))},
                 .number = Ticket{static_cast<std::uint64_t>(scan_.number(1))}};
    decode(scan_.blob(2), row);
    rows.push_back(std::move(row));
  }
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

Result<Readers::Lease> Readers::borrow(Deadline deadline) {
  Database::Options options;
  std::uint64_t epoch = 0;
  {
    const MutexLock lock(mutex_);
    while (state_ == State::kSuspended ||
           (state_ == State::kOpen && idle_.empty() && lent_ >= limit_)) {
      constexpr Duration kSlice = std::chrono::milliseconds(20);
      const Duration left = between(clock_.now(), deadline.at);
      if (left <= Duration::zero()) {
        return Error{ErrorCode::kDeadlineExceeded, "no connection to read with became free", {}};
      }
      static_cast<void>(returned_.wait_for(mutex_, std::min(left, kSlice)));
    }
    if (state_ == State::kClosed) return Error{ErrorCode::kUnavailable, reason_, {}};
    // What may throw comes before the loan.
    if (idle_.empty()) options = options_;
    epoch = epoch_;
    ++lent_;
    if (!idle_.empty()) {
      Lease lease(*this, std::move(idle_.back()));
      idle_.pop_back();
      return lease;
    }
  }
  Lease lease(*this, nullptr);
  Result<std::unique_ptr<Reader>> reader = Reader::open(options, epoch);
  if (!reader) return reader.error();
  lease.hold(std::move(*reader));
  return lease;
}

void Readers::give_back(std::unique_ptr<Reader> reader) {
  const MutexLock lock(mutex_);
  --lent_;
  // One that something that was thrown left in the middle of a transaction is closed as well.
  const bool is_good = reader != nullptr && reader->is_idle();
  if (is_good && state_ == State::kOpen) idle_.push_back(std::move(reader));
  // A reader of a file that goes is closed before its lease counts as over.
  reader.reset();
  if (state_ == State::kOpen) {
    returned_.notify_one();
  } else {
    returned_.notify_all();
  }
}

void Readers::open(Database::Options options, std::uint64_t epoch) {
  const MutexLock lock(mutex_);
  state_ = State::kOpen;
  options_ = std::move(options);
  epoch_ = epoch;
  returned_.notify_all();
}

void Readers::leave(State state) {
  state_ = state;
  returned_.notify_all();
  while (lent_ > 0) returned_.wait(mutex_);
  idle_.clear();
}

void Readers::close(const std::string& reason) {
  const MutexLock lock(mutex_);
  reason_ = reason;
  leave(State::kClosed);
}

void Readers::suspend() {
  const MutexLock lock(mutex_);
  leave(State::kSuspended);
}

}  // namespace strata::sqlite
