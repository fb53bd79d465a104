// Work that is done once in a period, as long as timer and executor take it.
#include "tiered/periodic.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <stdexcept>

#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_timer.h"
#include "testkit/wait_until.h"

namespace strata::internal {
namespace {

using std::chrono::seconds;

class PeriodicTest : public testing::Test {
 protected:
  void start(Periodic::Work work) {
    periodic_.emplace(PeriodicPorts{clock_, &timer_, &executor_}, seconds(1), std::move(work));
    periodic_->start();
  }
  void start() {
    start([this] {
      ++runs_;
      return false;
    });
  }
  void let_pass(Duration by) {
    for (Duration left = by; left > Duration::zero(); left -= seconds(1)) {
      timer_.advance(std::min<Duration>(left, seconds(1)));
      executor_.run_all();
    }
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  ManualTimer timer_{clock_, 1};
  ManualExecutor executor_{1};
  std::optional<Periodic> periodic_;
  int runs_ = 0;
};

TEST_F(PeriodicTest, TheWorkRunsOnceInAPeriod) {
  start();
  EXPECT_EQ(executor_.pending(), 0u);
  let_pass(seconds(10));
  EXPECT_EQ(runs_, 10);
}

TEST_F(PeriodicTest, PeriodsThatWereMissedAreNotMadeUpFor) {
  start();
  clock_->advance(seconds(100));
  timer_.run_due();
  executor_.run_all();
  EXPECT_EQ(runs_, 1);
  let_pass(seconds(1));
  EXPECT_EQ(runs_, 2);
}

TEST_F(PeriodicTest, WorkThatHasMoreToDoRunsAgainAtOnce) {
  start([this] { return ++runs_ % 3 != 0; });
  timer_.advance(seconds(1));
  EXPECT_TRUE(executor_.run_one());
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(executor_.run_all(), 2u);
  EXPECT_EQ(runs_, 3);
  let_pass(seconds(1));
  EXPECT_EQ(runs_, 6);
}

TEST_F(PeriodicTest, WorkThatWaitsForTheExecutorIsNotPostedAgain) {
  ManualExecutor roomy;
  Periodic periodic({clock_, &timer_, &roomy}, seconds(1), [] { return false; });
  periodic.start();
  timer_.advance(seconds(10));
  EXPECT_EQ(roomy.pending(), 1u);
}

TEST_F(PeriodicTest, WhatItThrowsEndsThatRunOnly) {
  start([this]() -> bool {
    ++runs_;
    throw std::runtime_error("no");
  });
  let_pass(seconds(3));
  EXPECT_EQ(runs_, 3);
}

TEST_F(PeriodicTest, AnExecutorThatRefusesIsAskedAgain) {
  start();
  ASSERT_TRUE(executor_.post([] {}));
  timer_.advance(seconds(5));
  EXPECT_EQ(executor_.run_all(), 1u);
  EXPECT_EQ(runs_, 0);
  let_pass(seconds(1));
  EXPECT_EQ(runs_, 1);
}

TEST_F(PeriodicTest, ATimerThatRefusesIsAskedAgainByTheExecutor) {
  ASSERT_TRUE(timer_.schedule(clock_->now(), [] {}));
  start();
  EXPECT_EQ(executor_.pending(), 1u);
  timer_.run_due();
  executor_.run_all();
  EXPECT_EQ(runs_, 1);
  let_pass(seconds(3));
  EXPECT_EQ(runs_, 4);
}

TEST_F(PeriodicTest, NothingRunsAfterTheEnd) {
  start();
  timer_.advance(seconds(1));
  periodic_->end();
  periodic_->end();
  executor_.run_all();
  let_pass(seconds(3));
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(timer_.pending(), 0u);
}

TEST_F(PeriodicTest, WhatWaitsKeepsNothingAlive) {
  const auto held = std::make_shared<int>(1);
  start([held] { return false; });
  timer_.advance(seconds(1));
  EXPECT_EQ(held.use_count(), 2);
  periodic_.reset();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(executor_.run_all(), 1u);
}

TEST_F(PeriodicTest, TheWorkMayEndIt) {
  start([this] {
    ++runs_;
    periodic_->end();
    return true;
  });
  let_pass(seconds(3));
  EXPECT_EQ(runs_, 1);
}

TEST_F(PeriodicTest, TheEndWaitsForWorkThatRuns) {
  const auto pool = thread_pool({.threads = 1});
  const auto timer = system_timer();
  std::atomic<bool> begun{false};
  std::atomic<bool> go_on{false};
  std::atomic<bool> done{false};
  Periodic periodic({system_clock(), timer.get(), pool.get()}, std::chrono::milliseconds(1), [&] {
    begun = true;
    testkit::wait_until([&] { return go_on.load(); });
    done = true;
    return false;
  });
  periodic.start();
  testkit::wait_until([&] { return begun.load(); });
  Thread ending("ending", [&] {
    periodic.end();
    EXPECT_TRUE(done);
  });
  go_on = true;
  ending.join();
}

}  // namespace
}  // namespace strata::internal
