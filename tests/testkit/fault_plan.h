// FaultPlan: makes the n-th call to a port fail, once or from then on.
//
// fail_each_call() runs a scenario with call 1, 2, 3, ... failing, until the scenario makes
// fewer calls than that. The scenario must hold whatever the port's callers promise.
//
//   fail_each_call(FaultKind::kOnce, [](FaultPlan& plan) {
//     FaultySource source(plan);  // asks plan.should_fail() before each call
//     ...
//   });
//
// Threads   FaultPlan is thread-safe.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>

namespace strata::testkit {

enum class FaultKind { kOnce, kFromThenOn };

// Handed to a fake tier, source, clock or transport, which asks before each call.
class FaultPlan {
 public:
  FaultPlan(FaultKind kind, std::uint64_t failing_call)
      : kind_(kind), failing_call_(failing_call) {}

  // Counts a call. Returns whether it is to fail.
  [[nodiscard]] bool should_fail() {
    const std::uint64_t call = calls_seen_.fetch_add(1, std::memory_order_relaxed) + 1;
    return kind_ == FaultKind::kOnce ? call == failing_call_ : call >= failing_call_;
  }

  [[nodiscard]] bool reached() const { return calls_seen() >= failing_call_; }
  [[nodiscard]] std::uint64_t calls_seen() const {
    return calls_seen_.load(std::memory_order_relaxed);
  }

 private:
  const FaultKind kind_;
  const std::uint64_t failing_call_;
  std::atomic<std::uint64_t> calls_seen_{0};
};

// Past this many calls a scenario is a soak test, and belongs in tests/stress.
inline constexpr std::uint64_t kScenarioCallLimit = 10'000;

template <typename Scenario>
void fail_each_call(FaultKind kind, Scenario scenario) {
  for (std::uint64_t call = 1; call <= kScenarioCallLimit; ++call) {
    SCOPED_TRACE(::testing::Message() << "failing call " << call);
    FaultPlan plan(kind, call);
    scenario(plan);
    if (!plan.reached() || ::testing::Test::HasFatalFailure()) return;
  }
  FAIL() << "the scenario makes more than " << kScenarioCallLimit << " calls";
}

}  // namespace strata::testkit
