// Mutants: broken variants of the protocol, chosen at run time, that the tests must see.
//
// Each breaks one rule of docs/consistency.md, in the way the model's counterexample does.
// STRATA_MUTANT(kLateTicket) is `false` in builds without STRATA_MUTANTS. At most one mutant is
// on at a time.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <string_view>

namespace strata::testing {

enum class Mutant : int {
  kNone,
  kNoTickets,               // no fill is ever refused
  kLateTicket,              // tickets are taken when the value is there
  kJoinAnyLoad,             // waiters take whatever the load brings
  kNoTombstone,             // SQLite's removals are queued with nothing covering them
  kSqliteFillUnchecked,     // only memory compares tickets
  kMemoryFillUnchecked,     // only SQLite compares tickets
  kSqliteCheckThenAct,      // SQLite compares, lets go of the lock, then accepts
  kRaiseAfterRemoval,       // memory removes first and raises the number afterwards
  kMemoryFirst,             // memory is invalidated before the tiers below it
  kCellNotCompared,         // a hit ignores its group's generation
  kTombstoneAfterRaise,     // SQLite raises, lets go of the lock, then sets the tombstone
  kSpillOnEviction,         // what memory evicts is written to SQLite with a ticket of then
  kTombstoneByReaderStart,  // rows are compared with the reader's start, not their own number
  kDeeperTicketLate,        // a load takes SQLite's ticket after its first read
  kJoinComparesKeyOnly,     // waiters compare the key's number, not the labels'
  kPendingUnchecked,        // a pending fill is visible before its ticket was compared
  kNoLowWater,              // tickets ignore the invalidations that are still running
  kLowWaterLate,            // the running invalidations are looked at after the first read
  kPutsUnserialised,        // puts of one key do not take turns
  kPutUnconditional,        // a put inserts whatever was invalidated since it began
  kNoJournal,               // tombstones are not written to the journal
  kNoRetiredCounter,        // a read ignores that tombstones were retired meanwhile
  kPendingAfterSelect,      // a read looks at pending writes after its SELECT
  kJoinBetween,             // waiters refuse only numbers inside (ticket, arrival]
  kTombstoneWithoutNumber,  // a tombstone covers later rows too
  kWaiterTakesFailsafe,     // waiters of a failed load take the leader's kept value
  kTransactionTicketLate,   // a transaction's load takes its tickets when it starts
  kTransactionStores,       // a load after the transaction's first write is stored
  kTransactionReadsCached,  // a cached value that carries a collected label is used
  kInvalidateBeforeCommit,  // a transaction invalidates at once instead of at its commit
  kUnknownIsRollback,       // a transaction whose end nobody told is taken as rolled back
  kExpireWithoutRaise,      // an expire ends ttls and raises no label's number
  kSoftTombstoneAsNone,     // SQLite ends ttls in the file, and nothing covers the rows until then
  kSoftWinsOverHard,        // SQLite's soft tombstone takes the place of a hard one
  kPutStaysInShard,         // a put removes what was computed from its key in its own shard only
  kReclaimAtOnce,           // what leaves memory is destroyed at once, whoever looks at it
  kSharedUnchecked,         // a shared file takes fills without comparing in the transaction
  kSharedIgnoresNumbers,    // a read of a shared file does not look at its labels' numbers
  kSharedTicketAhead,       // a shared file's tickets run ahead of what was told of its log
  kSharedDemandsNothing,    // an invalidation that a shared file cannot take is forgotten
  // Those that follow break what is promised beside the protocol: docs/reliability.md.
  kDoomForgotten,         // memory forgets an invalidation that it has no memory to carry out
  kDriftingAccount,       // some labels that memory gives back stay in its count of bytes
  kEachCallerLoads,       // callers that ask for one key load it each
  kPostingForgotten,      // the last of an entry's tags does not find it
  kForkUnnoticed,         // the child of a fork() takes what is its parent's for its own
  kFlushWaitsForNothing,  // SQLite's flush() and close() do not wait for what was accepted
  kCount,
};
// Those before break a rule of the protocol.
inline constexpr int kProtocolMutants = static_cast<int>(Mutant::kDoomForgotten);

#if defined(STRATA_MUTANTS)
// Switches to `mutant`. Not while other threads run Strata's code.
void set_mutant(Mutant mutant);
[[nodiscard]] bool is_mutant(Mutant mutant);
[[nodiscard]] std::string_view mutant_name(Mutant mutant);  // "late-ticket"
[[nodiscard]] std::optional<Mutant> find_mutant(std::string_view name);
inline constexpr bool kMutantsBuilt = true;
#else
inline void set_mutant(Mutant) {}
[[nodiscard]] inline bool is_mutant(Mutant) { return false; }
[[nodiscard]] inline std::string_view mutant_name(Mutant) { return {}; }
[[nodiscard]] inline std::optional<Mutant> find_mutant(std::string_view) { return std::nullopt; }
inline constexpr bool kMutantsBuilt = false;
#endif

}  // namespace strata::testing

#if defined(STRATA_MUTANTS)
#define STRATA_MUTANT(name) ::strata::testing::is_mutant(::strata::testing::Mutant::name)
#else
#define STRATA_MUTANT(name) false
#endif
