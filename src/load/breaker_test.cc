// The states of a breaker, over a clock that stands still, and with threads that race.
#include "strata/load/breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "strata/testing/manual_clock.h"
#include "testkit/threads.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Bed {
  explicit Bed(BreakerOptions options = {.failures = 3})
      : breaker(options, clock, [this](const BreakerChange& change) {
          changes.push_back(std::string(to_string(change.from)) + " -> " +
                            std::string(to_string(change.to)));
          last = change;
        }) {}

  // Whether the call was made.
  bool call(bool well) {
    Breaker::Call call(breaker);
    if (!call.is_allowed()) return false;
    well ? call.succeeded() : call.failed("it broke");
    return true;
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) call(false);
  }
  [[nodiscard]] BreakerState state() const { return breaker.state(); }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::vector<std::string> changes;
  BreakerChange last;
  Breaker breaker;
};

TEST(Breaker, OpensAfterSoManyFailuresInARow) {
  Bed bed;
  bed.fail(2);
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
  EXPECT_FALSE(bed.breaker.skip());
  bed.fail(1);
  EXPECT_EQ(bed.state(), BreakerState::kOpen);
  EXPECT_FALSE(bed.call(true));
  EXPECT_THAT(bed.changes, ElementsAre("closed -> open"));
  EXPECT_EQ(bed.last.open_for, seconds(5));
  EXPECT_EQ(bed.last.reason, "it broke");
  EXPECT_THAT(bed.breaker.reason(), HasSubstr("it broke; it is tried again in 5"));
}

TEST(Breaker, ASuccessBetweenFailuresBeginsTheCountAnew) {
  Bed bed;
  for (int i = 0; i < 10; ++i) {
    bed.fail(2);
    EXPECT_TRUE(bed.call(true));
  }
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
  EXPECT_EQ(bed.breaker.stats().failures, 20u);
  EXPECT_EQ(bed.breaker.stats().opened, 0u);
}

TEST(Breaker, OneProbeAtATimeIsLetThroughOnceItIsDue) {
  Bed bed;
  bed.fail(3);
  bed.clock->advance(seconds(5) - milliseconds(1));
  EXPECT_FALSE(bed.call(true));
  bed.clock->advance(milliseconds(1));
  EXPECT_FALSE(bed.breaker.skip()) << "the next call is the probe";
  Breaker::Call probe(bed.breaker);
  EXPECT_TRUE(probe.is_probe());
  EXPECT_EQ(bed.state(), BreakerState::kHalfOpen);
  EXPECT_TRUE(bed.breaker.skip());
  EXPECT_FALSE(bed.call(true));
  bed.clock->advance(seconds(60) - milliseconds(1));
  EXPECT_FALSE(bed.call(true)) << "a probe that takes its time is still the one";
  probe.succeeded();
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
  EXPECT_TRUE(bed.call(true));
  EXPECT_THAT(bed.breaker.reason(), IsEmpty());
  EXPECT_THAT(bed.changes, ElementsAre("closed -> open", "half-open -> closed"));
}

TEST(Breaker, ProbesThatFailDoubleTheTimeUpToItsCap) {
  Bed bed({.failures = 1, .open_for = seconds(2), .open_for_max = seconds(7)});
  bed.fail(1);
  for (const int expected : {2, 4, 7, 7}) {
    EXPECT_EQ(bed.last.open_for, seconds(expected));
    bed.clock->advance(seconds(expected) - milliseconds(1));
    EXPECT_FALSE(bed.call(true));
    bed.clock->advance(milliseconds(1));
    EXPECT_TRUE(bed.call(false));
  }
  bed.clock->advance(seconds(7));
  EXPECT_TRUE(bed.call(true));
  bed.fail(1);
  EXPECT_EQ(bed.last.open_for, seconds(2)) << "a success begins anew";
}

TEST(Breaker, ACapBelowTheFirstTimeShortensNothing) {
  Bed bed({.failures = 1, .open_for = seconds(9), .open_for_max = seconds(1)});
  bed.fail(1);
  bed.clock->advance(seconds(9));
  bed.fail(1);
  EXPECT_EQ(bed.last.open_for, seconds(9));
}

TEST(Breaker, ACallThatBeganBeforeTheLastChangeChangesNothing) {
  Bed bed;
  std::optional<Breaker::Call> late_success(std::in_place, bed.breaker);
  std::optional<Breaker::Call> late_failure(std::in_place, bed.breaker);
  bed.fail(3);
  late_success->succeeded();
  EXPECT_EQ(bed.state(), BreakerState::kOpen);
  bed.clock->advance(seconds(5));
  Breaker::Call probe(bed.breaker);
  ASSERT_TRUE(probe.is_probe());
  late_failure->failed("late");
  EXPECT_EQ(bed.state(), BreakerState::kHalfOpen);
  probe.succeeded();
  bed.fail(2);
  EXPECT_EQ(bed.state(), BreakerState::kClosed) << "the late failure is none of these";
}

TEST(Breaker, AProbeWithoutAVerdictLeavesTheNextOneToBeIt) {
  Bed bed;
  bed.fail(3);
  bed.clock->advance(seconds(5));
  {
    const Breaker::Call probe(bed.breaker);
    ASSERT_TRUE(probe.is_probe());
  }
  EXPECT_EQ(bed.state(), BreakerState::kOpen);
  Breaker::Call first(bed.breaker);
  ASSERT_TRUE(first.is_probe());
  Breaker::Call moved(std::move(first));
  EXPECT_TRUE(moved.is_probe());
  moved.succeeded();
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
  EXPECT_EQ(bed.breaker.stats().opened, 1u);
}

