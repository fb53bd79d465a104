// The writer's loop and its transactions.
#include "sqlite/writer.h"

#include <algorithm>
#include <utility>

#include "core/yield_point.h"

namespace strata::sqlite {
namespace {

// A slice is what others have to wait for, so it is as many rows as take this time.
constexpr Duration kSliceTime = std::chrono::milliseconds(4);
constexpr std::size_t kSliceRowsMin = 16;
constexpr std::size_t kSliceRowsMax = 1'000;
constexpr std::size_t kWaitedShare = 4;  // of a slice, in a transaction that somebody waits for
// While nobody waits, slices share a transaction, since each writes the same pages of the indexes.
constexpr Duration kTransactionTime = std::chrono::milliseconds(50);
constexpr std::size_t kTransactionRows = 10'000;
constexpr Duration kPatienceMin = std::chrono::milliseconds(20);
constexpr Duration kPatienceMax = std::chrono::milliseconds(1'000);
constexpr int kBusyRounds = 5;  // each as long as SQLite waits for a lock
// A file with fewer entries is emptied row by row, a larger one is replaced.
constexpr std::uint64_t kReplaceEntries = 4 * kSliceRowsMax;

template <typename Removals>
std::vector<Ledger::Finished> done_of(const Removals& removals) {
  std::vector<Ledger::Finished> done;
  for (const Removal& removal : removals) done.push_back({removal.label, removal.operation});
  return done;
}

}  // namespace

Writer::Writer(const WriterOptions& options, Ledger& ledger, Store& store, Condition& condition,
               Recent& recent, Clock& clock)
    : options_(options),
      ledger_(ledger),
      store_(store),
      condition_(condition),
      recent_(recent),
      clock_(clock),
      next_sweep_(saturating_add(clock.now(), kSweepInterval)),
      has_journal_(!options.needs_journal),
      lock_inode_(inode_of(store.paths().lock)),
      patience_(kPatienceMin) {}

void Writer::start() {
  if (store_.is_open()) {
    sqlite3_busy_handler(store_.database().handle(), wait_for_lock, this);
    measure();
  }
  thread_ = Thread("strata-sqlite", [this] { run(); });
}

void Writer::stop() {
  if (thread_.joinable()) thread_.join();
}

void Writer::run() {
  Batch batch;
  for (;;) {
    if (!ensure_open()) {
      if (ledger_.is_closed() || ledger_.pause(patience_)) break;
      continue;
    }
    if (batch.empty()) {
      const Ledger::Taken taken = ledger_.take(batch, rest());
      if (taken == Ledger::Taken::kStop) break;
      if (taken == Ledger::Taken::kDamage) {
        set_aside(ledger_.take_damage());
        continue;
      }
    }
    STRATA_YIELD("sqlite.writer.taken");
    if (write(batch)) tidy();
    // Nothing is tried again at once.
    if (is_failing_ && ledger_.pause(patience_)) break;
  }
  close_cleanly();
  lock_in_children_.end();
  lock_ = Descriptor();
}

// After an opening that failed, or a file that was put aside, there is none.
bool Writer::ensure_open() { return store_.is_open() || start_over(); }

// Asked by SQLite while somebody else holds a lock: whether to wait on. A close is not kept
// waiting.
int Writer::wait_for_lock(void* writer, int waited) {
  constexpr int kWaits = 100;
  constexpr Duration kWait = std::chrono::milliseconds(20);
  return waited < kWaits && !static_cast<Writer*>(writer)->ledger_.pause(kWait) ? 1 : 0;
}

bool Writer::start_over() {
  if (!owns_files()) return false;
  // Commits count on, so that no file seems to lack some that the journal knows of.
  const Meta meta{.epoch = options_.epoch,
                  .position = number(ledger_.position()),
                  .commits = store_.meta().commits + 1,
                  .boot_id = store_.boot_in_use()};
  Result<void> done = store_.start_over(meta);
  std::unique_ptr<Journal> journal;
  if (done && !has_journal_) {
    auto made = Journal::make(store_.paths().journal,
                              {.owner = {.epoch = options_.epoch, .schema = kSchemaVersion},
                               .inode = store_.inode(),
                               .committed = meta.commits,
                               .boot_id = clock_.boot_id(),
                               .slots = options_.journal_slots,
                               .durable = options_.is_durable},
                              {});
    if (!made) done = made.error();
    if (made) journal = std::move(*made);
  }
  if (!done) {
    go_off(done.error());
    return false;
  }
  has_journal_ = true;
  ledger_.start_over(store_.inode(), std::move(journal));
  // In an empty file nothing is left to remove.
  ledger_.finish_removals(done_of(running_), {.number = meta.commits});
  running_.clear();
  can_learn_ = true;
  hand_ = INT64_MIN;
  sqlite3_busy_handler(store_.database().handle(), wait_for_lock, this);
  store_.admit_readers();
  recover();
  measure();
  return true;
}

// There is no file, for now.
void Writer::go_off(const Error& error) {
  store_.close(error.message);
  condition_.set_off(error.message);
  condition_.fail(error);
  ledger_.set_failing(error.message);
  is_failing_ = true;
  patience_ = std::min(2 * patience_, kPatienceMax);
}

void Writer::recover() {
  is_failing_ = false;
  busy_rounds_ = 0;
  patience_ = kPatienceMin;
  condition_.recover();
  condition_.set_off({});
  condition_.set_trouble({});
  ledger_.set_failing({});
}

void Writer::set_aside(const std::string& reason, const char* what) {
  store_.close_for_a_new_one();
  const std::string name = quarantine(store_.paths(), clock_.wall_now());
  const std::string loss = std::string("the cache file ") + what +
                           " and is empty again: " + reason +
                           (name.empty() ? std::string() : "; it was moved to " + name);
  condition_.set_loss(loss);
  condition_.note({ErrorCode::kCorrupt, loss, {}});
}

bool Writer::transact(Tally& tally, const std::function<int()>& change) {
  Rows& rows = store_.rows();
  int code = rows.begin();
  if (code == SQLITE_OK) code = change();
  Meta meta = store_.meta();
  meta.position = std::max(meta.position, tally.position);
  meta.entries = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, static_cast<std::int64_t>(meta.entries) + tally.entries));
  ++meta.commits;
  if (code == SQLITE_OK) {
    STRATA_YIELD("sqlite.writer.applied");
    code = rows.commit(meta);
  }
  if (code != SQLITE_OK) {
    handle(code);
    return false;
  }
  store_.set_meta(meta);
  condition_.set_entries(meta.entries);
  condition_.count(tally);
  condition_.tell(tally.told);
  if (is_failing_) recover();
  return true;
}

