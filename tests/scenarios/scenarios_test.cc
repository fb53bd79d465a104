// Every scenario in many orders: none breaks as built, and each finds the mutants that it names.
// STRATA_SCHEDULES says how many orders (1,000); STRATA_SEED plays one of them alone.
#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

#include "scenarios/scenario.h"
#include "strata/ports/environment.h"
#include "testkit/sanitizer.h"

namespace strata::scenarios {

using testing::Mutant;

namespace {

constexpr std::uint64_t kSchedules = STRATA_SANITIZED != 0 ? 100 : 1'000;
constexpr std::uint64_t kSchedulesOfOneInterruption = STRATA_SANITIZED != 0 ? 100 : 10'000;
constexpr std::uint64_t kSchedulesUntilFound = 5'000;

std::uint64_t number_in_environment(const char* name, std::uint64_t otherwise) {
  const auto text = system_environment()(name);
  return text ? std::stoull(*text) : otherwise;
}

class ScenarioTest : public ::testing::TestWithParam<Scenario> {
 protected:
  ~ScenarioTest() override { testing::set_mutant(Mutant::kNone); }
};

TEST_P(ScenarioTest, HoldsInRandomOrders) {
  const std::uint64_t only = number_in_environment("STRATA_SEED", 0);
  const std::uint64_t count = number_in_environment("STRATA_SCHEDULES", kSchedules);
  const Findings findings =
      only != 0 ? play_random(GetParam(), only, 1) : play_random(GetParam(), 1, count);
  EXPECT_EQ(findings.broken, "");
  EXPECT_GE(findings.played, 1U);
}

TEST_P(ScenarioTest, HoldsWhereverOneThreadIsInterrupted) {
  std::uint64_t left = kSchedulesOfOneInterruption;
  const Findings findings = play_every(GetParam(), 1, [&] { return left-- > 0; });
  EXPECT_EQ(findings.broken, "");
  EXPECT_TRUE(findings.complete || STRATA_SANITIZED != 0) << findings.played << " played";
}

TEST_P(ScenarioTest, TheSameSeedIsTheSameSchedule) {
  std::string first;
  for (int run = 0; run < 3; ++run) {
    World world(GetParam().options);
    GetParam().build(world);
    testkit::PriorityPicker picker(7, world.baton.threads(), 60, 2);
    (void)world.play(picker);
    if (run == 0) first = world.baton.story();
    EXPECT_EQ(world.baton.story(), first);
  }
}

TEST_P(ScenarioTest, FindsItsMutants) {
  for (const Mutant mutant : GetParam().mutants) {
    testing::set_mutant(mutant);
    const Findings findings = play_random(GetParam(), 1, kSchedulesUntilFound);
    testing::set_mutant(Mutant::kNone);
    EXPECT_NE(findings.broken, "")
        << testing::mutant_name(mutant) << " survives " << findings.played << " schedules";
  }
}

std::string name_of(const ::testing::TestParamInfo<Scenario>& scenario) {
  std::string name = scenario.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ScenarioTest, ::testing::ValuesIn(scenarios()), name_of);

// The mutants inside SQLite need its writer, which is no thread of a baton: tests/model has them.
TEST(Scenarios, EveryMutantOutsideSqliteIsFoundByOne) {
  // Those inside SQLite; and what no answer shows, but a schedule of tests/model.
  const std::set<Mutant> elsewhere{Mutant::kReclaimAtOnce,          Mutant::kNoTombstone,
                                   Mutant::kSqliteFillUnchecked,    Mutant::kSqliteCheckThenAct,
                                   Mutant::kTombstoneAfterRaise,    Mutant::kTombstoneByReaderStart,
                                   Mutant::kPendingUnchecked,       Mutant::kNoJournal,
                                   Mutant::kNoRetiredCounter,       Mutant::kPendingAfterSelect,
                                   Mutant::kTombstoneWithoutNumber, Mutant::kSoftTombstoneAsNone,
                                   Mutant::kSoftWinsOverHard,       Mutant::kSharedUnchecked,
                                   Mutant::kSharedIgnoresNumbers,   Mutant::kSharedTicketAhead,
                                   Mutant::kSharedDemandsNothing};
  std::set<Mutant> found;
  for (const Scenario& scenario : scenarios()) {
    found.insert(scenario.mutants.begin(), scenario.mutants.end());
  }
  for (int i = 1; i < testing::kProtocolMutants; ++i) {
    const Mutant mutant{i};
    EXPECT_NE(found.contains(mutant), elsewhere.contains(mutant)) << testing::mutant_name(mutant);
  }
}

}  // namespace
}  // namespace strata::scenarios
