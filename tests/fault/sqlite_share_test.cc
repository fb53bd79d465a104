// Several processes with one cache file, and kill -9 of any of them at any moment: what was
// invalidated by one is served by none, and the others go on.
#include <gtest/gtest.h>

#include "core/mutant.h"
#include "fault/share_rounds.h"

namespace strata {
namespace {

TEST(SqliteShare, NothingInvalidatedIsServedByAnyProcess) {
  testkit::ShareRounds rounds(1);
  for (int round = 1; round <= 60; ++round) {
    SCOPED_TRACE(::testing::Message() << "round " << round);
    rounds.kill_some();
    if (::testing::Test::HasFatalFailure()) return;
  }
  rounds.end();
  const testkit::ShareOracle& oracle = rounds.oracle();
  rounds.report();
  EXPECT_GT(oracle.calls.load(), 1'000u) << "the processes must work to be worth killing";
  EXPECT_GT(oracle.hits.load(), 100u) << "and something must be found";
  EXPECT_GT(oracle.stored.load(), 100u);
  EXPECT_GT(oracle.refused.load(), 0u);
}

#if defined(STRATA_MUTANTS)
TEST(SqliteShare, AFillThatIsNotComparedIsFoundOut) {
  testkit::ShareRounds rounds(2, "shared-unchecked");
  for (int round = 0; round < 200 && rounds.oracle().stale == 0; ++round) rounds.kill_some();
  EXPECT_GT(rounds.oracle().stale.load(), 0u);
  testkit::Reliability("R5b", "kill -9 of sharers").found("shared-unchecked", rounds.kills());
}
#endif

}  // namespace
}  // namespace strata
