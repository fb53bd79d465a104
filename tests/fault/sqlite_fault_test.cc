// R6: the SQLite tier on files that fail: at every call once, and from every call on.
//
// Whatever fails: no call hangs or crashes, nothing that was invalidated is served, and when the
// files work again, so does the tier, by itself.
#include <gtest/gtest.h>

#include <chrono>

#include "core/mutant.h"
#include "fault/fault_scenarios.h"
#include "testkit/reliability.h"
#include "testkit/sanitizer.h"

namespace strata {
namespace {

using testkit::FaultCase;
using testkit::FaultKind;
using testkit::FaultLook;
using testkit::Owners;

constexpr std::uint64_t kSlower = STRATA_SANITIZED != 0 ? 3 : 1;

class SqliteFaults : public ::testing::TestWithParam<FaultCase> {
 protected:
  // Fails call 1, then one `step` further, ... until the case makes fewer calls. A step of 1 is
  // every call in the first cases, and every third in the others, of which make torture fails all.
  void fail(FaultKind kind, FaultLook look, std::uint64_t step, Owners owners = Owners::kOne) {
    std::uint64_t faults = 0;
    std::vector<double> took_ms;
    for (std::uint64_t call = 1; call < testkit::kScenarioCallLimit;
         call += step * GetParam().stride * kSlower) {
      const auto began = std::chrono::steady_clock::now();
      const bool has_failed = testkit::play_with_fault(GetParam(), kind, look, call, owners);
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - began;
      took_ms.push_back(took.count());
      faults += has_failed ? 1 : 0;
      if (HasFailure() || !has_failed) break;
    }
    const bool is_shared = owners == Owners::kSharing;
    testkit::Reliability report("R6", is_shared ? "calls to the file system fail, of a shared file"
                                                : "calls to the file system fail");
    report.count("faults", faults).percentiles("play_ms", took_ms);
    report.violations("plays that ended badly", HasFailure() ? 1 : 0);
  }
};

TEST_P(SqliteFaults, OneCallFails) { fail(FaultKind::kOnce, FaultLook::kIoError, 1); }
TEST_P(SqliteFaults, CallsFailFromOneOn) { fail(FaultKind::kFromThenOn, FaultLook::kIoError, 7); }
TEST_P(SqliteFaults, TheDiskIsFullOnce) { fail(FaultKind::kOnce, FaultLook::kFull, 2); }
TEST_P(SqliteFaults, TheDiskIsFullFromOneWriteOn) {
  fail(FaultKind::kFromThenOn, FaultLook::kFull, 5);
}
TEST_P(SqliteFaults, OneReadIsShort) { fail(FaultKind::kOnce, FaultLook::kShortRead, 17); }

// Each change is a transaction there, and so makes many more calls.
class SharedFileFaults : public SqliteFaults {
 protected:
  void fail_shared(FaultKind kind, FaultLook look, std::uint64_t step) {
    fail(kind, look, step, Owners::kSharing);
  }
};

TEST_P(SharedFileFaults, OneCallFails) { fail_shared(FaultKind::kOnce, FaultLook::kIoError, 23); }
TEST_P(SharedFileFaults, CallsFailFromOneOn) {
  fail_shared(FaultKind::kFromThenOn, FaultLook::kIoError, 67);
}
TEST_P(SharedFileFaults, TheDiskIsFullOnce) { fail_shared(FaultKind::kOnce, FaultLook::kFull, 23); }
TEST_P(SharedFileFaults, TheDiskIsFullFromOneWriteOn) {
  fail_shared(FaultKind::kFromThenOn, FaultLook::kFull, 67);
}
TEST_P(SharedFileFaults, OneReadIsShort) {
  fail_shared(FaultKind::kOnce, FaultLook::kShortRead, 17);
}

INSTANTIATE_TEST_SUITE_P(Each, SharedFileFaults, ::testing::ValuesIn(testkit::kFaultCases),
                         [](const auto& each) { return std::string(each.param.name); });
INSTANTIATE_TEST_SUITE_P(Each, SqliteFaults, ::testing::ValuesIn(testkit::kFaultCases),
                         [](const auto& each) { return std::string(each.param.name); });

// A run that finds the disk full opens without a journal on it, and ends while it is full.
TEST(SqliteFaultOpening, WhatARunOnAFullDiskInvalidatedIsNotServedByTheNext) {
  for (std::uint64_t call = 1; call < 100; ++call) {
    SCOPED_TRACE(::testing::Message() << "full from write " << call << " on");
    testkit::FaultScenario scenario;
    scenario.put("a");
    scenario.tier->close({});
    scenario.tier.reset();
    const auto plan = testkit::plan_of(FaultKind::kFromThenOn, call);
    {
      const testkit::FailingFiles failing(*plan, FaultLook::kFull);
      scenario.open();
      scenario.invalidate(tag("ta"), {"a"});
      scenario.tier->close({});
      scenario.tier.reset();
    }
    scenario.open();
    scenario.check_all();
    if (HasFailure() || plan->faults() == 0) break;
  }
}

#if defined(STRATA_MUTANTS)
// Without a fault no mutant hides long; with one the rows stay in the file, and nothing covers
// them.
TEST(SqliteFaultMutants, RemovalsThatNothingCoversAreFoundOut) {
  std::uint64_t plays = 0;
  std::uint64_t wrong = 0;
  strata::testing::set_mutant(strata::testing::Mutant::kNoTombstone);
  while (wrong == 0 && ++plays < 100) {
    const auto plan = testkit::plan_of(FaultKind::kFromThenOn, plays);
    testkit::FaultScenario scenario;
    scenario.expects_sound = false;
    const testkit::FailingFiles failing(*plan, FaultLook::kFull);
    testkit::write_and_invalidate(scenario);
    wrong += scenario.wrong;
  }
  strata::testing::set_mutant(strata::testing::Mutant::kNone);
  EXPECT_GT(wrong, 0u);
  testkit::Reliability("R6", "calls to the file system fail").found("no-tombstone", plays);
}
#endif

}  // namespace
}  // namespace strata
