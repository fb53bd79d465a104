// Tests of what is particular to the timer with a thread. Its contract is
// tests/contract/timer_contract.h.
#include "strata/ports/timer.h"

#include <gtest/gtest.h>

#include "strata/testing/manual_clock.h"
#include "testkit/threads.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

// The thread looks at the clock again, whatever it was told the wait would be.
TEST(SystemTimer, GoesByItsOwnClock) {
  const auto clock = std::make_shared<ManualClock>();
  const auto timer = system_timer(clock);
  std::atomic<bool> ran{false};
  const Instant late = saturating_add(clock->now(), std::chrono::hours(1));
  ASSERT_TRUE(timer->schedule(late, [&] { ran = true; }));
  EXPECT_FALSE(ran);
  clock->advance(std::chrono::hours(1));
  testkit::wait_until([&] { return ran.load(); });
}

TEST(SystemTimer, DestructionClosesItWhileATaskWaits) {
  auto timer = system_timer();
  const Instant late = saturating_add(system_clock()->now(), std::chrono::hours(1));
  ASSERT_TRUE(timer->schedule(late, [] { FAIL() << "not due"; }));
  timer.reset();
}

TEST(SystemTimer, SeveralThreadsMayScheduleAndClose) {
  const auto clock = system_clock();
  const auto timer = system_timer(clock);
  std::atomic<int> runs{0};
  testkit::run_threads(4, [&](std::size_t) {
    for (int task = 0; task < 500; ++task) {
      ASSERT_TRUE(timer->schedule(clock->now(), [&] { ++runs; }));
    }
  });
  testkit::wait_until([&] { return runs == 2'000; });
  testkit::run_threads(4, [&](std::size_t) { timer->close(); });
}

TEST(SystemTimerDeathTest, ClosingFromWithinATaskIsAProgrammersError) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(
      {
        const auto timer = system_timer();
        static_cast<void>(timer->schedule(Instant{}, [&] { timer->close(); }));
        testkit::wait_until([] { return false; });
      },
      "from_within_a_task");
}

}  // namespace
}  // namespace strata
