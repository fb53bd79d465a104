// kill -9 at any moment: what was invalidated before is not served after, and what a flush
// made durable is there.
#include <gtest/gtest.h>

#include "core/mutant.h"
#include "fault/kill_rounds.h"
#include "testkit/reliability.h"

namespace strata {
namespace {

void run(std::uint64_t seed, int rounds) {
  testkit::KillRounds kills(seed);
  for (int round = 1; round <= rounds; ++round) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed << ", round " << round);
    kills.kill_one(static_cast<std::uint64_t>(round));
    if (round % 25 == 0) kills.end_one(static_cast<std::uint64_t>(round));
    if (::testing::Test::HasFatalFailure()) return;
  }
  const testkit::KillOracle& oracle = kills.oracle();
  testkit::KillTotals totals;
  totals.add(oracle, static_cast<std::uint64_t>(rounds));
  totals.report(seed, seed);
  EXPECT_GT(oracle.calls.load(), 1'000u) << "the processes must work to be worth killing";
  EXPECT_GT(oracle.compared.load(), 100u) << "and something must survive";
}

TEST(SqliteKill, NothingInvalidatedIsServedAfterAKill) { run(1, 100); }
TEST(SqliteKill, WhatWasFlushedIsThereAfterAKill) { run(2, 100); }

#if defined(STRATA_MUTANTS)
TEST(SqliteKill, AnInvalidationWithoutAMarkIsFoundOut) {
  testkit::KillRounds kills(3, "no-journal");
  std::uint64_t round = 0;
  while (kills.oracle().stale == 0 && round < 200) kills.kill_one(++round);
  EXPECT_GT(kills.oracle().stale.load(), 0u);
  testkit::Reliability("R5", "kill -9").found("no-journal", round);
}
#endif

}  // namespace
}  // namespace strata
