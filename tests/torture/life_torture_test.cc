// Processes with a cache that fork, and that are told to end, for as long as the budget allows.
#include <gtest/gtest.h>

#include "fault/fork_rounds.h"
#include "fault/signal_rounds.h"
#include "torture/budget.h"

namespace strata {
namespace {

constexpr double kParts = 2;
constexpr std::uint64_t kFirstSeed = 1'000;

TEST(LifeTorture, Forks) {
  const torture::Budget budget(kParts);
  const testkit::TempDir folder;
  testkit::ForkRounds rounds(folder.file("cache.db"), [] {});
  while (budget.lasts() && !HasFailure()) rounds.fork_one();
  rounds.end();
  rounds.report();
}

TEST(LifeTorture, Signals) {
  const torture::Budget budget(kParts);
  testkit::SignalRounds rounds(kFirstSeed);
  while (budget.lasts() && !HasFailure()) rounds.end_one();
  rounds.report(kFirstSeed, kFirstSeed);
}

}  // namespace
}  // namespace strata
