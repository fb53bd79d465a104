// What every Timer promises: strata/ports/timer.h as tests.
//
//   INSTANTIATE_TEST_SUITE_P(System, TimerContract, testing::Values(...));
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "strata/ports/timer.h"

namespace strata::contract {

// A timer that holds at most so many tasks, the clock that it goes by, and how a test waits until
// something has come about by the passing of time.
struct TimerBed {
  std::shared_ptr<Timer> timer;
  std::shared_ptr<Clock> clock;
  std::function<void(const std::function<bool()>& is_so)> wait_until;
};
using TimerMaker = std::function<TimerBed(std::size_t queue_limit)>;

class TimerContract : public ::testing::TestWithParam<TimerMaker> {
 protected:
  explicit TimerContract() : TimerContract(GetParam()(65'536)) {}
  explicit TimerContract(TimerBed bed)
      : timer_(std::move(bed.timer)),
        clock_(std::move(bed.clock)),
        wait_until_(std::move(bed.wait_until)) {}

  [[nodiscard]] Instant in(Duration time) const { return saturating_add(clock_->now(), time); }
  // What a task says when it runs.
  [[nodiscard]] std::function<void()> says(std::string word) {
    return [this, word = std::move(word)] {
      const MutexLock lock(mutex_);
      said_.push_back(word);
    };
  }
  [[nodiscard]] std::vector<std::string> said() {
    const MutexLock lock(mutex_);
    return said_;
  }

  std::shared_ptr<Timer> timer_;
  const std::shared_ptr<Clock> clock_;
  const std::function<void(const std::function<bool()>&)> wait_until_;
  Mutex mutex_;
  std::vector<std::string> said_ STRATA_GUARDED_BY(mutex_);
};

using std::chrono::milliseconds;

TEST_P(TimerContract, ATaskRunsOnceAndNotBeforeItsTime) {
  const Instant at = in(milliseconds(20));
  Instant ran_at{};
  std::atomic<int> runs{0};
  ASSERT_TRUE(timer_->schedule(at, [&] {
    ran_at = clock_->now();
    ++runs;
  }));
  wait_until_([&] { return runs > 0; });
  timer_->close();
  EXPECT_EQ(runs, 1);
  EXPECT_GE(ran_at, at);
}

// The first task to run holds the others until all have been given.
TEST_P(TimerContract, TasksRunInTheOrderOfTheirTimes) {
  const Instant now = clock_->now();
  std::atomic<bool> all_given{false};
  ASSERT_TRUE(timer_->schedule(Instant{}, [&] { wait_until_([&] { return all_given.load(); }); }));
  ASSERT_TRUE(timer_->schedule(saturating_add(now, milliseconds(2)), says("third")));
  ASSERT_TRUE(timer_->schedule(now, says("first")));
  ASSERT_TRUE(timer_->schedule(now, says("second")));
  ASSERT_TRUE(timer_->schedule(saturating_add(now, milliseconds(2)), says("fourth")));
  all_given = true;
  wait_until_([&] { return said().size() == 4; });
  EXPECT_EQ(said(), (std::vector<std::string>{"first", "second", "third", "fourth"}));
}

TEST_P(TimerContract, AnEarlierTaskOvertakesOneThatIsWaitedFor) {
  ASSERT_TRUE(timer_->schedule(in(std::chrono::hours(1)), says("late")));
  ASSERT_TRUE(timer_->schedule(in(milliseconds(1)), says("early")));
  wait_until_([&] { return !said().empty(); });
  EXPECT_EQ(said(), std::vector<std::string>{"early"});
}

TEST_P(TimerContract, ATaskMaySchedule) {
  ASSERT_TRUE(timer_->schedule(
      clock_->now(), [&] { EXPECT_TRUE(timer_->schedule(clock_->now(), says("inner"))); }));
  wait_until_([&] { return !said().empty(); });
}

TEST_P(TimerContract, CloseForgetsWhatIsNotDueAndRefusesMore) {
  const auto held = std::make_shared<int>(0);
  ASSERT_TRUE(timer_->schedule(in(std::chrono::hours(1)), [held] { FAIL() << "not due"; }));
  timer_->close();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(timer_->schedule(clock_->now(), [] { FAIL() << "closed"; }));
  timer_->close();
}

TEST_P(TimerContract, ATimerWithoutTasksCloses) { timer_->close(); }

TEST_P(TimerContract, RefusesWhatExceedsItsQueue) {
  const TimerBed bed = GetParam()(2);
  const Instant late = saturating_add(bed.clock->now(), std::chrono::hours(1));
  EXPECT_TRUE(bed.timer->schedule(late, [] {}));
  EXPECT_TRUE(bed.timer->schedule(late, [] {}));
  EXPECT_FALSE(bed.timer->schedule(late, [] {}));
}

}  // namespace strata::contract
