// Processes that share a cache file and are killed, for as long as STRATA_TORTURE_SECONDS says
// (60). Seeds go on where the tests of tests/fault end.
#include <gtest/gtest.h>

#include <chrono>

#include "fault/share_rounds.h"
#include "torture/budget.h"

namespace strata {
namespace {

TEST(ShareTorture, Kills) {
  const torture::Budget budget(1);
  for (std::uint64_t seed = 1'000; budget.lasts() && !HasFailure(); ++seed) {
    testkit::ShareRounds rounds(seed);
    for (int round = 1; round <= 500 && budget.lasts() && !HasFailure(); ++round) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", round " << round);
      rounds.kill_some();
      // Longer than an invalidation waits.
      if (round % 50 == 0) rounds.stop_some(std::chrono::milliseconds(2'500));
    }
    if (!HasFailure()) rounds.end();
    rounds.report();
  }
}

}  // namespace
}  // namespace strata
