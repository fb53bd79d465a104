// R8: the SQLite tier while SQLite gets no memory: at an allocation once, and from it on.
//
// Whatever fails: no call hangs or crashes, nothing that was invalidated is served, and when there
// is memory again, the tier works by itself.
#include <gtest/gtest.h>

#include <string>

#include "core/mutant.h"
#include "fault/failing_memory.h"
#include "fault/fault_scenarios.h"
#include "testkit/reliability.h"
#include "testkit/sanitizer.h"

namespace strata {
namespace {

using testkit::FaultCase;
using testkit::FaultKind;

// A case allocates thousands of times. The first allocations fail one by one, later ones at
// distances that grow.
constexpr long kOneByOne = 8;
constexpr long kGrowth = STRATA_SANITIZED != 0 ? 2 : 4;

class SqliteMemory : public ::testing::TestWithParam<FaultCase> {
 protected:
  static void SetUpTestSuite() { testkit::FailingMemory::install(); }

  void fail(FaultKind kind, long first) {
    std::uint64_t plays = 0;
    for (long nth = first;; nth += nth < kOneByOne ? 1 : 1 + nth / kGrowth) {
      SCOPED_TRACE(::testing::Message() << GetParam().name << ", failing allocation " << nth);
      testkit::FaultScenario scenario;
      testkit::FailingMemory failing(nth, kind);
      GetParam().run(scenario);
      failing.allow();
      scenario.check_recovered();
      ++plays;
      if (HasFailure() || failing.failed() == 0) break;
    }
    testkit::Reliability report("R8", "allocations of SQLite fail");
    report.count("plays", plays);
    report.violations("plays that ended badly", HasFailure() ? 1 : 0);
  }
};

TEST_P(SqliteMemory, OneAllocationFails) { fail(FaultKind::kOnce, 1); }
TEST_P(SqliteMemory, AllocationsFailFromOneOn) { fail(FaultKind::kFromThenOn, kOneByOne); }

INSTANTIATE_TEST_SUITE_P(Each, SqliteMemory, ::testing::ValuesIn(testkit::kFaultCases),
                         [](const auto& each) { return std::string(each.param.name); });

#if defined(STRATA_MUTANTS)
// Rows that could not be removed for want of memory, and nothing covers them.
TEST(SqliteMemoryMutants, RemovalsThatNothingCoversAreFoundOut) {
  testkit::FailingMemory::install();
  std::uint64_t plays = 0;
  std::uint64_t wrong = 0;
  strata::testing::set_mutant(strata::testing::Mutant::kNoTombstone);
  for (long nth = 1; wrong == 0 && nth < 10'000; nth += 1 + nth / kGrowth, ++plays) {
    testkit::FaultScenario scenario;
    scenario.expects_sound = false;
    const testkit::FailingMemory failing(nth, FaultKind::kFromThenOn);
    testkit::write_and_invalidate(scenario);
    wrong += scenario.wrong;
  }
  strata::testing::set_mutant(strata::testing::Mutant::kNone);
  EXPECT_GT(wrong, 0u);
  testkit::Reliability("R8", "allocations of SQLite fail").found("no-tombstone", plays);
}
#endif

}  // namespace
}  // namespace strata
