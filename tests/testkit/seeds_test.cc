// Tests of the loop over seeds and of what it hands out.
#include "testkit/seeds.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <vector>

namespace strata::testkit {
namespace {

TEST(Seeds, EverySeedRunsOnceAndInOrder) {
  std::vector<std::uint64_t> seeds;
  for_each_seed(4, [&](Random& random) { seeds.push_back(random.seed()); });
  EXPECT_EQ(seeds, (std::vector<std::uint64_t>{1, 2, 3, 4}));
}

std::vector<std::uint64_t> seeds_seen;

void run_until_seed_three_fails() {
  for_each_seed(10, [](Random& random) {
    seeds_seen.push_back(random.seed());
    EXPECT_NE(random.seed(), 3u);
  });
}

TEST(Seeds, TheFirstFailureEndsTheLoopAndNamesItsSeed) {
  seeds_seen.clear();
  EXPECT_NONFATAL_FAILURE(run_until_seed_three_fails(), "STRATA_SEED=3");
}

TEST(Seeds, TheEnvironmentReplaysOneSeed) {
  std::vector<std::uint64_t> seeds;
  ASSERT_EQ(setenv("STRATA_SEED", "17", 1), 0);
  for_each_seed(4, [&](Random& random) { seeds.push_back(random.seed()); });
  ASSERT_EQ(unsetenv("STRATA_SEED"), 0);
  EXPECT_EQ(seeds, std::vector<std::uint64_t>{17});
}

TEST(TestRandom, TheSameSeedDrawsTheSameNumbers) {
  Random one(5);
  Random same(5);
  Random other(6);
  const std::uint64_t drawn = one.next();
  EXPECT_EQ(drawn, same.next());
  EXPECT_NE(drawn, other.next());
}

TEST(TestRandom, BelowReachesEveryNumberAndNoOther) {
  Random random(1);
  std::set<std::uint64_t> drawn;
  for (int draw = 0; draw < 1000; ++draw) drawn.insert(random.below(7));
  EXPECT_EQ(drawn, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(TestRandom, BetweenIncludesBothEnds) {
  Random random(1);
  std::set<std::uint64_t> drawn;
  for (int draw = 0; draw < 1000; ++draw) drawn.insert(random.between(3, 5));
  EXPECT_EQ(drawn, (std::set<std::uint64_t>{3, 4, 5}));
}

}  // namespace
}  // namespace strata::testkit
