// Tests of what moves when told: clock, executor, timer, memory of the machine.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_memory.h"
#include "strata/testing/manual_timer.h"

namespace strata {
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

TEST(ManualExecutor, CloseRunsWhatIsLeftAndRefusesMore) {
  ManualExecutor executor;
  int ran = 0;
  ASSERT_TRUE(executor.post([&] { ++ran; }));
  executor.close();
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(executor.post([] {}));
}

TEST(ManualTimer, EachTaskFindsTheClockAtItsOwnTime) {
  const auto clock = std::make_shared<ManualClock>();
  ManualTimer timer(clock);
  std::vector<Instant> ran;
  const auto note = [&] { ran.push_back(clock->now()); };
  ASSERT_TRUE(timer.schedule(saturating_add(ManualClock::kStart, milliseconds(7)), note));
  ASSERT_TRUE(timer.schedule(saturating_add(ManualClock::kStart, milliseconds(3)), note));
  timer.advance(milliseconds(10));
  const std::vector<Instant> expected{saturating_add(ManualClock::kStart, milliseconds(3)),
                                      saturating_add(ManualClock::kStart, milliseconds(7))};
  EXPECT_EQ(ran, expected);
  EXPECT_EQ(clock->now(), saturating_add(ManualClock::kStart, milliseconds(10)));
}

TEST(ManualTimer, AnotherThreadMayScheduleWhatIsDueWhileTheClockMoves) {
  auto clock = std::make_shared<ManualClock>();
  ManualTimer timer(clock);
  constexpr int kTasks = 20'000;
  std::atomic<int> ran{0};
  std::atomic<int> accepted{0};
  std::thread other([&] {
    for (int i = 0; i < kTasks; ++i) {
      accepted += timer.schedule(clock->now(), [&] { ++ran; }) ? 1 : 0;
    }
  });
  while (accepted < kTasks) timer.advance(milliseconds(1));
  other.join();
  timer.run_due();
  EXPECT_EQ(ran, kTasks);
}

TEST(ManualMemory, AnswersWhatItIsToldAndCounts) {
  ManualMemory machine;
  EXPECT_EQ(machine.read()->available_bytes, ManualMemory::kLimitBytes);
  machine.set_left(0.25);
  EXPECT_EQ(machine.read()->available_bytes, ManualMemory::kLimitBytes / 4);
  machine.set(Error{ErrorCode::kUnavailable, "no such file", {}});
  EXPECT_EQ(machine.read().error().message, "no such file");
  machine.give_back();
  EXPECT_EQ(machine.reads(), 3);
  EXPECT_EQ(machine.given_back(), 1);
}

}  // namespace
}  // namespace strata