void Writer::handle(int code) {
  // The message is about the error only until the next call.
  const Error error = store_.database().error("writing to", code);
  store_.rows().roll_back();
  Fault fault = fault_of(code);
  // Nobody knows whether a commit that failed is in the file.
  if (fault != Fault::kCorrupt) {
    const auto read = store_.read_meta_again();
    if (!read && read.error().code == ErrorCode::kCorrupt) fault = Fault::kCorrupt;
  }
  if (fault == Fault::kCorrupt) {
    set_aside(error.message);
    return;
  }
  is_failing_ = true;
  condition_.set_trouble(error.message);
  // Somebody who looks into the file from outside may hold it for a while.
  if (fault == Fault::kBusy && ++busy_rounds_ < kBusyRounds) return condition_.count_error();
  condition_.fail({ErrorCode::kUnavailable, error.message, {}});
  ledger_.set_failing(error.message);
  if (fault == Fault::kFull) make_room();
  patience_ = std::min(2 * patience_, kPatienceMax);
}

// The disk is full. The log is the first to go, then what has expired, then entries that nobody
// read lately.
void Writer::make_room() {
  static_cast<void>(store_.checkpoint(true));
  Rows& rows = store_.rows();
  Tally tally;
  int code = rows.begin();
  if (code == SQLITE_OK) {
    // A little at a time: the disk may be full of other things.
    const std::uint64_t share = store_.meta().entries / 20 + 1;
    const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(share, kSliceRowsMax));
    Rows::ExpiryCursor cursor;
    std::vector<Rows::Expired> expired;
    code = find_expired(cursor, some, expired);
    if (code == SQLITE_OK) code = rows.remove_expired(expired, tally);
    if (code == SQLITE_OK && expired.empty()) {
      code = rows.evict(hand_, some, tally, [this](std::int64_t id) { return recent_.take(id); });
    }
  }
  Meta meta = store_.meta();
  meta.entries -= std::min(meta.entries, static_cast<std::uint64_t>(-tally.entries));
  ++meta.commits;
  if (code == SQLITE_OK) code = rows.commit(meta);
  if (code != SQLITE_OK) {
    rows.roll_back();
    static_cast<void>(store_.read_meta_again());
    return;
  }
  store_.set_meta(meta);
  condition_.count(tally);
  condition_.tell(tally.told);
  static_cast<void>(store_.database().run("PRAGMA incremental_vacuum(1000)"));
  static_cast<void>(store_.checkpoint(true));
}

bool Writer::write(Batch& batch) {
  using Kind = Operation::Kind;
  const bool is_clear = batch.operations.size() == 1 && batch.operations[0].kind == Kind::kRemove &&
                        batch.operations[0].label == everything().id();
  if (is_clear && store_.meta().entries >= kReplaceEntries &&
      store_.meta().position < number(batch.operations[0].number)) {
    return replace_file(batch);
  }
  if (batch.empty() && running_.empty()) return true;
  Progress progress;
  const bool committed = transact(progress.tally, [&] {
    std::size_t limit = slice_rows_;
    for (const Operation& operation : batch.operations) {
      if (const int code = apply(operation, limit, progress); code != SQLITE_OK) return code;
    }
    return go_on(progress, !batch.empty());
  });
  if (committed) take_over(batch, progress);
  return committed;
}

