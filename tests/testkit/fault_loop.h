// Loops of gtest over strata::fail_each_call(): the n-th call to a port fails, for every n.
//
//   fail_each_call(FaultKind::kOnce, [](const std::shared_ptr<FaultPlan>& plan) {
//     auto source = with_faults(make_source(), plan);
//     ...
//   });
//
// The scenario must hold whatever the port's callers promise.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "strata/testing/fault_plan.h"

namespace strata::testkit {

enum class FaultKind { kOnce, kFromThenOn };

[[nodiscard]] inline FaultRule rule_of(FaultKind kind) {
  return {.times = kind == FaultKind::kOnce ? 1 : FaultRule::kAlways};
}

// A plan in which call `call` fails.
[[nodiscard]] inline std::shared_ptr<FaultPlan> plan_of(FaultKind kind, std::uint64_t call) {
  auto plan = std::make_shared<FaultPlan>();
  FaultRule rule = rule_of(kind);
  rule.first = call;
  plan->add(std::move(rule)).value();
  return plan;
}

// Counts a call of a port that has but one kind of them. Returns whether it is to fail.
[[nodiscard]] inline bool should_fail(FaultPlan& plan) { return plan.next("call").has_value(); }

// Past this many calls a scenario is a soak test, and belongs in tests/stress.
inline constexpr std::uint64_t kScenarioCallLimit = 10'000;

template <typename Scenario>
void fail_each_call(FaultKind kind, Scenario scenario) {
  std::uint64_t call = 0;
  const Result<std::uint64_t> failed = strata::fail_each_call(
      rule_of(kind),
      [&](const std::shared_ptr<FaultPlan>& plan) {
        ++call;
        if (::testing::Test::HasFatalFailure()) return;
        SCOPED_TRACE(::testing::Message() << "failing call " << call);
        scenario(plan);
      },
      kScenarioCallLimit);
  if (!failed) FAIL() << failed.error().message;
}

}  // namespace strata::testkit
