// What a transaction reads, keeps for itself, and leaves behind.
//
// `stack.origin` is what is committed; a transaction's own state is a local.
#include "model/schedule.h"
#include "model/stack.h"
#include "strata/tiered/transaction.h"

namespace strata::model {

using testing::Mutant;

namespace {

Lookup<int> read(Stack& stack, Transaction& change, int seen) {
  return change.get_or_load(stack.values, "k", [seen](Load& load) {
    load.tag("t");
    return seen;
  });
}

// T: BEGIN, with the state of then; W: commits v1, invalidates, returns; T: loads v0 from its
// snapshot, before it has written anything.
bool a_load_in_an_old_snapshot() {
  Stack stack;
  Transaction change = stack.cache.transaction();
  const int snapshot = stack.origin;
  stack.origin = 1;
  stack.values.invalidate("k");
  (void)read(stack, change, snapshot);
  change.rollback();
  return stack.serves_older_than(1);
}

// T: writes v7, loads it, rolls back: v7 never existed.
bool a_load_after_the_first_write_and_a_rollback() {
  Stack stack;
  Transaction change = stack.cache.transaction();
  (void)change.invalidate(tag("t"));
  (void)read(stack, change, 7);
  change.rollback();
  return !stack.serves_older_than(1) && stack.values.get("k").value_or(0) == 7;
}

// The same, where the load began before the write.
bool a_write_while_the_load_runs_and_a_rollback() {
  Stack stack;
  Transaction change = stack.cache.transaction();
  (void)change.get_or_load(stack.values, "k", [&](Load&) {
    change.wrote();
    return 7;
  });
  change.rollback();
  return stack.values.get("k").value_or(0) == 7;
}

// T: a load within its load, through the handle.
bool a_load_within_a_load_and_a_rollback() {
  Stack stack;
  Transaction change = stack.cache.transaction();
  change.wrote();
  (void)change.get_or_load(stack.derived, "d", [&](Load& load) {
    return *load.get_or_load(stack.values, "k", [](Load&) { return 7; });
  });
  change.rollback();
  return stack.values.get("k").value_or(0) == 7 || stack.derived.get("d").value_or(0) == 7;
}

// K is cached; T: writes v1, reads K: its own write must be seen.
bool reads_what_it_has_overwritten() {
  Stack stack;
  stack.seed();
  Transaction change = stack.cache.transaction();
  (void)change.invalidate(tag("t"));
  const bool from_memory = *read(stack, change, 1) == 0;
  stack.empty_memory();
  const bool from_below = *read(stack, change, 1) == 0;
  change.rollback();
  return from_memory || from_below;
}

// T: invalidates K, not committed yet; R: loads v0 and stores it; T: commits v1 and returns.
bool a_reader_between_the_write_and_the_commit() {
  Stack stack;
  stack.seed();
  Transaction change = stack.cache.transaction();
  (void)change.invalidate(tag("t"));
  (void)stack.load_value();
  stack.origin = 1;
  change.commit();
  return stack.serves_older_than(1);
}

// T: commits v1 in the origin, and ends without having heard so.
bool the_answer_to_the_commit_is_lost() {
  Stack stack;
  stack.seed();
  {
    Transaction change = stack.cache.transaction();
    (void)change.invalidate(tag("t"));
    stack.origin = 1;
  }
  return stack.serves_older_than(1);
}

}  // namespace

std::vector<Schedule> transaction_schedules() {
  return {
      {"a transaction loads from a snapshot that is older than an invalidation",
       {Mutant::kTransactionTicketLate},
       a_load_in_an_old_snapshot},
      {"a transaction loads what it has written, and rolls back",
       {Mutant::kTransactionStores},
       a_load_after_the_first_write_and_a_rollback},
      {"a transaction writes while its load runs, and rolls back",
       {Mutant::kTransactionStores},
       a_write_while_the_load_runs_and_a_rollback},
      {"a transaction's load asks for another value, and it rolls back",
       {Mutant::kTransactionStores},
       a_load_within_a_load_and_a_rollback},
      {"a transaction reads what it has overwritten",
       {Mutant::kTransactionReadsCached},
       reads_what_it_has_overwritten},
      {"a reader loads between a transaction's write and its commit",
       {Mutant::kInvalidateBeforeCommit},
       a_reader_between_the_write_and_the_commit},
      {"nobody says how a transaction ended",
       {Mutant::kUnknownIsRollback},
       the_answer_to_the_commit_is_lost},
  };
}

}  // namespace strata::model