TEST(Breaker, AProbeThatDoesNotComeBackIsGivenUp) {
  Bed bed({.failures = 1, .open_for = seconds(5), .open_for_max = seconds(20)});
  bed.fail(1);
  bed.clock->advance(seconds(5));
  std::optional<Breaker::Call> lost(std::in_place, bed.breaker);
  ASSERT_TRUE(lost->is_probe());
  bed.clock->advance(seconds(20) - milliseconds(1));
  EXPECT_TRUE(bed.breaker.skip());
  bed.clock->advance(milliseconds(1));
  EXPECT_FALSE(bed.breaker.skip()) << "the next call is the probe";
  Breaker::Call probe(bed.breaker);
  ASSERT_TRUE(probe.is_probe());
  EXPECT_FALSE(bed.call(true)) << "one at a time";
  lost->failed("late");
  lost.reset();
  EXPECT_EQ(bed.state(), BreakerState::kHalfOpen) << "it is the probe no more";
  probe.succeeded();
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
  EXPECT_THAT(bed.changes, ElementsAre("closed -> open", "half-open -> closed"));
}

TEST(Breaker, AProbeWithoutAVerdictIsFollowedByOneThatHasAllItsTime) {
  Bed bed;
  bed.fail(3);
  bed.clock->advance(seconds(5));
  {
    const Breaker::Call probe(bed.breaker);
    bed.clock->advance(seconds(50));
  }
  EXPECT_FALSE(bed.breaker.skip()) << "the next call is the probe";
  Breaker::Call probe(bed.breaker);
  ASSERT_TRUE(probe.is_probe());
  bed.clock->advance(seconds(50));
  EXPECT_FALSE(bed.call(true));
}

TEST(Breaker, SlowCallsCountAsFailuresAndAreToldApart) {
  Bed bed;
  for (int i = 0; i < 3; ++i) {
    Breaker::Call call(bed.breaker);
    call.was_slow("it took 1 s");
  }
  EXPECT_EQ(bed.state(), BreakerState::kOpen);
  EXPECT_EQ(bed.breaker.stats().slow, 3u);
  EXPECT_EQ(bed.breaker.stats().failures, 3u);
}

TEST(Breaker, IsOpenedByHandOnlyWhileItIsClosed) {
  Bed bed;
  bed.breaker.open("stuck");
  bed.breaker.open("stuck");
  EXPECT_EQ(bed.breaker.stats().opened, 1u);
  bed.clock->advance(seconds(5));
  EXPECT_TRUE(bed.call(true));
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
}

TEST(Breaker, WithoutAThresholdItNeverOpens) {
  Bed bed({.failures = 0});
  bed.fail(1000);
  EXPECT_EQ(bed.state(), BreakerState::kOff);
  EXPECT_TRUE(bed.call(true));
  bed.breaker.open("stuck");
  EXPECT_FALSE(bed.breaker.skip());
  EXPECT_EQ(bed.breaker.stats().failures, 1000u);
}

TEST(Breaker, CountsWhatItDidNotLetThrough) {
  Bed bed;
  bed.fail(3);
  EXPECT_TRUE(bed.breaker.skip());
  EXPECT_FALSE(bed.call(true));
  bed.breaker.count_skipped();
  EXPECT_EQ(bed.breaker.stats().skipped, 3u);
}

// Of threads that come when it is due, one is the probe, in each of many rounds.
TEST(Breaker, OfThreadsThatRaceOneIsTheProbe) {
  constexpr std::size_t kThreads = 4;
  constexpr int kRounds = 30;
  Bed bed({.failures = 1, .open_for = seconds(1), .open_for_max = seconds(1)});
  for (int round = 0; round < kRounds; ++round) {
    bed.fail(1);
    bed.clock->advance(seconds(1));
    std::atomic<int> probes{0};
    std::barrier all_have_asked(kThreads);
    testkit::run_threads(kThreads, [&](std::size_t) {
      Breaker::Call call(bed.breaker);
      if (call.is_probe()) ++probes;
      all_have_asked.arrive_and_wait();
      if (call.is_allowed()) call.succeeded();
    });
    ASSERT_EQ(probes.load(), 1);
    ASSERT_EQ(bed.state(), BreakerState::kClosed);
  }
  EXPECT_EQ(bed.breaker.stats().opened, static_cast<std::uint64_t>(kRounds));
}

// Failures of several threads open it as often as the log of changes says, and it ends closed.
TEST(Breaker, ThreadsThatFailAndSucceedAgreeOnItsState) {
  const auto clock = std::make_shared<ManualClock>();
  std::atomic<int> opened{0};
  std::atomic<int> closed{0};
  Breaker breaker(
      {.failures = 2, .open_for = milliseconds(1), .open_for_max = milliseconds(1)}, clock,
      [&](const BreakerChange& change) { ++(change.to == BreakerState::kOpen ? opened : closed); });
  testkit::run_threads(4, [&](std::size_t thread) {
    for (std::uint64_t i = 0; i < 1'000; ++i) {
      clock->advance(std::chrono::microseconds(10));
      Breaker::Call call(breaker);
      if (!call.is_allowed()) continue;
      (i + thread) % 3 == 0 ? call.succeeded() : call.failed("no");
    }
  });
  clock->advance(seconds(1));
  {
    Breaker::Call call(breaker);
    ASSERT_TRUE(call.is_allowed());
    call.succeeded();
  }
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  EXPECT_EQ(breaker.stats().opened, static_cast<std::uint64_t>(opened.load()));
  EXPECT_GT(opened.load(), 0);
  EXPECT_GT(closed.load(), 0);
}

}  // namespace
}  // namespace strata
