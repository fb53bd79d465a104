// Tests of what is particular to the generators. Their contract is
// tests/contract/random_contract.h.
#include "strata/ports/random.h"

#include <gtest/gtest.h>

namespace strata {
namespace {

// The first numbers that the published SplitMix64 draws from seed 0.
TEST(SeededRandom, KnownAnswers) {
  const auto random = seeded_random(0);
  EXPECT_EQ(random->next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(random->next(), 0x6e789e6aa1b965f4u);
  EXPECT_EQ(random->next(), 0x06c45d188009454fu);
}

TEST(SeededRandom, TheSeedDecides) {
  EXPECT_EQ(seeded_random(7)->next(), seeded_random(7)->next());
  EXPECT_NE(seeded_random(7)->next(), seeded_random(8)->next());
}

TEST(SystemRandom, IsNotReproducible) {
  EXPECT_NE(system_random()->next(), system_random()->next());
}

}  // namespace
}  // namespace strata
