// Scenarios played in many orders.
#include <memory>

#include "scenarios/scenario.h"

namespace strata::scenarios {
namespace {

// Decisions that a mistake may take: one first thread, and two changes of who is preferred.
constexpr std::size_t kPriorityChanges = 2;

struct Played {
  std::size_t threads = 0;
  std::size_t steps = 0;
  std::string broken;
};

Played play(const Scenario& scenario, testkit::Picker& picker, const std::string& how) {
  World world(scenario.options);
  scenario.build(world);
  Played played{.threads = world.baton.threads()};
  const std::vector<std::string>& wrong = world.play(picker);
  played.steps = world.baton.steps();
  if (wrong.empty()) return played;
  played.broken = scenario.name + ", " + how + ":\n";
  for (const std::string& line : wrong) played.broken += "  " + line + "\n";
  played.broken += "the schedule:\n" + world.baton.story();
  return played;
}

}  // namespace

Findings play_random(const Scenario& scenario, std::uint64_t first, std::uint64_t count) {
  Findings findings;
  testkit::SerialPicker serial;
  const Played alone = play(scenario, serial, "one thread after the other");
  findings.broken = alone.broken;
  for (std::uint64_t seed = first; seed < first + count && findings.broken.empty(); ++seed) {
    testkit::PriorityPicker picker(seed, alone.threads, alone.steps, kPriorityChanges);
    findings.broken = play(scenario, picker, "seed " + std::to_string(seed)).broken;
    ++findings.played;
  }
  return findings;
}

Findings play_every(const Scenario& scenario, std::size_t interruptions,
                    const std::function<bool()>& goes_on) {
  Findings findings;
  testkit::ExhaustivePicker picker(interruptions);
  while (findings.broken.empty() && goes_on()) {
    ++findings.played;
    findings.broken =
        play(scenario, picker, "schedule " + std::to_string(findings.played) + " of all").broken;
    if (!picker.next()) {
      findings.complete = true;
      break;
    }
  }
  return findings;
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  for (const auto& part : {fill_scenarios(), promotion_scenarios(), join_scenarios(),
                           invalidation_scenarios(), put_scenarios(), derived_scenarios(),
                           life_scenarios(), batch_scenarios(), transaction_scenarios()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace strata::scenarios
