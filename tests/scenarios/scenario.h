// Scenarios: a few threads that do a few things at a time, played in many orders.
//
// Unlike a schedule of tests/model, which is one order that a person wrote down, a scenario says
// only what is done; a picker (testkit/picker.h) finds the orders. As built none may break a
// promise. Each mutant that is named must be found.
//
// A new scenario is an element of one of the lists below. It makes the world's state, adds the
// threads, and what else must hold at the end than what a world checks by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "core/mutant.h"
#include "scenarios/world.h"

namespace strata::scenarios {

struct Scenario {
  std::string name;                      // a sentence: what happens at the same time
  std::vector<testing::Mutant> mutants;  // those that its schedules must find
  WorldOptions options;
  std::function<void(World& world)> build;
};

inline void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

[[nodiscard]] std::vector<Scenario> batch_scenarios();
[[nodiscard]] std::vector<Scenario> derived_scenarios();
[[nodiscard]] std::vector<Scenario> fill_scenarios();
[[nodiscard]] std::vector<Scenario> invalidation_scenarios();
[[nodiscard]] std::vector<Scenario> join_scenarios();
[[nodiscard]] std::vector<Scenario> life_scenarios();
[[nodiscard]] std::vector<Scenario> promotion_scenarios();
[[nodiscard]] std::vector<Scenario> put_scenarios();
[[nodiscard]] std::vector<Scenario> transaction_scenarios();

// All of them.
[[nodiscard]] std::vector<Scenario> scenarios();

// What came of playing a scenario often.
struct Findings {
  std::uint64_t played = 0;
  bool complete = false;  // every schedule that there is was played
  std::string broken;     // what the first bad schedule broke, and its story; empty if none did
};

// Plays schedules with the seeds `first`, `first` + 1, ... until one breaks.
[[nodiscard]] Findings play_random(const Scenario& scenario, std::uint64_t first,
                                   std::uint64_t count);
// Plays every schedule with at most `interruptions` while `goes_on`, until one breaks.
[[nodiscard]] Findings play_every(const Scenario& scenario, std::size_t interruptions,
                                  const std::function<bool()>& goes_on);

}  // namespace strata::scenarios
