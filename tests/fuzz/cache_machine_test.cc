// The fuzz target's machine, on random operations: it holds as built, and sees mutants.
#include "fuzz/cache_machine.h"

#include <gtest/gtest.h>

#include "core/mutant.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::fuzz {

using testing::Mutant;

namespace {

constexpr std::size_t kOperations = 300;

void play(testkit::Random& random) {
  CacheMachine machine{Shape(static_cast<std::uint8_t>(random.next()))};
  // Few keys, so that operations meet.
  const std::uint64_t keys = random.between(1, 16);
  for (std::size_t i = 0; i < kOperations; ++i) {
    // One after the other: compilers evaluate arguments in orders of their own.
    const auto operation = static_cast<std::uint8_t>(random.next());
    const auto key = static_cast<std::uint8_t>(random.below(keys));
    machine.apply(operation, key, static_cast<std::uint8_t>(random.next()));
  }
}

TEST(CacheMachine, EveryAnswerIsOneThatTheModelAllows) { testkit::for_each_seed(2'000, play); }

#if defined(STRATA_MUTANTS)
class CacheMachineDeathTest : public ::testing::TestWithParam<Mutant> {};

TEST_P(CacheMachineDeathTest, AMutantEndsTheProcess) {
  const auto play_mutant = [] {
    testing::set_mutant(GetParam());
    testkit::for_each_seed(2'000, play);
  };
  EXPECT_DEATH(play_mutant(), "assertion failed");
}

// Those that one thread meets soon: a loader that invalidates what it loads, a group that is
// cleared.
INSTANTIATE_TEST_SUITE_P(All, CacheMachineDeathTest,
                         ::testing::Values(Mutant::kNoTickets, Mutant::kLateTicket,
                                           Mutant::kMemoryFillUnchecked, Mutant::kCellNotCompared));
#endif

}  // namespace
}  // namespace strata::fuzz
