// Every scenario in as many orders as the budget allows: 20,000 random ones, going on where
// tests/scenarios ends, and then all those with at most two interruptions.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "scenarios/scenario.h"
#include "testkit/reliability.h"
#include "torture/budget.h"

namespace strata::scenarios {
namespace {

constexpr std::uint64_t kFirstSeed = 1'001;
constexpr std::uint64_t kRandomMax = 20'000;
constexpr std::uint64_t kAtOnce = 200;  // between two looks at the clock
constexpr std::size_t kInterruptions = 2;

TEST(ScenariosTorture, HoldInRandomOrders) {
  const std::vector<Scenario> all = scenarios();
  const double parts = 2 * static_cast<double>(all.size());
  std::uint64_t played = 0;
  for (const Scenario& scenario : all) {
    const torture::Budget budget(parts);
    for (std::uint64_t seed = 0; seed < kRandomMax && budget.lasts(); seed += kAtOnce) {
      const Findings findings = play_random(scenario, kFirstSeed + seed, kAtOnce);
      played += findings.played;
      ASSERT_EQ(findings.broken, "");
    }
  }
  testkit::Reliability("R2", "scenarios in random orders")
      .count("schedules", played)
      .count("scenarios", all.size())
      .violations("promises broken", HasFailure() ? 1 : 0);
  EXPECT_GE(played, all.size());
}

TEST(ScenariosTorture, HoldWhereverTwoAreInterrupted) {
  const std::vector<Scenario> all = scenarios();
  const double parts = 2 * static_cast<double>(all.size());
  std::uint64_t played = 0;
  std::size_t complete = 0;
  for (const Scenario& scenario : all) {
    const torture::Budget budget(parts);
    std::cout << scenario.name << ": " << std::flush;
    const Findings findings = play_every(scenario, kInterruptions, [&] { return budget.lasts(); });
    played += findings.played;
    complete += findings.complete ? 1 : 0;
    std::cout << findings.played << (findings.complete ? ", which are all\n" : "\n");
    ASSERT_EQ(findings.broken, "");
  }
  testkit::Reliability("R2", "scenarios in every order with two interruptions")
      .count("schedules", played)
      .count("scenarios", all.size())
      .count("of them in all such orders", complete)
      .violations("promises broken", HasFailure() ? 1 : 0);
  EXPECT_GE(played, all.size());
}

}  // namespace
}  // namespace strata::scenarios
