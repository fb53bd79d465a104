// R6: the power is cut at any moment. With `durability: power` everything that was acknowledged is
// there; with every durability nothing that was invalidated is served, and nothing damaged.
#include <gtest/gtest.h>

#include "core/mutant.h"
#include "fault/power_rounds.h"
#include "testkit/reliability.h"

namespace strata {
namespace {

using testing::Mutant;
using testkit::PowerCounts;
using testkit::PowerDisk;
using testkit::PowerRounds;
using testkit::Reliability;

constexpr std::uint64_t kCuts = 60;

PowerCounts cut(std::uint64_t seed, std::optional<Durability> durability) {
  PowerRounds rounds(seed, durability);
  while (rounds.counts().cuts < kCuts && !::testing::Test::HasFailure()) rounds.cut_one();
  return rounds.counts();
}

TEST(PowerCut, WithPowerDurabilityWhatWasAcknowledgedIsThere) {
  const PowerCounts counts = cut(1, Durability::kPower);
  counts.report(1, 1);
  EXPECT_GT(counts.kept, kCuts * 3 / 4) << "nothing that is gone would be missed";
}

TEST(PowerCut, WithoutItNothingStaleOrDamagedIsServed) {
  const PowerCounts counts = cut(2, Durability::kNormal);
  counts.report(2, 2);
  EXPECT_GT(counts.kept, kCuts / 20) << "what was closed is kept";
  EXPECT_LT(counts.kept, kCuts * 3 / 4) << "what was not is not";
}

TEST(PowerCut, ADurabilityThatChangesFromLifeToLifeChangesNothing) {
  cut(3, std::nullopt).report(3, 3);
}

// The test sees what it is for: without syncs there is something to lose.
TEST(PowerCut, ADiskThatOnlySaysThatItSyncsIsFoundOut) {
  PowerDisk::ignore_syncs(true);
  PowerRounds rounds(4, Durability::kPower);
  const PowerCounts& counts = rounds.counts();
  while (counts.cuts < kCuts && counts.lost + counts.stale == 0) rounds.cut_one();
  PowerDisk::ignore_syncs(false);
  EXPECT_GT(counts.lost + counts.stale, 0u);
}

#if defined(STRATA_MUTANTS)
TEST(PowerCut, AnInvalidationWithoutAMarkIsFoundOut) {
  testing::set_mutant(Mutant::kNoJournal);
  PowerRounds rounds(5, Durability::kPower);
  while (rounds.counts().cuts < 20 * kCuts && rounds.counts().stale == 0) rounds.cut_one();
  testing::set_mutant(Mutant::kNone);
  EXPECT_GT(rounds.counts().stale, 0u);
  Reliability("R6", "losses of power").found("no-journal", rounds.counts().cuts);
}
#endif

}  // namespace
}  // namespace strata
