// Transactions on the origin, beside readers and other changes.
//
// A transaction's own state is a version that never is the origin's, so that whoever else is served
// it is found out.
#include "strata/tiered/transaction.h"

#include "core/yield_point.h"
#include "scenarios/scenario.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

constexpr int kUncommitted = 1'000;

Lookup<int> read(World& world, Transaction& transaction, int seen) {
  return transaction.get_or_load(world.values, "k", [seen](Load& load) {
    load.tag("t");
    STRATA_YIELD("origin.answered");
    return seen;
  });
}

void old_snapshot(World& world) {
  world.thread("transaction", [&] {
    Transaction transaction = world.cache.transaction();
    const int snapshot = world.committed("k");
    STRATA_YIELD("transaction.begun");
    (void)read(world, transaction, snapshot);
    transaction.rollback();
  });
  world.thread("change", [&] { world.change_key("k"); });
}

void write_and_roll_back(World& world) {
  world.thread("transaction", [&] {
    Transaction transaction = world.cache.transaction();
    transaction.wrote();
    (void)read(world, transaction, kUncommitted);
    transaction.rollback();
  });
  world.thread("load", [&] { world.load("k"); });
  world.thread("read", [&] { world.get("k"); });
}

void read_own_write(World& world) {
  world.seed("k");
  world.thread("transaction", [&] {
    Transaction transaction = world.cache.transaction();
    (void)transaction.invalidate(tag("t"));
    const Lookup<int> seen = read(world, transaction, kUncommitted);
    world.require(seen.has_value() && *seen == kUncommitted, "k: it does not see its own write");
    transaction.rollback();
  });
  world.thread("load", [&] { world.load("k"); });
}

void write_and_commit(World& world) {
  world.seed("k");
  world.thread("transaction", [&] {
    Transaction transaction = world.cache.transaction();
    (void)transaction.invalidate(tag("t"));
    STRATA_YIELD("transaction.written");
    world.change({"k"}, [&] { transaction.commit(); });
  });
  world.thread("load", [&] { world.load("k"); });
  world.thread("read", [&] { world.get("k"); });
}

void end_unknown(World& world) {
  world.seed("k");
  world.thread("transaction", [&] {
    world.change({"k"}, [&] {
      Transaction transaction = world.cache.transaction();
      (void)transaction.invalidate(tag("t"));
    });
  });
  world.thread("load", [&] { world.load("k"); });
}

}  // namespace

std::vector<Scenario> transaction_scenarios() {
  return {
      {"a transaction loads from a snapshot while the key is invalidated",
       {Mutant::kTransactionTicketLate},
       {},
       old_snapshot},
      {"a transaction reads its own write and rolls back while others read",
       {Mutant::kTransactionStores},
       {},
       write_and_roll_back},
      {"a transaction overwrites what is cached while others load it",
       {Mutant::kTransactionReadsCached},
       {},
       read_own_write},
      {"a transaction writes and commits while others load",
       {Mutant::kInvalidateBeforeCommit},
       {},
       write_and_commit},
      {"nobody says how a transaction ended while others load",
       {Mutant::kUnknownIsRollback},
       {},
       end_unknown},
  };
}

}  // namespace strata::scenarios
