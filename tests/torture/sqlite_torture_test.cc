// The SQLite tier for as long as STRATA_TORTURE_SECONDS says (60): thousands of kills, of damaged
// files and of losses of power. Seeds go on where the tests of tests/fault end.
#include <gtest/gtest.h>

#include <optional>

#include "fault/damaged_cache.h"
#include "fault/kill_rounds.h"
#include "fault/power_rounds.h"
#include "testkit/reliability.h"
#include "torture/budget.h"

namespace strata {
namespace {

constexpr double kParts = 3;
constexpr std::uint64_t kFirstSeed = 1'000;

TEST(SqliteTorture, Kills) {
  const torture::Budget budget(kParts);
  testkit::KillTotals totals;
  std::uint64_t seed = kFirstSeed;
  for (; budget.lasts() && !HasFailure(); ++seed) {
    testkit::KillRounds rounds(seed);
    std::uint64_t round = 0;
    while (round < 200 && budget.lasts() && !HasFailure()) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", round " << round);
      rounds.kill_one(++round);
      if (round % 50 == 0) rounds.end_one(round);
    }
    totals.add(rounds.oracle(), round);
  }
  totals.report(kFirstSeed, seed - 1);
}

TEST(SqliteTorture, Damage) {
  const torture::Budget budget(kParts);
  std::uint64_t whole = 0;
  std::uint64_t seed = kFirstSeed;
  for (; budget.lasts() && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    testkit::Random random(seed);
    testkit::DamagedCache cache(random);
    cache.build(seed % 2 == 0);
    const std::uint64_t damages = seed % 5 == 0 ? 4 : 1;
    for (std::uint64_t i = 0; i < damages; ++i) cache.damage();
    if (damages > 1) cache.may_be_refused();
    cache.check();
    whole += cache.has_kept_all() ? 1 : 0;
  }
  testkit::Reliability("R7", "files of a cache are damaged while it is closed or after a crash")
      .count("damaged caches", seed - kFirstSeed)
      .count("caches that kept everything", whole)
      .seeds(kFirstSeed, seed - 1)
      .violations("caches that served something wrong", HasFailure() ? 1 : 0);
}

TEST(SqliteTorture, PowerCuts) {
  const torture::Budget budget(kParts);
  testkit::PowerCounts counts;
  std::uint64_t seed = kFirstSeed;
  for (; budget.lasts() && !HasFailure(); ++seed) {
    constexpr std::optional<Durability> kEach[] = {Durability::kPower, Durability::kNormal, {}};
    testkit::PowerRounds rounds(seed, kEach[seed % 3]);
    while (rounds.counts().cuts < 100 && budget.lasts()) rounds.cut_one();
    counts += rounds.counts();
  }
  counts.report(kFirstSeed, seed - 1);
}

}  // namespace
}  // namespace strata
