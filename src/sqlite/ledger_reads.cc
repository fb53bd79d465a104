// The ledger, as reads see it, and touches, which begin with a read.
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "sqlite/ledger.h"
#include "sqlite/pending_bytes.h"

namespace strata::sqlite {

// Whether a tombstone for `label` covers what was accepted with `number`.
bool Ledger::covers(LabelId label, Ticket number, Ticket reader_start) const {
  const auto found = tombstones_.find(label);
  if (found == tombstones_.end()) return false;
  if (STRATA_MUTANT(kTombstoneWithoutNumber)) return true;
  if (STRATA_MUTANT(kTombstoneByReaderStart)) return found->second.number > reader_start;
  return found->second.number > number;
}

bool Ledger::is_covered(LabelId key, const Record& record, Ticket reader_start) const {
  static const LabelId kEverything = everything().id();
  if (tombstones_.empty()) return false;
  const Ticket number = record.number;
  if (covers(kEverything, number, reader_start) || covers(key, number, reader_start)) return true;
  for (const Labels* labels : {&record.group, &record.labels}) {
    for (const Label& label : *labels) {
      if (covers(label.id(), number, reader_start)) return true;
    }
  }
  return false;
}

std::optional<RecordRemoval> Ledger::removal_of(LabelId key, const Record* row) const {
  static const LabelId kEverything = everything().id();
  const MutexLock lock(mutex_);
  if (tombstones_.empty()) return std::nullopt;
  if (row == nullptr) {
    const auto found = pending_.find(key);
    if (found == pending_.end()) return std::nullopt;
    row = found->second.record.get();
  }
  std::optional<RecordRemoval> removal;
  // Of several, the earliest took it.
  const auto consider = [&](LabelId label) STRATA_NO_ANALYSIS {
    const auto found = tombstones_.find(label);
    if (found == tombstones_.end() || found->second.number <= row->number) return;
    if (removal && removal->number <= found->second.number) return;
    const bool erases = found->second.erases && label == key;
    removal = {.key = key,
               .why = erases                 ? RemovalCause::kErased
                      : label == kEverything ? RemovalCause::kCleared
                                             : RemovalCause::kInvalidated,
               .number = found->second.number,
               .via = label};
  };
  consider(key);
  consider(kEverything);
  for (const Labels* labels : {&row->group, &row->labels}) {
    for (const Label& label : *labels) consider(label.id());
  }
  return removal;
}

Look Ledger::look_at(LabelId label, KeyRef key) const {
  Look look{.retired = retired_, .settled = settled_, .position = table_.position()};
  if (closed_) {
    look.kind = Look::Kind::kClosed;
    return look;
  }
  if (STRATA_MUTANT(kPendingAfterSelect)) return look;
  if (const auto found = pending_.find(label); found != pending_.end()) {
    const Record& record = *found->second.record;
    const bool is_it = record.key_text == key.text && record.long_params == key.long_params &&
                       !is_covered(label, record, look.position);
    look.kind = is_it ? Look::Kind::kPending : Look::Kind::kMiss;
    if (is_it) look.pending = found->second.record;
    if (is_it) look.end = end_of(label, record);
    return look;
  }
  if (touches_.empty()) return look;
  if (const auto found = touches_.find(label); found != touches_.end()) {
    look.touch = found->second.touch;
  }
  return look;
}

Verdict Ledger::verdict_on(const Look& look, LabelId label, Record& row) const {
  if (is_covered(label, row, look.position)) return Verdict::kMiss;
  const bool skips_counter = STRATA_MUTANT(kNoRetiredCounter) || STRATA_MUTANT(kPendingAfterSelect);
  if (retired_ != look.retired && !skips_counter) return Verdict::kAgain;
  if (look.touch && look.touch->number == row.number) row.lifetime = look.touch->lifetime;
  if (const auto end = end_of(label, row)) row.lifetime = ended_at(row.lifetime, *end);
  return Verdict::kServe;
}

Look Ledger::look(LabelId label, KeyRef key) const {
  const MutexLock lock(mutex_);
  return look_at(label, key);
}

Verdict Ledger::judge(const Look& look, LabelId label, Record& row) const {
  const MutexLock lock(mutex_);
  return verdict_on(look, label, row);
}

Verdict Ledger::judge_scanned(const Look& look, LabelId label, Record& row) const {
  Look now;
  {
    const MutexLock lock(mutex_);
    // A put that became a row after the SELECT has retired a tombstone by now. A fill that did
    // leaves the row as good as it was.
    if (retired_ != look.retired) return Verdict::kAgain;
    now = look_at(label, {row.key_text, 0, row.long_params});
    if (now.kind == Look::Kind::kRow) return verdict_on(now, label, row);
    if (now.kind != Look::Kind::kPending) return Verdict::kMiss;
  }
  row = *now.pending;
  if (now.end) row.lifetime = ended_at(row.lifetime, *now.end);
  return Verdict::kServe;
}

std::shared_ptr<const Record> Ledger::pending_of(LabelId label) const {
  const MutexLock lock(mutex_);
  const auto found = pending_.find(label);
  return found != pending_.end() ? found->second.record : nullptr;
}

Ledger::Touched Ledger::touch_pending(LabelId label, KeyRef key, const Lifetime& lifetime) {
  for (;;) {
    const Look found = look(label, key);
    if (found.kind == Look::Kind::kClosed) return Touched::kClosed;
    if (found.kind == Look::Kind::kMiss) return Touched::kMiss;
    if (found.kind == Look::Kind::kRow) return Touched::kNotPending;
    // The copy may be large, so it is made without the lock.
    auto changed = std::make_shared<Record>(*found.pending);
    changed->lifetime = lifetime;

    const MutexLock lock(mutex_);
    const auto place = pending_.find(label);
    if (place == pending_.end() || place->second.record != found.pending) continue;
    // Behind the removal that covers it, it would be stored again.
    if (is_covered(label, *changed, found.position)) return Touched::kMiss;
    if (!has_queue_room(bytes_of(*changed))) {
      ++counts_.declined;
      return Touched::kDone;  // there is one; its life stays as long as it was
    }
    const std::uint64_t former = place->second.operation;
    if (end_of(label, *changed)) changed->number = table_.position();
    const Ticket number = changed->number;
    const std::uint64_t operation =
        enqueue({.kind = Operation::Kind::kStore, .label = label, .number = number});
    STRATA_ASSERT(operation > former);
    set_pending(label, std::move(changed), operation);
    return Touched::kDone;
  }
}

// A new life for what an expire() covers has to be told from the old one, so the record is accepted
// anew, with the number of now: it carries no label that was raised since, or it would be covered.
// For that it has to be the newest record of its key still.
bool Ledger::touch_row(const Look& look, LabelId label, std::shared_ptr<Record> row,
                       const Lifetime& lifetime) {
  const MutexLock lock(mutex_);
  if (closed_ || retired_ != look.retired || pending_.contains(label) ||
      is_covered(label, *row, look.position)) {
    return false;
  }
  const bool is_anew = end_of(label, *row).has_value();
  if (is_anew && settled_ != look.settled) return false;
  if (!has_queue_room(is_anew ? bytes_of(*row) : 0)) {
    ++counts_.declined;
    return true;
  }
  if (is_anew) {
    row->lifetime = lifetime;
    row->number = table_.position();
    const std::uint64_t operation = enqueue({.kind = Operation::Kind::kStore,
                                             .label = label,
                                             .number = row->number,
                                             .ticket = row->number});
    set_pending(label, std::move(row), operation);
    return true;
  }
  const std::uint64_t operation = enqueue({.kind = Operation::Kind::kTouch,
                                           .label = label,
                                           .number = row->number,
                                           .lifetime = lifetime});
  touches_[label] = {{row->number, lifetime}, operation};
  return true;
}

void Ledger::drop(LabelId label, Ticket number) {
  const MutexLock lock(mutex_);
  if (closed_ || !has_queue_room(0)) return;
  enqueue({.kind = Operation::Kind::kDrop, .label = label, .number = number});
}

void Ledger::report_damage(std::string reason) {
  const MutexLock lock(mutex_);
  if (damage_.empty()) damage_ = std::move(reason);
  wake_writer();
}

Result<FillOutcome> Ledger::decline() {
  const MutexLock lock(mutex_);
  if (closed_) return Error{ErrorCode::kClosed, "the SQLite tier is closed", {}};
  ++counts_.declined;
  return FillOutcome::kDeclined;
}

bool Ledger::is_closed() const {
  const MutexLock lock(mutex_);
  return closed_;
}

LedgerCounts Ledger::counts() const {
  const MutexLock lock(mutex_);
  LedgerCounts counts = counts_;
  counts.pending_writes = pending_.size() + touches_.size();
  counts.tombstones = tombstones_.size() + soft_tombstones_.size();
  return counts;
}

}  // namespace strata::sqlite