int Writer::apply(const Operation& operation, std::size_t& limit, Progress& progress) {
  using Kind = Operation::Kind;
  Rows& rows = store_.rows();
  switch (operation.kind) {
    case Kind::kStore: {
      const int code = rows.store(operation.label, *operation.record, progress.tally);
      if (code != SQLITE_OK || !operation.removes) return code;
      // The row of the key is the new one: only those that carry the key are left to remove.
      return remove({.label = operation.label,
                     .below = operation.number,
                     .operation = operation.id,
                     .stage = Removal::Stage::kLabels},
                    limit, progress);
    }
    case Kind::kTouch:
      return rows.touch(operation.label, operation.number, operation.lifetime, progress.tally);
    case Kind::kRemove:
      return remove(
          {.label = operation.label,
           .below = operation.number,
           .operation = operation.id,
           .cause = operation.erases ? RemovalCause::kErased : RemovalCause::kInvalidated},
          limit, progress);
    case Kind::kEnd:
      return remove({.label = operation.label,
                     .below = operation.number,
                     .operation = operation.id,
                     .end = operation.end},
                    limit, progress);
    case Kind::kDrop:
      return rows.drop(operation.label, operation.number, progress.tally);
    case Kind::kSkip:
    case Kind::kExpire:
      return SQLITE_OK;
  }
  return SQLITE_OK;
}

int Writer::remove(Removal removal, std::size_t& limit, Progress& progress) {
  if (limit > 0) {
    const int code = store_.rows().remove_some(removal, limit, progress.tally);
    if (code != SQLITE_OK) return code;
  }
  if (!removal.done()) {
    progress.begun.push_back(removal);
    progress.begun_operations.push_back(removal.operation);
  }
  return SQLITE_OK;
}

// The removals that run on, the oldest first: a part of a slice if somebody may wait for this
// transaction, or slices until the writer is wanted for something else.
int Writer::go_on(Progress& progress, bool is_waited_for) {
  const Instant began = clock_.now();
  Instant now = began;
  std::size_t rows = 0;
  for (std::size_t next = 0; next < running_.size();) {
    Removal removal = progress.furthest ? *progress.furthest : running_[next];
    const std::size_t most = is_waited_for ? slice_rows_ / kWaitedShare : slice_rows_;
    std::size_t limit = most;
    const int code = store_.rows().remove_some(removal, limit, progress.tally);
    if (code != SQLITE_OK) return code;
    rows += most - limit;
    const Instant before = std::exchange(now, clock_.now());
    if (limit == 0 && !is_waited_for) fit_slice(between(before, now));
    if (removal.done()) {
      progress.done.push_back(removal);
      progress.furthest.reset();
      ++next;
    } else {
      progress.furthest = removal;
    }
    const bool is_long = rows >= kTransactionRows || between(began, now) >= kTransactionTime;
    if (is_waited_for || is_long || ledger_.has_work()) break;
  }
  return SQLITE_OK;
}

// `took`: what a slice of slice_rows_ rows did.
void Writer::fit_slice(Duration took) {
  if (took > kSliceTime) slice_rows_ = std::max(slice_rows_ / 2, kSliceRowsMin);
  if (took < kSliceTime / 2) slice_rows_ = std::min(slice_rows_ * 2, kSliceRowsMax);
}

void Writer::take_over(Batch& batch, Progress& progress) {
  STRATA_YIELD("sqlite.writer.committed");
  running_.erase(running_.begin(),
                 running_.begin() + static_cast<std::ptrdiff_t>(progress.done.size()));
  if (progress.furthest) running_.front() = *progress.furthest;
  running_.insert(running_.end(), progress.begun.begin(), progress.begun.end());
  for (const Operation& operation : batch.operations) {
    if (operation.kind != Operation::Kind::kExpire) continue;
    // It finds all that a sweep would.
    std::erase_if(expiries_, [](const Expiry& expiry) { return expiry.operation == 0; });
    expiries_.push_back({.operation = operation.id, .cursor = {}});
  }
  std::uint64_t oldest = 0;
  for (const Removal& removal : running_) {
    if (oldest == 0 || removal.operation < oldest) oldest = removal.operation;
  }
  const Ledger::Commit commit{.number = store_.meta().commits,
                              .unfinished = progress.begun_operations,
                              .oldest_running = oldest};
  ledger_.finish_removals(done_of(progress.done), commit);
  ledger_.finish(batch, commit);
}

// Everything is invalid, and nothing is in the file that came later: an empty file takes its
// place, whatever the size or the state of the old one.
bool Writer::replace_file(Batch& batch) {
  Tally tally;
  tally.removed[static_cast<std::size_t>(RemovalCause::kCleared)] = store_.meta().entries;
  const Operation& clear = batch.operations[0];
  store_.rows().tell_some(
      {.why = RemovalCause::kCleared, .number = clear.number, .via = clear.label}, tally);
  if (!start_over()) return false;
  condition_.count(tally);
  condition_.tell(tally.told);
  Progress progress;
  take_over(batch, progress);
  return true;
}

}  // namespace strata::sqlite
