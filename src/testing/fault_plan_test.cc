// Tests of FaultPlan: which calls fail, how, and what its rules may say.
#include "strata/testing/fault_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "strata/ports/thread.h"

namespace strata {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Which of `calls` calls fail, counted from 1.
std::vector<int> failing(FaultPlan& plan, int calls, std::string_view call = "tier.get") {
  std::vector<int> numbers;
  for (int number = 1; number <= calls; ++number) {
    if (plan.fail(call)) numbers.push_back(number);
  }
  return numbers;
}

TEST(FaultPlan, WithoutARuleNothingFailsAndCallsAreCounted) {
  FaultPlan plan;
  EXPECT_TRUE(failing(plan, 3).empty());
  EXPECT_EQ(plan.calls(), 3u);
  EXPECT_EQ(plan.faults(), 0u);
}

TEST(FaultPlan, TheNthCallFailsAndNoOther) {
  FaultPlan plan;
  plan.add({.first = 3, .times = 1}).value();
  EXPECT_THAT(failing(plan, 9), ElementsAre(3));
}

TEST(FaultPlan, EveryNthCallFailsFromTheFirstOn) {
  FaultPlan plan;
  plan.add({.first = 2, .every = 3}).value();
  EXPECT_THAT(failing(plan, 9), ElementsAre(2, 5, 8));
}

TEST(FaultPlan, AProbabilityIsKeptAndFollowsFromTheSeed) {
  const auto with_seed = [](std::uint64_t seed) {
    FaultPlan plan(seed);
    plan.add({.probability = 0.1}).value();
    return failing(plan, 10'000);
  };
  const std::vector<int> seven = with_seed(7);
  EXPECT_EQ(seven, with_seed(7));
  EXPECT_NE(seven, with_seed(8));
  EXPECT_GT(seven.size(), 850u);
  EXPECT_LT(seven.size(), 1'150u);
}

TEST(FaultPlan, ARuleIsForCallsOfItsNameOnly) {
  FaultPlan plan;
  plan.add({.call = "tier.get", .error = {ErrorCode::kCorrupt, "one call", {}}}).value();
  plan.add({.call = "users", .error = {ErrorCode::kLoadFailed, "one port", {}}}).value();
  plan.add({.call = "*.post", .error = {ErrorCode::kClosed, "one method", {}}}).value();
  EXPECT_EQ(plan.fail("tier.get")->message, "one call");
  EXPECT_EQ(plan.fail("users.fetch")->message, "one port");
  EXPECT_EQ(plan.fail("executor.post")->message, "one method");
  EXPECT_FALSE(plan.fail("tier.get_many"));
  EXPECT_FALSE(plan.fail("users2.fetch"));
  EXPECT_EQ(plan.calls("tier"), 2u);
  EXPECT_EQ(plan.faults("tier"), 1u);
}

TEST(FaultPlan, TheFirstRuleThatWantsTheCallDecides) {
  FaultPlan plan;
  plan.add({.first = 2, .times = 1, .error = {ErrorCode::kCorrupt, "first", {}}}).value();
  plan.add({.error = {ErrorCode::kCorrupt, "second", {}}}).value();
  EXPECT_EQ(plan.fail("call")->message, "second");
  EXPECT_EQ(plan.fail("call")->message, "first");
  EXPECT_EQ(plan.fail("call")->message, "second");
}

TEST(FaultPlan, ADelayMovesTheClockAndTheCallIsMade) {
  const auto clock = std::make_shared<ManualClock>();
  FaultPlan plan(1, clock);
  plan.add({.times = 1, .effect = FaultEffect::kDelay, .by = std::chrono::seconds(5)}).value();
  EXPECT_TRUE(failing(plan, 2).empty());
  EXPECT_EQ(between(ManualClock::kStart, clock->now()), std::chrono::seconds(5));
}

TEST(FaultPlan, AThrowThrows) {
  FaultPlan plan;
  plan.add({.effect = FaultEffect::kThrow}).value();
  EXPECT_THROW((void)plan.fail("call"), InjectedFault);
}

TEST(FaultPlan, WhatHangsGoesOnWhenReleased) {
  FaultPlan plan;
  plan.add({.effect = FaultEffect::kHang}).value();
  {
    const Thread first("first", [&] { EXPECT_FALSE(plan.fail("call")); });
    const Thread second("second", [&] { EXPECT_FALSE(plan.fail("call")); });
    plan.wait_until_hanging(2);
    EXPECT_EQ(plan.hanging(), 2u);
    plan.release();
  }
  EXPECT_EQ(plan.hanging(), 0u);
  EXPECT_FALSE(plan.fail("call")) << "those to come go on as well";
}

TEST(FaultPlan, ClearForgetsTheRulesAndReleases) {
  FaultPlan plan;
  plan.add({.effect = FaultEffect::kHang, .by = {}}).value();
  {
    const Thread hanging("hanging", [&] { EXPECT_FALSE(plan.fail("call")); });
    plan.wait_until_hanging();
    plan.clear();
  }
  EXPECT_FALSE(plan.next("call"));
}

TEST(FaultPlan, ARuleWithoutSenseIsRefusedByItsField) {
  FaultPlan plan;
  const auto refusal = [&](FaultRule rule) {
    const Result<void> added = plan.add(std::move(rule));
    return added ? std::string("accepted") : added.error().message;
  };
  EXPECT_THAT(refusal({.first = 0}), HasSubstr("`first` is 0"));
  EXPECT_THAT(refusal({.every = 0}), HasSubstr("`every` is 0"));
  EXPECT_THAT(refusal({.times = 0}), HasSubstr("`times` is 0"));
  EXPECT_THAT(refusal({.probability = 0}), HasSubstr("`probability` is 0.0"));
  EXPECT_THAT(refusal({.probability = 1.5}), HasSubstr("`probability` is 1.5"));
  EXPECT_THAT(refusal({.effect = FaultEffect::kDelay}), HasSubstr("needs a clock"));
  EXPECT_EQ(refusal({.call = "clock.now", .effect = FaultEffect::kDelay}), "accepted");
}

TEST(FaultPlan, EachCallOfAScenarioFailsOnceAndThenNone) {
  std::vector<std::vector<int>> runs;
  const Result<std::uint64_t> failed = fail_each_call(
      {.times = 1},
      [&](const std::shared_ptr<FaultPlan>& plan) { runs.push_back(failing(*plan, 2)); });
  EXPECT_EQ(*failed, 2u);
  EXPECT_EQ(runs, (std::vector<std::vector<int>>{{1}, {2}, {}}));
}

TEST(FaultPlan, AScenarioThatAlwaysMakesMoreCallsIsRefused) {
  const Result<std::uint64_t> failed = fail_each_call(
      {}, [](const std::shared_ptr<FaultPlan>& plan) { failing(*plan, 20); }, 10);
  EXPECT_THAT(failed.error().message, HasSubstr("more than 10 calls"));
}

}  // namespace
}  // namespace strata
