// SqliteTier: what writes, and what holds it together.
#include "sqlite/tier.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "ports/fork_guard.h"
#include "sqlite/fork.h"
#include "sqlite/pending_bytes.h"
#include "sqlite/shared_tier.h"

namespace strata::sqlite {
namespace {

// One record may not push out everything else.
constexpr std::uint64_t kRecordShare = 8;

std::vector<LabelId> ids_of(std::span<const Label> labels) {
  std::vector<LabelId> ids;
  ids.reserve(labels.size());
  for (const Label& label : labels) ids.push_back(label.id());
  return ids;
}

}  // namespace

SqliteTier::SqliteTier(SqliteOptions options, std::shared_ptr<Clock> clock, Opened opened)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      lock_(std::move(opened.lock)),
      store_(std::move(opened.store)),
      ledger_({.remembered_labels = options_.remembered_labels,
               .max_pending_writes = options_.max_pending_writes,
               .max_pending_bytes = options_.max_pending_bytes,
               .max_tombstones = options_.journal_slots + opened.marks.size(),
               .put_wait = options_.put_wait},
              {.position = opened.position, .epoch = opened.epoch, .marks = opened.marks}, *clock_,
              std::move(opened.journal)),
      writer_({.max_bytes = options_.max_bytes,
               .epoch = opened.epoch,
               .journal_slots = options_.journal_slots,
               .is_durable = options_.durability == Durability::kPower,
               .needs_journal = !opened.journal_is_on_disk},
              ledger_, *store_, condition_, recent_, *clock_) {
  condition_.set_loss(opened.loss);
  condition_.set_off(opened.trouble);
  ledger_.set_failing(opened.trouble);
  if (store_->is_open()) store_->admit_readers();
  writer_.start();
}

// A copy to keep, or nothing if the record is too large for this tier.
std::shared_ptr<Record> SqliteTier::admitted(const Record& record) const {
  const std::size_t bytes = bytes_of(record);
  if (bytes > options_.max_bytes / kRecordShare || bytes > options_.max_pending_bytes) {
    return nullptr;
  }
  return std::make_shared<Record>(record);
}

Result<FillOutcome> SqliteTier::concluded(const Accepted& accepted, Deadline deadline) {
  if (accepted.closed) return closed_error();
  if (options_.durability != Durability::kNormal && accepted.operation != 0) {
    if (auto written = ledger_.wait_for(accepted.operation, deadline); !written) {
      return written.error();
    }
  }
  return accepted.outcome;
}

Result<FillOutcome> SqliteTier::fill(const Record& record, Ticket ticket, Deadline deadline) {
  std::shared_ptr<Record> copy = admitted(record);
  if (copy == nullptr) return ledger_.decline();
  return concluded(ledger_.fill(std::move(copy), key_label_id(key_hash(record.key_text)), ticket),
                   deadline);
}

Result<FillOutcome> SqliteTier::put(KeyRef key, const Record* record, Ticket ticket,
                                    Deadline deadline) {
  STRATA_ASSERT(record == nullptr || record->key_text == key.text);
  std::shared_ptr<Record> copy = record != nullptr ? admitted(*record) : nullptr;
  const bool is_too_large = record != nullptr && copy == nullptr;
  Accepted accepted = ledger_.put(key_label_id(key.hash), std::move(copy), ticket, deadline);
  if (is_too_large && !accepted.closed) {
    accepted.outcome = FillOutcome::kDeclined;
    static_cast<void>(ledger_.decline());
  }
  return concluded(accepted, deadline);
}

InvalidateOutcome SqliteTier::invalidate(std::span<const Label> labels) {
  return marked(ledger_.invalidate(ids_of(labels)));
}

InvalidateOutcome SqliteTier::expire(std::span<const Label> labels) {
  return marked(ledger_.expire(ids_of(labels)));
}

// The outcome, when what is marked in the journal will survive what it has to.
InvalidateOutcome SqliteTier::marked(Ticket position) {
  if (options_.durability == Durability::kPower) {
    if (!ledger_.sync_journal()) condition_.count_error();
  }
  return {.position = position, .removed = std::nullopt};
}

Result<std::uint64_t> SqliteTier::remove_expired(Deadline deadline) {
  return ledger_.remove_expired(deadline);
}

Result<void> SqliteTier::flush(Deadline deadline) {
  if (ledger_.is_closed()) return closed_error();
  if (STRATA_MUTANT(kFlushWaitsForNothing)) return {};
  return ledger_.flush(deadline);
}

TierStats SqliteTier::stats() const {
  TierStats stats;
  stats.name = name();
  condition_.describe(stats);
  const LedgerCounts counts = ledger_.counts();
  stats.max_bytes = options_.max_bytes;
  stats.stored = counts.stored;
  stats.refused = counts.refused;
  stats.declined = counts.declined;
  stats.invalidations = counts.invalidations;
  stats.pending_writes = counts.pending_writes;
  stats.tombstones = counts.tombstones;
  return stats;
}

void SqliteTier::close(Deadline deadline) {
  const MutexLock lock(close_mutex_);
  if (is_closed_) return;
  is_closed_ = true;
  ledger_.close(STRATA_MUTANT(kFlushWaitsForNothing) ? Deadline{Instant{}} : deadline);
  writer_.stop();
  condition_.set_off("the SQLite tier is closed");
  lock_in_children_.end();
  lock_ = Descriptor();
}

Result<std::unique_ptr<Tier>> open_tier(const std::string& vfs, SqliteOptions options,
                                        std::shared_ptr<Clock> clock,
                                        std::shared_ptr<Random> random) {
  auto opened = open_files(options, vfs, *clock, *random);
  if (!opened) return opened.error();
  hold_sqlite_at_forks();
  return internal::fork_guarded(
      std::make_unique<SqliteTier>(std::move(options), std::move(clock), std::move(*opened)));
}

}  // namespace strata::sqlite

namespace strata {

Result<std::unique_ptr<Tier>> open_sqlite_tier(SqliteOptions options, std::shared_ptr<Clock> clock,
                                               std::shared_ptr<Random> random) {
  if (options.sharing) {
    return sqlite::open_shared_tier({}, std::move(options), std::move(clock), std::move(random));
  }
  return sqlite::open_tier({}, std::move(options), std::move(clock), std::move(random));
}

}  // namespace strata
