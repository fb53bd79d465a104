// The ledger, as the writer and those who wait for it see it.
#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "sqlite/ledger.h"
#include "sqlite/pending_bytes.h"

namespace strata::sqlite {
namespace {

// One transaction: enough for a page to be changed by several operations before it is written,
// and over in some ten milliseconds.
constexpr std::size_t kBatchOperations = 1'000;
constexpr std::size_t kBatchBytes = 8u << 20;
// How many are taken or finished before others get the lock.
constexpr std::size_t kLockOperations = 64;

}  // namespace

// Decides what is left to do of an operation, now that later ones are known.
void Ledger::prepare(Operation& operation) {
  using Kind = Operation::Kind;
  if (operation.kind == Kind::kStore) {
    const auto tombstone = tombstones_.find(operation.label);
    const bool is_last_removal =
        tombstone != tombstones_.end() && tombstone->second.operation == operation.id;
    const auto pending = pending_.find(operation.label);
    if (pending != pending_.end() && pending->second.operation == operation.id) {
      operation.record = pending->second.record;
      if (!STRATA_MUTANT(kPendingUnchecked) || operation.removes ||
          may_enter(operation.label, *operation.record, operation.ticket)) {
        return;
      }
      operation.record.reset();
      erase_pending(operation.label);
    }
    // A newer record of the key follows. What carries the key as a label still has to go.
    operation.kind = operation.removes && is_last_removal ? Kind::kRemove : Kind::kSkip;
  } else if (operation.kind == Kind::kTouch) {
    const auto touch = touches_.find(operation.label);
    const bool is_last = touch != touches_.end() && touch->second.operation == operation.id;
    if (!is_last) operation.kind = Kind::kSkip;
  } else if (operation.kind == Kind::kEnd) {
    // A hard tombstone has taken its place.
    if (!soft_tombstones_.contains(operation.label)) operation.kind = Kind::kSkip;
  }
}

namespace {

// Of several removals of a label in a batch, the last covers all; a later batch's must not be
// waited for, or a label that is invalidated all the time would never be cleaned up.
template <typename LastOf>
void supersede(Batch& batch, LastOf& last_of, LabelId label) {
  using Kind = Operation::Kind;
  const auto [earlier, is_first] = last_of.try_emplace(label, batch.operations.size());
  if (is_first) return;
  Operation& other = batch.operations[earlier->second];
  if (other.kind == Kind::kRemove || other.kind == Kind::kEnd) other.kind = Kind::kSkip;
  other.removes = false;
  earlier->second = batch.operations.size();
}

}  // namespace

bool Ledger::take_some(Batch& batch, TakenRemovals& removals) {
  using Kind = Operation::Kind;
  static const LabelId kEverything = everything().id();
  for (std::size_t count = 0; count < kLockOperations; ++count) {
    if (queue_.empty() || batch.operations.size() >= kBatchOperations ||
        batch.bytes >= kBatchBytes) {
      return false;
    }
    Operation& next = queue_.front();
    const bool is_everything = next.kind == Kind::kRemove && next.label == kEverything;
    // It may be done by giving up the whole file, which must not hold anything later.
    if (is_everything && !batch.empty()) return false;
    prepare(next);
    batch.last = next.id;
    if (next.kind == Kind::kSkip) {
      if (batch.empty()) done_ = next.id;
      queue_.pop_front();
      continue;
    }
    if (next.kind == Kind::kRemove || next.removes) supersede(batch, removals.hard, next.label);
    if (next.kind == Kind::kEnd) supersede(batch, removals.soft, next.label);
    if (next.record != nullptr) batch.bytes += next.record->payload.size();
    batch.operations.push_back(std::move(next));
    queue_.pop_front();
    ++taken_;
    if (is_everything) return false;
  }
  return true;
}

Ledger::Taken Ledger::take(Batch& batch, Deadline until) {
  // Time is the clock's, which may stand still or jump; so no wait is long.
  constexpr Duration kSlice = std::chrono::milliseconds(500);
  const Spread spread{epoch_ | 1};
  TakenRemovals removals{ByLabel<std::size_t>(0, spread), ByLabel<std::size_t>(0, spread)};
  for (;;) {
    const MutexLock lock(mutex_);
    if (abandoned_) return stop_writer();
    if (!damage_.empty()) return Taken::kDamage;
    if (!queue_.empty()) {
      if (!take_some(batch, removals) && !batch.empty()) return Taken::kWork;
      continue;
    }
    const Duration left = between(clock_.now(), until.at);
    if (!batch.empty() || left <= Duration::zero()) return Taken::kWork;
    changed_.notify_all();
    if (closed_) return stop_writer();
    writer_waits_ = true;
    static_cast<void>(work_.wait_for(mutex_, std::min(left, kSlice)));
    writer_waits_ = false;
  }
}

// What is invalidated from now on stays a mark in the journal, for whoever opens the file next.
Ledger::Taken Ledger::stop_writer() {
  writer_stopped_ = true;
  changed_.notify_all();
  return Taken::kStop;
}

// Takes the work of superseded operations off the queue.
void Ledger::compact_queue() {
  std::erase_if(queue_, [this](Operation& operation) STRATA_NO_ANALYSIS {
    prepare(operation);
    operation.record.reset();
    if (operation.kind == Operation::Kind::kRemove && !STRATA_MUTANT(kNoTombstone)) {
      const auto tombstone = tombstones_.find(operation.label);
      return tombstone == tombstones_.end() || tombstone->second.operation != operation.id;
    }
    if (operation.kind == Operation::Kind::kEnd) {
      return soft_tombstones_.at(operation.label).operation != operation.id;
    }
    return operation.kind == Operation::Kind::kSkip;
  });
}

std::string Ledger::take_damage() {
  const MutexLock lock(mutex_);
  return std::exchange(damage_, {});
}

bool Ledger::is_touched(LabelId label) const {
  const MutexLock lock(mutex_);
  return touches_.contains(label);
}

template <typename Tombstones>
void Ledger::retire_from(Tombstones& tombstones, LabelId label, std::uint64_t operation) {
  const auto found = tombstones.find(label);
  if (found == tombstones.end() || found->second.operation != operation) return;
  if (found->second.has_slot) journal_->clear(found->second.slot);
  tombstones.erase(found);
  ++retired_;
}

void Ledger::retire(LabelId label, std::uint64_t operation) {
  retire_from(tombstones_, label, operation);
  if (!soft_tombstones_.empty()) retire_from(soft_tombstones_, label, operation);
}

void Ledger::finish_one(Operation& operation, bool runs_on) {
  using Kind = Operation::Kind;
  if (operation.kind == Kind::kStore) {
    const auto pending = pending_.find(operation.label);
    if (pending != pending_.end() && pending->second.operation == operation.id) {
      erase_pending(operation.label);
      ++settled_;
    }
  } else if (operation.kind == Kind::kTouch) {
    const auto touch = touches_.find(operation.label);
    if (touch != touches_.end() && touch->second.operation == operation.id) touches_.erase(touch);
  }
  const bool removed =
      operation.kind == Kind::kRemove || operation.kind == Kind::kEnd || operation.removes;
  if (removed && !runs_on) retire(operation.label, operation.id);
}

void Ledger::finish(Batch& batch, const Commit& commit) {
  std::size_t next = 0;
  do {
    const MutexLock lock(mutex_);
    // Before any mark goes: a file that has lost this commit needs the marks.
    if (next == 0) journal_->set_committed(commit.number);
    const std::size_t end = std::min(next + kLockOperations, batch.operations.size());
    for (; next < end; ++next) {
      Operation& operation = batch.operations[next];
      const auto& unfinished = commit.unfinished;
      const bool runs_on =
          std::find(unfinished.begin(), unfinished.end(), operation.id) != unfinished.end();
      finish_one(operation, runs_on);
      --taken_;
    }
    if (next == batch.operations.size()) {
      done_ = std::max(done_, batch.last);
      running_ = commit.oldest_running;
    }
    changed_.notify_all();
  } while (next < batch.operations.size());
  batch.clear();
}

void Ledger::finish_removals(std::span<const Finished> done, const Commit& commit) {
  while (!done.empty()) {
    const MutexLock lock(mutex_);
    journal_->set_committed(commit.number);
    const std::size_t count = std::min(kLockOperations, done.size());
    for (const Finished& one : done.first(count)) retire(one.label, one.operation);
    done = done.subspan(count);
    if (done.empty()) running_ = commit.oldest_running;
    changed_.notify_all();
  }
}

void Ledger::finish_expiry(std::uint64_t operation, std::uint64_t removed) {
  const MutexLock lock(mutex_);
  STRATA_ASSERT(unfinished_expiries_ > 0);
  --unfinished_expiries_;
  if (const auto found = expiries_.find(operation); found != expiries_.end()) {
    found->second = removed;
  }
  changed_.notify_all();
}

void Ledger::set_failing(const std::string& reason) {
  const MutexLock lock(mutex_);
  if (!reason.empty()) ++failures_;
  failing_ = reason;
  changed_.notify_all();
}

bool Ledger::pause(Duration at_most) {
  const MutexLock lock(mutex_);
  if (!abandoned_ && !hurry_) static_cast<void>(work_.wait_for(mutex_, at_most));
  hurry_ = false;
  return abandoned_;
}

bool Ledger::is_done(std::uint64_t operation, bool with_removals) const {
  if (done_ < operation) return false;
  return !with_removals || running_ == 0 || running_ > operation;
}

template <typename Done>
Result<void> Ledger::wait_until(Done done, Deadline deadline) {
  const std::uint64_t failures = failures_;
  if (!failing_.empty() && !done()) {
    // The writer waits before it tries again; somebody wants to know now.
    hurry_ = true;
    work_.notify_one();
  }
  while (!done()) {
    if (failures_ != failures) {
      return Error{ErrorCode::kUnavailable, "not written yet: " + failing_, {}};
    }
    if (abandoned_) return Error{ErrorCode::kClosed, "the SQLite tier was closed meanwhile", {}};
    if (!wait_a_little(changed_, deadline)) {
      return Error{ErrorCode::kDeadlineExceeded, "the SQLite tier is still writing", {}};
    }
  }
  return {};
}

bool Ledger::has_work() const {
  const MutexLock lock(mutex_);
  return !queue_.empty() || closed_;
}

Result<void> Ledger::wait_for(std::uint64_t operation, Deadline deadline) {
  const MutexLock lock(mutex_);
  return wait_until([&]() STRATA_NO_ANALYSIS { return is_done(operation, false); }, deadline);
}

Result<void> Ledger::flush(Deadline deadline) {
  const MutexLock lock(mutex_);
  const std::uint64_t newest = last_;
  return wait_until([&]() STRATA_NO_ANALYSIS { return is_done(newest, true); }, deadline);
}

Result<std::uint64_t> Ledger::remove_expired(Deadline deadline) {
  const MutexLock lock(mutex_);
  if (closed_) return Error{ErrorCode::kClosed, "the SQLite tier is closed", {}};
  if (unfinished_expiries_ >= kExpiriesMax) {
    std::string message = "the SQLite tier is behind: ";
    message += std::to_string(kExpiriesMax);
    message += " calls of remove_expired are not carried out yet";
    if (!failing_.empty()) message += ", since " + failing_;
    return Error{ErrorCode::kUnavailable, std::move(message), {}};
  }
  ++unfinished_expiries_;
  const auto place =
      expiries_.emplace(enqueue({.kind = Operation::Kind::kExpire}), std::nullopt).first;
  const auto waited = wait_until([&] { return place->second.has_value(); }, deadline);
  const std::uint64_t removed = place->second.value_or(0);
  expiries_.erase(place);
  if (!waited) return waited.error();
  return removed;
}

void Ledger::close(Deadline deadline) {
  const MutexLock lock(mutex_);
  closed_ = true;
  work_.notify_one();
  changed_.notify_all();
  while (!writer_stopped_ && !(queue_.empty() && taken_ == 0 && running_ == 0) &&
         failing_.empty()) {
    if (!wait_a_little(changed_, deadline)) break;
  }
  abandoned_ = true;
  work_.notify_one();
  changed_.notify_all();
}

bool Ledger::is_drained() const {
  const MutexLock lock(mutex_);
  return queue_.empty() && taken_ == 0 && running_ == 0;
}

void Ledger::start_over(std::uint64_t inode, std::unique_ptr<Journal> journal) {
  const MutexLock lock(mutex_);
  if (journal != nullptr) {
    const auto mark_all = [&](auto& tombstones) {
      for (auto& [label, tombstone] : tombstones) {
        tombstone.slot = journal->mark({label, tombstone.number});
        tombstone.has_slot = true;
      }
    };
    mark_all(tombstones_);
    mark_all(soft_tombstones_);
    journal_ = std::move(journal);
  }
  journal_->set_inode(inode);
  damage_.clear();  // it was the other file's
}

Result<void> Ledger::sync_journal() {
  std::shared_ptr<Journal> journal;
  {
    const MutexLock lock(mutex_);
    journal = journal_;
  }
  return journal->sync();
}

std::string Ledger::mend_journal() {
  const MutexLock lock(mutex_);
  return journal_->mend();
}

void Ledger::check_invariants() const {
  const MutexLock lock(mutex_);
  table_.check_invariants();
  std::size_t bytes = 0;
  for (const auto& [label, pending] : pending_) {
    STRATA_ASSERT(pending.record != nullptr);
    STRATA_ASSERT(pending.operation <= last_);
    STRATA_ASSERT(pending.record->number <= table_.position());
    bytes += bytes_of(*pending.record);
  }
  STRATA_ASSERT(bytes == pending_bytes_);
  STRATA_ASSERT(tombstones_.size() + soft_tombstones_.size() <= options_.max_tombstones + 2);
  for (const auto& [label, tombstone] : tombstones_) {
    STRATA_ASSERT(tombstone.number <= table_.position());
    STRATA_ASSERT(tombstone.operation <= last_);
  }
  for (const auto& [label, tombstone] : soft_tombstones_) {
    STRATA_ASSERT(tombstone.number <= table_.position());
    STRATA_ASSERT(tombstone.operation <= last_);
    const auto hard = tombstones_.find(label);
    STRATA_ASSERT(hard == tombstones_.end() || hard->second.number < tombstone.number);
  }
  STRATA_ASSERT(unfinished_expiries_ <= kExpiriesMax);
  std::uint64_t id = 0;
  Ticket number{};
  for (const Operation& operation : queue_) {
    STRATA_ASSERT(operation.id > id);
    id = operation.id;
    using Kind = Operation::Kind;
    if (operation.kind != Kind::kRemove && operation.kind != Kind::kEnd) continue;
    STRATA_ASSERT(operation.number >= number);
    number = operation.number;
  }
}

}  // namespace strata::sqlite
