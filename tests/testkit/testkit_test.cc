// Tests of the small tools: clock, executor, fault plan, folder.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "testkit/fault_plan.h"
#include "testkit/manual_clock.h"
#include "testkit/manual_executor.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ManualClock, MovesBothClocksOnlyWhenTold) {
  ManualClock clock;
  EXPECT_EQ(clock.now(), ManualClock::kStart);
  EXPECT_EQ(clock.wall_now(), ManualClock::kWallStart);
  clock.advance(milliseconds(1500));
  EXPECT_EQ(between(ManualClock::kStart, clock.now()), milliseconds(1500));
  EXPECT_EQ(clock.wall_now().unix_ms, ManualClock::kWallStart.unix_ms + 1500);
}

TEST(ManualClock, TheWallClockCanJumpWithoutTheOther) {
  ManualClock clock;
  clock.set_wall({1'000});
  EXPECT_EQ(clock.wall_now(), WallTime{1'000});
  clock.step_wall(-seconds(1));
  EXPECT_EQ(clock.wall_now(), WallTime{0});
  EXPECT_EQ(clock.now(), ManualClock::kStart);
}

TEST(ManualClock, ARebootChangesTheBootIdAndRestartsTheCount) {
  ManualClock clock;
  const std::uint64_t boot_id = clock.boot_id();
  clock.advance(seconds(5));
  const WallTime before = clock.wall_now();
  clock.reboot(seconds(30));
  EXPECT_NE(clock.boot_id(), boot_id);
  EXPECT_EQ(clock.now(), Instant{});
  EXPECT_EQ(clock.wall_now().unix_ms, before.unix_ms + 30'000);
}

TEST(ManualClock, TheCoarseClockLagsAsTold) {
  ManualClock clock;
  clock.set_coarse_lag(milliseconds(4));
  EXPECT_EQ(between(clock.coarse_now(), clock.now()), milliseconds(4));
}

TEST(ManualExecutor, RunsTasksInOrderWhenTold) {
  ManualExecutor executor;
  std::vector<int> ran;
  ASSERT_TRUE(executor.post([&] { ran.push_back(1); }));
  ASSERT_TRUE(executor.post([&] { ran.push_back(2); }));
  EXPECT_TRUE(ran.empty());
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(ran, std::vector<int>{1});
  EXPECT_EQ(executor.pending(), 1u);
  EXPECT_EQ(executor.run_all(), 1u);
  EXPECT_FALSE(executor.run_one());
}

TEST(ManualExecutor, RefusesWhatExceedsItsQueue) {
  ManualExecutor executor(1);
  ASSERT_TRUE(executor.post([] {}));
  EXPECT_FALSE(executor.post([] {}));
}

// Goal: fail_each_call() tries every call of the scenario, and one more that is not made.
TEST(FaultPlan, EachCallFailsInItsTurn) {
  std::vector<std::vector<bool>> runs;
  fail_each_call(FaultKind::kOnce, [&](FaultPlan& plan) {
    runs.push_back({plan.should_fail(), plan.should_fail()});
  });
  EXPECT_EQ(runs, (std::vector<std::vector<bool>>{{true, false}, {false, true}, {false, false}}));

  runs.clear();
  fail_each_call(FaultKind::kFromThenOn, [&](FaultPlan& plan) {
    runs.push_back({plan.should_fail(), plan.should_fail()});
  });
  EXPECT_EQ(runs, (std::vector<std::vector<bool>>{{true, true}, {false, true}, {false, false}}));
}

void loop_over_an_endless_scenario() {
  fail_each_call(FaultKind::kOnce, [](FaultPlan& plan) {
    for (std::uint64_t call = 0; call <= kScenarioCallLimit; ++call) {
      static_cast<void>(plan.should_fail());
    }
  });
}

TEST(FaultPlan, AScenarioWithoutAnEndFails) {
  EXPECT_FATAL_FAILURE(loop_over_an_endless_scenario(), "makes more than");
}

TEST(TempDir, IsEmptyAtFirstAndGoneAfterwards) {
  std::filesystem::path path;
  {
    const TempDir folder;
    const TempDir another;
    path = folder.path();
    EXPECT_NE(path, another.path());
    EXPECT_TRUE(std::filesystem::is_empty(path));
    std::ofstream(folder.file("a")) << "text";
    std::filesystem::create_directory(path / "b");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace strata::testkit
