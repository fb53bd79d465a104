// The ledger, as those see it who fill, put and invalidate.
#include "sqlite/ledger.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/yield_point.h"
#include "sqlite/pending_bytes.h"

namespace strata::sqlite {

// Terms. A *tombstone* (label, n) makes what carries the label and has a number below n a miss.
// A *pending* record is the newest accepted one of its key. An *operation* is what the writer
// has to do: store a pending record, or remove what a tombstone covers. Operations have ids in
// the order of acceptance and are applied in that order; only a removal of many rows goes on,
// in slices, beside those that follow it.
//
// Invariants, whenever the lock is free:
// (1) Numbers of fills, puts and removals never decrease along the queue: a record is given the
//     position at its acceptance, or the number of its own put. A touch keeps the number of what
//     it touches, which no tombstone covers at that moment, or is an acceptance itself.
// (2) A record that was accepted is pending until the commit that holds it, unless a newer
//     record of its key, or a put or erase of the key, takes its place.
// (3) A tombstone stays until the commit after which no row that it covers is left, and so does
//     its mark in the journal; then `retired_` counts it.
// (4) A fill or put enters only if none of its labels was raised after its ticket; comparing and
//     becoming pending are one step, and so are raising and covering.
//
// A read looks here (A), selects (B), and asks here again (C). Say invalidate(L) has returned
// before A, with the number n, and the record carries L and was accepted before: its number is
// below n by (1) and (4). Pending at A, it is covered there or its tombstone was retired, and
// then by (3) it is not pending any more. Selected at B, it is covered at C, unless the tombstone
// was retired between A and C - before A is impossible, since then by (3) no row would be left
// at B - and then retired_ has moved, and the read begins again. What was pending at A and is
// committed before B is not looked for at B, since A found it; what was not pending at A is a
// row by then, or gone: looking in the other order would miss a record on its way.
//
// Removals leave newer rows alone: a row with a number of n or more was accepted after the
// invalidation, by (4) with a ticket not older than it.
//
// Costs: each call probes a few hash tables under the lock, and writes 32 bytes of mapped memory
// per label.
Ledger::Ledger(const LedgerOptions& options, const LedgerStart& start, Clock& clock,
               std::unique_ptr<Journal> journal)
    : options_(options),
      epoch_(start.epoch),
      clock_(clock),
      journal_(std::move(journal)),
      table_(std::max<std::size_t>(options.remembered_labels, 2), start.position),
      pending_(0, Spread{start.epoch | 1}),
      touches_(0, Spread{start.epoch | 1}),
      tombstones_(0, Spread{start.epoch | 1}),
      soft_tombstones_(0, Spread{start.epoch | 1}) {
  const MutexLock lock(mutex_);
  // Growing a table of this size would hold up everybody for a millisecond.
  pending_.reserve(options.max_pending_writes);
  tombstones_.reserve(options.max_tombstones);
  soft_tombstones_.reserve(options.max_tombstones);
  start_with(start);
}

void Ledger::start_with(const LedgerStart& start) {
  const std::vector<Journal::Slot>& slots = journal_->first_slots();
  STRATA_ASSERT(slots.size() == start.marks.size());
  std::vector<std::size_t> order(slots.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return start.marks[a].number < start.marks[b].number;
  });
  for (const std::size_t index : order) {
    const Mark& mark = start.marks[index];
    STRATA_ASSERT(mark.number <= start.position);
    const std::uint64_t id =
        enqueue({.kind = Operation::Kind::kRemove, .label = mark.label, .number = mark.number});
    Tombstone& tombstone = tombstones_[mark.label];
    // A label has several marks if it was expired too, or if the process ended between writing one
    // and clearing the other. The highest number covers what the others do, and comes last.
    if (tombstone.has_slot) journal_->clear(tombstone.slot);
    tombstone = {mark.number, id, slots[index], true};
  }
}

Ticket Ledger::position() const {
  const MutexLock lock(mutex_);
  return table_.position();
}

