// Tests of how long a record still lives, after steps of the wall clock and reboots.
#include <gtest/gtest.h>

#include "strata/core/record.h"
#include "testkit/manual_clock.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using testkit::ManualClock;

Lifetime written_now(const ManualClock& clock, Duration fresh_for, Duration keep_for) {
  return {.written_wall = clock.wall_now(),
          .written_since_boot = clock.now().since_boot,
          .boot_id = clock.boot_id(),
          .fresh_for = fresh_for,
          .keep_for = keep_for};
}

Remaining at(const ManualClock& clock, const Lifetime& lifetime) {
  return remaining(lifetime, clock.now(), clock.wall_now(), clock.boot_id());
}

TEST(Remaining, ShrinksAsTimePasses) {
  ManualClock clock;
  const Lifetime lifetime = written_now(clock, 10s, 60s);
  EXPECT_EQ(at(clock, lifetime).fresh, 10s);
  EXPECT_EQ(at(clock, lifetime).kept, 60s);
  clock.advance(10s);
  EXPECT_EQ(at(clock, lifetime).fresh, 0s) << "not above zero: past its ttl";
  EXPECT_EQ(at(clock, lifetime).kept, 50s);
  clock.advance(55s);
  EXPECT_EQ(at(clock, lifetime).fresh, -55s);
  EXPECT_EQ(at(clock, lifetime).kept, -5s);
}

TEST(Remaining, ForeverStaysForever) {
  ManualClock clock;
  const Lifetime lifetime = written_now(clock, kForever, kForever);
  clock.advance(1'000'000h);
  EXPECT_EQ(at(clock, lifetime).fresh, kForever);
  EXPECT_EQ(at(clock, lifetime).kept, kForever);
}

TEST(Remaining, StepsOfTheWallClockChangeNothingWithinABoot) {
  ManualClock clock;
  const Lifetime lifetime = written_now(clock, 10s, 60s);
  clock.advance(3s);
  clock.step_wall(-24h);
  EXPECT_EQ(at(clock, lifetime).fresh, 7s);
  clock.step_wall(48h);
  EXPECT_EQ(at(clock, lifetime).fresh, 7s);
}

TEST(Remaining, AfterARebootTheWallClockTells) {
  ManualClock clock;
  const Lifetime lifetime = written_now(clock, 100s, 200s);
  clock.advance(5s);
  clock.reboot(30s);
  EXPECT_EQ(at(clock, lifetime).fresh, 65s);
  EXPECT_EQ(at(clock, lifetime).kept, 165s);
}

TEST(Remaining, ARecordFromTheFutureIsExpired) {
  ManualClock clock;
  const Lifetime lifetime = written_now(clock, kForever, kForever);
  clock.reboot(0s);
  clock.step_wall(-2s);
  EXPECT_EQ(at(clock, lifetime).fresh, kForever) << "two seconds are tolerated";
  clock.step_wall(-1ms);
  EXPECT_LE(at(clock, lifetime).fresh, 0s);
  EXPECT_LE(at(clock, lifetime).kept, 0s);
}

TEST(Remaining, AnotherClocksFutureDoesNotExtendALife) {
  ManualClock clock;
  const Lifetime lifetime = written_now(clock, 10s, 60s);
  clock.reboot(0s);
  clock.step_wall(-1s);
  EXPECT_EQ(at(clock, lifetime).fresh, 10s);
  EXPECT_EQ(at(clock, lifetime).kept, 60s);
}

// A coarse reading may be a moment older than the writer's fine one.
TEST(Remaining, AReadingFromBeforeTheWriteDoesNotExtendALife) {
  ManualClock clock;
  const Lifetime lifetime = written_now(clock, 10s, 60s);
  const Instant early = saturating_add(clock.now(), -4ms);
  EXPECT_EQ(remaining(lifetime, early, clock.wall_now(), clock.boot_id()).fresh, 10s);
  const Instant too_early = saturating_add(clock.now(), -2001ms);
  EXPECT_LE(remaining(lifetime, too_early, clock.wall_now(), clock.boot_id()).kept, 0s);
}

TEST(Remaining, AgesThatNoDurationHoldsAreOld) {
  constexpr std::int64_t kFarMs = std::int64_t{1} << 60;
  Lifetime lifetime{.written_wall = {-kFarMs}, .boot_id = 1, .fresh_for = 24h, .keep_for = 48h};
  EXPECT_LE(remaining(lifetime, {}, WallTime{kFarMs}, 2).kept, 0s);
  lifetime.written_wall = {INT64_MIN};
  EXPECT_LE(remaining(lifetime, {}, WallTime{INT64_MAX}, 2).kept, 0s) << "the difference overflows";
}

// Errors only ever shorten a life: whatever the fields say, no more than fresh_for remains.
TEST(Remaining, IsNeverMoreThanWasGiven) {
  testkit::for_each_seed(5'000, [](testkit::Random& random) {
    const auto any = [&] {
      const auto bits = static_cast<std::int64_t>(random.skewed());
      return random.one_in(2) ? bits : -(bits >> 1);
    };
    Lifetime lifetime{.written_wall = {any()},
                      .written_since_boot = Duration(any()),
                      .boot_id = random.below(2),
                      .fresh_for = Duration(any() & INT64_MAX),
                      .keep_for = Duration(any() & INT64_MAX)};
    if (random.one_in(5)) lifetime.keep_for = kForever;
    const Remaining left = remaining(lifetime, {Duration(any())}, WallTime{any()}, random.below(2));
    ASSERT_LE(left.fresh, lifetime.fresh_for);
    ASSERT_LE(left.kept, lifetime.keep_for);
  });
}

}  // namespace
}  // namespace strata
