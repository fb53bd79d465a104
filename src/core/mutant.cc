// The switch for mutants, and their names.
#include "core/mutant.h"

#if defined(STRATA_MUTANTS)

#include <array>
#include <cstddef>

#include "core/assert.h"

namespace strata::testing {
namespace {

struct Row {
  Mutant mutant;
  std::string_view name;
};

// In the order of the enumeration: its names in kebab case, without the k.
constexpr std::array kNames{
    Row{Mutant::kNone, "none"},
    Row{Mutant::kNoTickets, "no-tickets"},
    Row{Mutant::kLateTicket, "late-ticket"},
    Row{Mutant::kJoinAnyLoad, "join-any-load"},
    Row{Mutant::kNoTombstone, "no-tombstone"},
    Row{Mutant::kSqliteFillUnchecked, "sqlite-fill-unchecked"},
    Row{Mutant::kMemoryFillUnchecked, "memory-fill-unchecked"},
    Row{Mutant::kSqliteCheckThenAct, "sqlite-check-then-act"},
    Row{Mutant::kRaiseAfterRemoval, "raise-after-removal"},
    Row{Mutant::kMemoryFirst, "memory-first"},
    Row{Mutant::kCellNotCompared, "cell-not-compared"},
    Row{Mutant::kTombstoneAfterRaise, "tombstone-after-raise"},
    Row{Mutant::kSpillOnEviction, "spill-on-eviction"},
    Row{Mutant::kTombstoneByReaderStart, "tombstone-by-reader-start"},
    Row{Mutant::kDeeperTicketLate, "deeper-ticket-late"},
    Row{Mutant::kJoinComparesKeyOnly, "join-compares-key-only"},
    Row{Mutant::kPendingUnchecked, "pending-unchecked"},
    Row{Mutant::kNoLowWater, "no-low-water"},
    Row{Mutant::kLowWaterLate, "low-water-late"},
    Row{Mutant::kPutsUnserialised, "puts-unserialised"},
    Row{Mutant::kPutUnconditional, "put-unconditional"},
    Row{Mutant::kNoJournal, "no-journal"},
    Row{Mutant::kNoRetiredCounter, "no-retired-counter"},
    Row{Mutant::kPendingAfterSelect, "pending-after-select"},
    Row{Mutant::kJoinBetween, "join-between"},
    Row{Mutant::kTombstoneWithoutNumber, "tombstone-without-number"},
    Row{Mutant::kWaiterTakesFailsafe, "waiter-takes-failsafe"},
    Row{Mutant::kTransactionTicketLate, "transaction-ticket-late"},
    Row{Mutant::kTransactionStores, "transaction-stores"},
    Row{Mutant::kTransactionReadsCached, "transaction-reads-cached"},
    Row{Mutant::kInvalidateBeforeCommit, "invalidate-before-commit"},
    Row{Mutant::kUnknownIsRollback, "unknown-is-rollback"},
    Row{Mutant::kExpireWithoutRaise, "expire-without-raise"},
    Row{Mutant::kSoftTombstoneAsNone, "soft-tombstone-as-none"},
    Row{Mutant::kSoftWinsOverHard, "soft-wins-over-hard"},
    Row{Mutant::kPutStaysInShard, "put-stays-in-shard"},
    Row{Mutant::kReclaimAtOnce, "reclaim-at-once"},
    Row{Mutant::kSharedUnchecked, "shared-unchecked"},
    Row{Mutant::kSharedIgnoresNumbers, "shared-ignores-numbers"},
    Row{Mutant::kSharedTicketAhead, "shared-ticket-ahead"},
    Row{Mutant::kSharedDemandsNothing, "shared-demands-nothing"},
    Row{Mutant::kDoomForgotten, "doom-forgotten"},
    Row{Mutant::kDriftingAccount, "drifting-account"},
    Row{Mutant::kEachCallerLoads, "each-caller-loads"},
    Row{Mutant::kPostingForgotten, "posting-forgotten"},
    Row{Mutant::kForkUnnoticed, "fork-unnoticed"},
    Row{Mutant::kFlushWaitsForNothing, "flush-waits-for-nothing"},
};

constexpr bool is_in_order() {
  for (std::size_t index = 0; index < kNames.size(); ++index) {
    if (kNames[index].mutant != static_cast<Mutant>(index)) return false;
  }
  return kNames.size() == static_cast<std::size_t>(Mutant::kCount);
}
static_assert(is_in_order(), "kNames and the enumeration in mutant.h differ");

std::atomic<Mutant> current_mutant{Mutant::kNone};

}  // namespace

void set_mutant(Mutant mutant) { current_mutant.store(mutant, std::memory_order_release); }

bool is_mutant(Mutant mutant) { return current_mutant.load(std::memory_order_acquire) == mutant; }

std::string_view mutant_name(Mutant mutant) {
  const auto index = static_cast<std::size_t>(mutant);
  STRATA_ASSERT(index < kNames.size());
  return kNames[index].name;
}

std::optional<Mutant> find_mutant(std::string_view name) {
  for (const Row& row : kNames) {
    if (row.name == name) return row.mutant;
  }
  return std::nullopt;
}

}  // namespace strata::testing

#endif