bool Ledger::may_enter(LabelId key, const Record& record, Ticket ticket) const {
  const auto is_good = [&](const Label& label) STRATA_NO_ANALYSIS {
    return !table_.invalidated_after(label.id(), ticket);
  };
  return !table_.invalidated_after(key, ticket) &&
         std::all_of(record.group.begin(), record.group.end(), is_good) &&
         std::all_of(record.labels.begin(), record.labels.end(), is_good);
}

bool Ledger::has_queue_room(std::size_t bytes) const {
  return queue_.size() + taken_ < options_.max_pending_writes &&
         pending_bytes_ + bytes <= options_.max_pending_bytes;
}

bool Ledger::has_tombstone_room(std::size_t count) const {
  const std::size_t tombstones = tombstones_.size() + soft_tombstones_.size();
  return count <= journal_->room() && tombstones + count <= options_.max_tombstones;
}

bool Ledger::wait_a_little(CondVar& changed, Deadline deadline) {
  // Time is the clock's, which may stand still or jump; so no wait is long.
  constexpr Duration kSlice = std::chrono::milliseconds(20);
  const Duration left = between(clock_.now(), deadline.at);
  if (left <= Duration::zero()) return false;
  static_cast<void>(changed.wait_for(mutex_, std::min(left, kSlice)));
  return true;
}

void Ledger::wait_for_room(std::size_t bytes, std::size_t tombstones, Deadline deadline) {
  const auto has_room = [&]() STRATA_NO_ANALYSIS {
    return (bytes == 0 || has_queue_room(bytes)) && has_tombstone_room(tombstones);
  };
  const bool may_have_room =
      bytes <= options_.max_pending_bytes && tombstones <= options_.max_tombstones;
  if (has_room() || !may_have_room) return;
  const Deadline patience{std::min(deadline.at, saturating_add(clock_.now(), options_.put_wait))};
  // A disk that fails makes no room soon.
  while (!has_room() && failing_.empty() && !closed_) {
    if (!wait_a_little(changed_, patience)) return;
  }
}

void Ledger::wake_writer() {
  if (!writer_waits_) return;
  writer_waits_ = false;
  work_.notify_one();
}

std::uint64_t Ledger::enqueue(Operation operation) {
  // Without room only removals are enqueued. Many of them for few labels are worth the walk.
  if (queue_.size() > 2 * (options_.max_pending_writes + options_.max_tombstones)) compact_queue();
  operation.id = ++last_;
  queue_.push_back(std::move(operation));
  wake_writer();
  return last_;
}

void Ledger::erase_pending(LabelId key) {
  const auto found = pending_.find(key);
  if (found == pending_.end()) return;
  pending_bytes_ -= bytes_of(*found->second.record);
  pending_.erase(found);
}

void Ledger::set_pending(LabelId key, std::shared_ptr<const Record> record,
                         std::uint64_t operation) {
  pending_bytes_ += bytes_of(*record);
  const auto [place, is_new] = pending_.try_emplace(key);
  if (!is_new) pending_bytes_ -= bytes_of(*place->second.record);
  place->second = {std::move(record), operation};
  touches_.erase(key);
}

void Ledger::accept(std::shared_ptr<Record> record, Operation operation) {
  record->number = operation.number;
  record->epoch = epoch_;
  operation.kind = Operation::Kind::kStore;
  const LabelId key = operation.label;
  set_pending(key, std::move(record), enqueue(std::move(operation)));
  ++counts_.stored;
}

void Ledger::let_go_at(const char* yield_point) {
  mutex_.unlock();
  STRATA_YIELD(yield_point);
  static_cast<void>(yield_point);
  mutex_.lock();
}

Accepted Ledger::fill(std::shared_ptr<Record> record, LabelId key, Ticket ticket) {
  const MutexLock lock(mutex_);
  if (closed_) return {.closed = true};
  const bool compares = !STRATA_MUTANT(kNoTickets) && !STRATA_MUTANT(kSqliteFillUnchecked) &&
                        !STRATA_MUTANT(kPendingUnchecked);
  if (compares && !may_enter(key, *record, ticket)) {
    ++counts_.refused;
    return {.outcome = FillOutcome::kRefused};
  }
  if (STRATA_MUTANT(kSqliteCheckThenAct)) let_go_at("sqlite.fill.compared");
  if (!has_queue_room(bytes_of(*record))) {
    ++counts_.declined;
    return {.outcome = FillOutcome::kDeclined};
  }
  accept(std::move(record), {.label = key, .number = table_.position(), .ticket = ticket});
  return {.outcome = FillOutcome::kStored, .operation = last_};
}

