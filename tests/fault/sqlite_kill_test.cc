// kill -9 at any moment: what was invalidated before is not served after, and what a flush
// made durable is there.
#include <gtest/gtest.h>

#include "fault/kill_rounds.h"

namespace strata {
namespace {

void run(std::uint64_t seed, int rounds) {
  testkit::KillRounds kills(seed);
  for (int round = 1; round <= rounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", round " << round);
    kills.kill_one(static_cast<std::uint64_t>(round));
    if (round % 25 == 0) kills.end_one(static_cast<std::uint64_t>(round));
    if (testing::Test::HasFatalFailure()) return;
  }
  const testkit::KillOracle& oracle = kills.oracle();
  std::cout << rounds << " kills, " << oracle.calls << " calls, " << oracle.compared
            << " values found right\n";
  EXPECT_GT(oracle.calls.load(), 1'000u) << "the processes must work to be worth killing";
  EXPECT_GT(oracle.compared.load(), 100u) << "and something must survive";
}

TEST(SqliteKill, NothingInvalidatedIsServedAfterAKill) { run(1, 100); }
TEST(SqliteKill, WhatWasFlushedIsThereAfterAKill) { run(2, 100); }

}  // namespace
}  // namespace strata
