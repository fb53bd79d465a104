// What every Clock promises: strata/ports/clock.h as tests.
//
//   INSTANTIATE_TEST_SUITE_P(System, ClockContract, testing::Values(ClockMaker(system_clock)));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "strata/ports/clock.h"
#include "strata/ports/thread.h"

namespace strata::contract {

using ClockMaker = std::function<std::shared_ptr<Clock>()>;

class ClockContract : public ::testing::TestWithParam<ClockMaker> {
 protected:
  const std::shared_ptr<Clock> clock_ = GetParam()();
};

TEST_P(ClockContract, NowNeverGoesBack) {
  Instant former = clock_->now();
  for (int reading = 0; reading < 100'000; ++reading) {
    const Instant now = clock_->now();
    ASSERT_GE(now, former);
    former = now;
  }
}

TEST_P(ClockContract, CoarseNowNeverGoesBackAndIsNeverLaterThanNow) {
  Instant former = clock_->coarse_now();
  for (int reading = 0; reading < 100'000; ++reading) {
    const Instant coarse = clock_->coarse_now();
    ASSERT_GE(coarse, former);
    ASSERT_LE(coarse, clock_->now());
    former = coarse;
  }
}

// Both are readings of clocks, so a slow machine can only make the coarse one look younger.
TEST_P(ClockContract, CoarseNowIsAtMostAFewMillisecondsLate) {
  constexpr Duration kFew = std::chrono::milliseconds(50);
  for (int reading = 0; reading < 100'000; ++reading) {
    const Instant now = clock_->now();
    ASSERT_LE(between(clock_->coarse_now(), now), kFew);
  }
}

TEST_P(ClockContract, InstantsAreCommonToAllClocksOfOneBoot) {
  const std::shared_ptr<Clock> other = GetParam()();
  EXPECT_EQ(clock_->boot_id(), other->boot_id());
  const Instant first = clock_->now();
  const Instant second = other->now();
  const Instant third = clock_->now();
  EXPECT_LE(first, second);
  EXPECT_LE(second, third);
}

TEST_P(ClockContract, ThreadsMayReadItAtTheSameTime) {
  std::vector<Thread> threads;
  for (int index = 0; index < 4; ++index) {
    threads.emplace_back("reader", [this] {
      Instant former = clock_->coarse_now();
      for (int reading = 0; reading < 20'000; ++reading) {
        const Instant coarse = clock_->coarse_now();
        EXPECT_GE(coarse, former);
        EXPECT_LE(coarse, clock_->now());
        former = coarse;
      }
    });
  }
}

}  // namespace strata::contract
