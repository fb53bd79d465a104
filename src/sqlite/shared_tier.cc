// SharedTier: what changes the file, each in one transaction under the lock of all processes.
#include "sqlite/shared_tier.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/yield_point.h"
#include "ports/fork_guard.h"
#include "sqlite/checked_vfs.h"
#include "sqlite/fork.h"
#include "sqlite/pending_bytes.h"

namespace strata::sqlite {
namespace {

constexpr std::uint64_t kRecordShare = 8;  // one record may not push out everything else
// How long an invalidation waits for the lock. It is the last resort: without it everything goes.
constexpr Duration kChangeWait = std::chrono::seconds(2);

Error closed_error() { return {ErrorCode::kClosed, "the SQLite tier is closed", {}}; }

}  // namespace

SharedTier::SharedTier(SqliteOptions options, std::shared_ptr<Clock> clock, SharedOpened opened)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      opened_(std::move(opened)),
      position_(number(opened_.state.position)),
      log_end_(opened_.state.log_end),
      told_(opened_.state.log_end),
      demands_told_(opened_.control->demanded()),
      confirmed_(clock_->now()),
      kept_house_(clock_->now()),
      swept_(clock_->now()) {
  condition_.set_loss(opened_.loss);
  condition_.set_entries(opened_.store->meta().entries);
  if (Rows::Usage usage; opened_.store->rows().usage(usage) == SQLITE_OK) {
    condition_.set_bytes(usage.used_pages * kPageBytes);
  }
  opened_.store->admit_readers();
  thread_ = Thread("strata-shared", [this] { run(); });
}

// The fill rule, for a record under `key`.
int SharedTier::may_enter(const Record& record, LabelId key, Ticket ticket, const Turn& turn,
                          bool& may) {
  may = ticket >= turn.state.floor;
  SharedLabel known;
  const auto consider = [&](LabelId label) {
    if (!may) return SQLITE_OK;
    const int code = opened_.rows->find(label, known);
    may = known.last() <= ticket;
    return code;
  };
  int code = consider(everything().id());
  if (code == SQLITE_OK) code = consider(key);
  for (const Labels* labels : {&record.group, &record.labels}) {
    for (const Label& label : *labels) {
      if (code == SQLITE_OK) code = consider(label.id());
    }
  }
  if (STRATA_MUTANT(kSharedUnchecked)) may = true;
  return code;
}

// Gives the label the number removal.below, removes or ends what it covers as far as the turn may
// still go, and tells the others.
int SharedTier::raise(const Label& label, LabelId id, const Removal& removal, std::uint64_t origin,
                      Turn& turn) {
  SharedLabel known;
  if (const int code = opened_.rows->find(id, known); code != SQLITE_OK) return code;
  const Ticket known_before = known.last();
  Removal now = removal;
  now.label = id;
  const bool expires = removal.end.has_value();
  if (expires && known.ends) now.end = known.end;  // of what was not ended yet
  if (const int code = opened_.store->rows().remove_some(now, turn.rows, turn.tally);
      code != SQLITE_OK) {
    return code;
  }
  if (expires) {
    known.soft = removal.below;
    known.end = *now.end;
    known.ends = !now.done();
  } else {
    known.hard = removal.below;
    known.removes = !now.done();
    if (now.done()) known.ends = false;
  }
  if (!now.done()) has_live_ = true;
  if (known_before == Ticket{}) ++turn.state.labels;
  if (const int code = opened_.rows->keep(id, known); code != SQLITE_OK) return code;
  return opened_.rows->log(
      {.id = ++turn.state.log_end, .origin = origin, .expires = expires, .label = label});
}

bool SharedTier::is_too_large(const Record& record) const {
  const std::size_t bytes = bytes_of(record);
  return bytes > options_.max_bytes / kRecordShare || bytes > options_.max_pending_bytes;
}

Result<FillOutcome> SharedTier::fill(const Record& record, Ticket ticket, Deadline deadline) {
  if (closed_) return closed_error();
  if (is_too_large(record)) {
    ++declined_;
    return FillOutcome::kDeclined;
  }
  Record copy = record;
  const LabelId key = key_label_id(key_hash(record.key_text));
  bool may = false;
  const auto done = transact(patience(deadline), [&](Turn& turn) {
    const int code = may_enter(copy, key, ticket, turn, may);
    turn.writes = may;
    if (code != SQLITE_OK || !may) return code;
    copy.number = Ticket{turn.meta.position};
    copy.epoch = turn.meta.epoch;
    return opened_.store->rows().store(key, copy, turn.tally);
  });
  if (!done) return done.error();
  ++(may ? stored_ : refused_);
  return may ? FillOutcome::kStored : FillOutcome::kRefused;
}

// Raises the key's number and, with a record, stores that in the place of what is removed.
int SharedTier::put_row(KeyRef key, Record* record, Turn& turn) {
  const Label label(LabelKind::kKey, key.text);
  const Ticket number{++turn.meta.position};
  Removal removal{.label = key_label_id(key.hash),
                  .below = number,
                  .cause = record != nullptr ? RemovalCause::kInvalidated : RemovalCause::kErased};
  if (record != nullptr) {
    record->number = number;
    record->epoch = turn.meta.epoch;
    const int code = opened_.store->rows().store(removal.label, *record, turn.tally);
    if (code != SQLITE_OK) return code;
  }
  return raise(label, removal.label, removal, opened_.origin, turn);
}

Result<FillOutcome> SharedTier::put(KeyRef key, const Record* record, Ticket ticket,
                                    Deadline deadline) {
  STRATA_ASSERT(record == nullptr || record->key_text == key.text);
  if (closed_) return closed_error();
  std::optional<Record> copy;
  if (record != nullptr && !is_too_large(*record)) copy = *record;
  bool may = false;
  const auto done = transact(patience(deadline), [&](Turn& turn) {
    if (copy) {
      const int code = may_enter(*copy, key_label_id(key.hash), ticket, turn, may);
      if (code != SQLITE_OK) return code;
    }
    return put_row(key, may ? &*copy : nullptr, turn);
  });
  if (!done) return done.error();
  ++invalidations_;
  if (record == nullptr) return FillOutcome::kStored;
  ++(!copy ? declined_ : may ? stored_ : refused_);
  if (!copy) return FillOutcome::kDeclined;
  return may ? FillOutcome::kStored : FillOutcome::kRefused;
}

void SharedTier::tell_of_demand(const Error& error) {
  if (closed_) return condition_.count_error();
  try {
    const std::string reason =
        "an invalidation could not be written, so that all that is cached goes: " + error.message;
    if (!opened_.control->is_damaged()) condition_.set_trouble(reason);
    condition_.note({ErrorCode::kUnavailable, reason, {}});
  } catch (const std::bad_alloc&) {
    condition_.count_error();
  }
}

InvalidateOutcome SharedTier::change(std::span<const Label> labels, bool expires) {
  std::optional<Moment> end;
  if (expires) end = moment_of(*clock_);
  Ticket raised{};
  const Deadline wait{saturating_add(clock_->now(), kChangeWait)};
  const auto raise_all = [&](Turn& turn) {
    raised = Ticket{++turn.meta.position};
    for (const Label& label : labels) {
      const Removal removal{.below = raised, .end = end};
      const int code = raise(label, label.id(), removal, opened_.origin, turn);
      if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
  };
  Result<void> done;
  try {
    done = transact(wait, raise_all);
  } catch (const std::bad_alloc&) {
    done = Error{ErrorCode::kUnavailable, {}, {}};
  }
  ++invalidations_;
  if (!done) {
    if (!STRATA_MUTANT(kSharedDemandsNothing)) opened_.control->demand();
    tell_of_demand(done.error());
    // Nobody fills a tier that is closed, so its tickets may run ahead of the file's numbers.
    if (closed_) raised = Ticket{++position_};
    return {.position = closed_ ? raised : position(), .removed = std::nullopt};
  }
  return {.position = raised, .removed = std::nullopt};
}

bool SharedTier::try_lease(std::uint64_t key_hash) {
  if (closed_) return true;
  const bool is_taken = opened_.control->try_lease(key_hash);
  // close() may have ended all others meanwhile.
  if (closed_) opened_.control->release(key_hash);
  return is_taken;
}

// What an expire() covers is accepted anew, with the number of now, so that it has a new life.
int SharedTier::touch_row(KeyRef key, const Lifetime& lifetime, Turn& turn, bool& is_there) {
  const LabelId id = key_label_id(key.hash);
  std::optional<Record> record;
  if (const int code = opened_.rows->record_of(id, record); code != SQLITE_OK) return code;
  turn.writes = false;
  if (!record || record->key_text != key.text || record->long_params != key.long_params ||
      record->epoch != turn.meta.epoch) {
    return SQLITE_OK;
  }
  std::optional<RecordRemoval> removal;
  if (const int code = judge(*opened_.rows, id, *record, removal); code != SQLITE_OK) return code;
  if (removal || !is_kept(record->lifetime)) return SQLITE_OK;
  is_there = turn.writes = true;
  record->lifetime = lifetime;
  record->number = Ticket{turn.meta.position};
  Tally replaced;
  const int code = opened_.store->rows().store(id, *record, replaced);
  turn.tally.errors += replaced.errors;
  return code;
}

Result<bool> SharedTier::touch(KeyRef key, const Lifetime& lifetime, Deadline deadline) {
  if (closed_) return closed_error();
  bool is_there = false;
  const auto done = transact(patience(deadline),
                             [&](Turn& turn) { return touch_row(key, lifetime, turn, is_there); });
  if (!done) return done.error();
  return is_there;
}

Result<std::unique_ptr<Tier>> open_shared_tier(const std::string& vfs, SqliteOptions options,
                                               std::shared_ptr<Clock> clock,
                                               std::shared_ptr<Random> random) {
  auto opened = open_shared_files(options, vfs, *clock, *random);
  if (!opened) return opened.error();
  hold_sqlite_at_forks();
  return internal::fork_guarded(
      std::make_unique<SharedTier>(std::move(options), std::move(clock), std::move(*opened)));
}

}  // namespace strata::sqlite