Accepted Ledger::put(LabelId key, std::shared_ptr<Record> record, Ticket ticket,
                     Deadline deadline) {
  const MutexLock lock(mutex_);
  if (closed_) return {.closed = true};
  const std::size_t bytes = record != nullptr ? bytes_of(*record) : 0;
  wait_for_room(bytes, 1, deadline);
  if (closed_) return {.closed = true};

  // From here on everything is one step.
  const bool is_refused = record != nullptr && !STRATA_MUTANT(kPutUnconditional) &&
                          !STRATA_MUTANT(kNoTickets) && !may_enter(key, *record, ticket);
  const bool is_stored = record != nullptr && !is_refused && has_queue_room(bytes);
  const bool has_tombstone = has_tombstone_room(1);
  const Ticket number = table_.raise(std::span(&key, 1));
  ++counts_.invalidations;
  if (!has_tombstone) collapse_into(number);
  if (is_stored) {
    accept(std::move(record), {.removes = has_tombstone, .label = key, .number = number});
    if (has_tombstone) cover(key, number, last_);
    return {.outcome = FillOutcome::kStored, .operation = last_};
  }
  if (!STRATA_MUTANT(kNoTombstone)) erase_pending(key);
  touches_.erase(key);
  if (has_tombstone) {
    const bool erases = record == nullptr;
    cover(key, number,
          enqueue(
              {.kind = Operation::Kind::kRemove, .erases = erases, .label = key, .number = number}),
          erases);
  }
  if (record == nullptr) return {.outcome = FillOutcome::kStored, .operation = last_};
  ++(is_refused ? counts_.refused : counts_.declined);
  return {.outcome = is_refused ? FillOutcome::kRefused : FillOutcome::kDeclined,
          .operation = last_};
}

Ticket Ledger::invalidate(std::span<const LabelId> labels) {
  static const LabelId kEverything = everything().id();
  const MutexLock lock(mutex_);
  wait_for_room(0, labels.size(), {});

  const bool is_all = std::find(labels.begin(), labels.end(), kEverything) != labels.end();
  const bool has_room = has_tombstone_room(labels.size());
  const Ticket number = table_.raise(labels);
  if (STRATA_MUTANT(kTombstoneAfterRaise)) let_go_at("sqlite.invalidate.raised");
  ++counts_.invalidations;
  if (is_all || !has_room) {
    if (is_all) cover_everything(number);
    if (!is_all) collapse_into(number);
    return number;
  }
  for (const LabelId label : labels) {
    cover(label, number,
          enqueue({.kind = Operation::Kind::kRemove, .label = label, .number = number}));
  }
  return number;
}

void Ledger::cover(LabelId label, Ticket number, std::uint64_t operation, bool erases) {
  if (STRATA_MUTANT(kNoTombstone)) return;
  Tombstone& tombstone = tombstones_[label];
  const Tombstone former = tombstone;
  tombstone = {.number = number, .operation = operation, .erases = erases};
  if (!STRATA_MUTANT(kNoJournal)) {
    tombstone.slot = journal_->mark({label, number});
    tombstone.has_slot = true;
  }
  // The older mark goes when the newer one is there: the process may end in between.
  if (former.has_slot) journal_->clear(former.slot);
  uncover(soft_tombstones_, label);
}

void Ledger::collapse_into(Ticket number) {
  ++counts_.collapses;
  cover_everything(number);
}

// Replaces all tombstones by one. Number n covers every row that any of them covered.
void Ledger::cover_everything(Ticket number) {
  const LabelId all = everything().id();
  cover(all, number, enqueue({.kind = Operation::Kind::kRemove, .label = all, .number = number}));
  if (STRATA_MUTANT(kNoTombstone)) return;
  uncover_others(tombstones_, all);
  uncover_others(soft_tombstones_, all);
}

}  // namespace strata::sqlite
