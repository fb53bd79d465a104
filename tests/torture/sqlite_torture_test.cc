// The SQLite tier for as long as STRATA_TORTURE_SECONDS says (60): thousands of kills, thousands
// of damaged files. Seeds go on where the tests of tests/fault end.
#include <gtest/gtest.h>

#include <iostream>

#include "fault/damaged_cache.h"
#include "fault/kill_rounds.h"
#include "torture/budget.h"

namespace strata {
namespace {

constexpr std::uint64_t kFirstSeed = 1'000;

TEST(SqliteTorture, Kills) {
  const torture::Budget budget(2);
  std::uint64_t kills = 0;
  for (std::uint64_t seed = kFirstSeed; budget.lasts(); ++seed) {
    testkit::KillRounds rounds(seed);
    for (std::uint64_t round = 1; round <= 200 && budget.lasts(); ++round) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", round " << round);
      rounds.kill_one(round);
      if (round % 50 == 0) rounds.end_one(round);
      ++kills;
      if (HasFailure()) return;
    }
  }
  std::cout << kills << " kills\n";
}

TEST(SqliteTorture, Damage) {
  const torture::Budget budget(2);
  std::uint64_t files = 0;
  for (std::uint64_t seed = kFirstSeed; budget.lasts(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    testkit::Random random(seed);
    testkit::DamagedCache cache(random);
    cache.build(seed % 2 == 0);
    const std::uint64_t damages = seed % 5 == 0 ? 4 : 1;
    for (std::uint64_t i = 0; i < damages; ++i) cache.damage();
    if (damages > 1) cache.may_be_refused();
    cache.check();
    ++files;
    if (HasFailure()) return;
  }
  std::cout << files << " damaged caches\n";
}

}  // namespace
}  // namespace strata
