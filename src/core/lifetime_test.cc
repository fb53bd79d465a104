// Tests of how long a record still lives, after steps of the wall clock and reboots.
#include <gtest/gtest.h>

#include "strata/core/record.h"
#include "strata/testing/manual_clock.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

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

TEST(EndedAt, WhatWasKeptBeyondTheTtlBeginsThen) {
  ManualClock clock;
  const auto end = [&](const Lifetime& lifetime) {
    return ended_at(lifetime, clock.now(), clock.wall_now(), clock.boot_id());
  };
  const Lifetime lifetime = written_now(clock, 10s, 60s);
  clock.advance(3s);
  const Lifetime ended = end(lifetime);
  EXPECT_EQ(at(clock, ended).fresh, 0s);
  EXPECT_EQ(at(clock, ended).kept, 50s);
  EXPECT_EQ(ended.written_wall, lifetime.written_wall);
  EXPECT_EQ(ended.written_since_boot, lifetime.written_since_boot);
  clock.advance(20s);
  EXPECT_EQ(at(clock, ended).kept, 30s);
  EXPECT_EQ(end(ended), ended) << "a ttl ends once";

  const Lifetime past = written_now(clock, 1s, 2s);
  clock.advance(1s);
  EXPECT_EQ(end(past), past);
}

TEST(EndedAt, ALifeThatEndsWithItsTtlEnds) {
  ManualClock clock;
  clock.advance(1h);
  for (const Duration ttl : {Duration(10s), kForever}) {
    const Lifetime lifetime = written_now(clock, ttl, ttl);
    const Lifetime ended = ended_at(lifetime, clock.now(), clock.wall_now(), clock.boot_id());
    EXPECT_EQ(at(clock, ended).kept, 0s);
  }
  const Lifetime kept = written_now(clock, 10s, kForever);
  clock.advance(1s);
  const Lifetime ended = ended_at(kept, clock.now(), clock.wall_now(), clock.boot_id());
  EXPECT_EQ(at(clock, ended).kept, kForever);
  EXPECT_EQ(at(clock, ended).fresh, 0s);
}

TEST(EndedAt, AStepOfTheWallClockDoesNotMakeItFreshAgain) {
  ManualClock clock;
  const Lifetime lifetime = written_now(clock, 10h, 60h);
  clock.advance(2h);
  const std::uint64_t next_boot = clock.boot_id() + 1;
  const Instant now{5s};
  const Lifetime ended = ended_at(lifetime, now, clock.wall_now(), next_boot);
  clock.step_wall(-1h);
  const Remaining left = remaining(ended, {7s}, clock.wall_now(), next_boot);
  EXPECT_EQ(left.fresh, -2s);
  EXPECT_EQ(left.kept, 50h - 2s);
}

TEST(EndedAt, NeverLengthensALife) {
  testkit::for_each_seed(2'000, [](testkit::Random& random) {
    const auto any = [&] { return static_cast<std::int64_t>(random.next() >> random.below(64)); };
    Lifetime lifetime{.written_wall = WallTime{any()},
                      .written_since_boot = Duration(any()),
                      .boot_id = random.below(2),
                      .fresh_for = Duration(std::max<std::int64_t>(any(), 0)),
                      .keep_for = Duration(0)};
    lifetime.keep_for = std::max(lifetime.fresh_for, Duration(any()));
    const Instant now{Duration(any())};
    const WallTime wall{any()};
    const std::uint64_t boot = random.below(2);
    const Lifetime ended = ended_at(lifetime, now, wall, boot);
    EXPECT_GE(ended.keep_for, ended.fresh_for);
    EXPECT_GE(ended.fresh_for, Duration::zero());
    const Remaining before = remaining(lifetime, now, wall, boot);
    const Remaining after = remaining(ended, now, wall, boot);
    EXPECT_LE(after.fresh, Duration::zero());
    EXPECT_LE(after.kept, std::max(before.kept, Duration::zero()));
  });
}

}  // namespace
}  // namespace strata
