// kill -9 of an application and of the relays of its outbox, at any moment: in the end every
// committed change was told to every reader, and nothing that was rolled back.
#include <gtest/gtest.h>

#include <iostream>

#include "fault/outbox_kill_rounds.h"

namespace strata {
namespace {

void run(std::uint64_t seed, const std::string& journal_mode, int kills) {
  testkit::OutboxKillRounds rounds(seed, journal_mode);
  for (int kill = 1; kill <= kills; ++kill) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", kill " << kill);
    rounds.kill_one();
    if (kill % 20 == 0) rounds.check();
    if (testing::Test::HasFailure()) return;
  }
  const testkit::OutboxOracle& oracle = rounds.oracle();
  std::cout << kills << " kills, " << oracle.commits << " commits, " << oracle.rollbacks
            << " rollbacks, " << oracle.readers[0].batches << " batches\n";
  EXPECT_GT(oracle.commits, 20u) << "the application must work to be worth killing";
  EXPECT_GT(oracle.rollbacks, 0u);
  EXPECT_GT(oracle.readers[0].batches, 5u);
}

TEST(OutboxKill, EveryCommittedChangeIsToldAfterAKill) { run(1, "wal", 80); }
TEST(OutboxKill, EveryCommittedChangeIsToldAfterAKillWithoutWriteAheadLog) { run(2, "delete", 20); }

}  // namespace
}  // namespace strata
