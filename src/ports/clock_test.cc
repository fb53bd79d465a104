// Tests of the machine's clocks. Their contract is tests/contract/clock_contract.h.
#include "strata/ports/clock.h"

#include <gtest/gtest.h>
#include <time.h>

namespace strata {
namespace {

std::int64_t read_ns(clockid_t clock) {
  timespec time{};
  EXPECT_EQ(clock_gettime(clock, &time), 0);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

TEST(SystemClock, NowIsTheTimeSinceBootWithSleepsIncluded) {
  const auto clock = system_clock();
  const std::int64_t before = read_ns(CLOCK_BOOTTIME);
  const std::int64_t now = clock->now().since_boot.count();
  EXPECT_LE(before, now);
  EXPECT_LE(now, read_ns(CLOCK_BOOTTIME));
}

TEST(SystemClock, WallTimeIsThatOfTheMachine) {
  const auto clock = system_clock();
  const std::int64_t before = read_ns(CLOCK_REALTIME) / 1'000'000;
  const std::int64_t now = clock->wall_now().unix_ms;
  EXPECT_LE(before, now);
  EXPECT_LE(now, read_ns(CLOCK_REALTIME) / 1'000'000);
}

}  // namespace
}  // namespace strata
