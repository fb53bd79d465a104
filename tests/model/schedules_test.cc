// The protocol against the schedules that break its wrong variants.
#include <gtest/gtest.h>

#include <cctype>
#include <set>

#include "model/schedule.h"

namespace strata::model {

using testing::Mutant;

namespace {

class ScheduleTest : public ::testing::TestWithParam<Schedule> {
 protected:
  ~ScheduleTest() override { testing::set_mutant(Mutant::kNone); }
};

TEST_P(ScheduleTest, HoldsAsBuilt) { EXPECT_FALSE(GetParam().breaks()); }

TEST_P(ScheduleTest, IsBrokenByItsMutants) {
  ASSERT_FALSE(GetParam().mutants.empty());
  for (const Mutant mutant : GetParam().mutants) {
    testing::set_mutant(mutant);
    EXPECT_TRUE(GetParam().breaks()) << testing::mutant_name(mutant);
    testing::set_mutant(Mutant::kNone);
  }
}

std::string name_of(const ::testing::TestParamInfo<Schedule>& schedule) {
  std::string name = schedule.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ScheduleTest, ::testing::ValuesIn(schedules()), name_of);

TEST(Mutants, EachIsSeenByASchedule) {
  std::set<Mutant> seen;
  for (const Schedule& schedule : schedules()) {
    seen.insert(schedule.mutants.begin(), schedule.mutants.end());
  }
  for (int i = 1; i < testing::kProtocolMutants; ++i) {
    const Mutant mutant{i};
    EXPECT_TRUE(seen.contains(mutant)) << testing::mutant_name(mutant) << " survives";
  }
}

}  // namespace
}  // namespace strata::model
