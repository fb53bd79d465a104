// Damaged files: whatever happens to the bytes of a cache that is not open, the next one that
// opens it serves nothing wrong, and can be used.
#include <gtest/gtest.h>

#include "fault/damaged_cache.h"
#include "testkit/reliability.h"
#include "testkit/sanitizer.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

using testkit::DamagedCache;

// Returns how many of the caches kept everything.
std::uint64_t damage_each(std::uint64_t seeds, bool is_clean, int damages, bool repairs = false) {
  std::uint64_t whole = 0;
  testkit::for_each_seed(seeds, [&](testkit::Random& random) {
    DamagedCache cache(random);
    cache.build(is_clean);
    for (int i = 0; i < damages; ++i) cache.damage();
    if (damages > 1) cache.may_be_refused();
    if (repairs) cache.repair();
    cache.check();
    whole += cache.has_kept_all() ? 1 : 0;
  });
  testkit::Reliability("R7", "files of a cache are damaged while it is closed or after a crash")
      .count("damaged caches", damages > 0 ? seeds : 0)
      .count("caches that kept everything", whole)
      .seeds(1, seeds)
      .violations("caches that served something wrong", ::testing::Test::HasFailure() ? 1 : 0);
  return whole;
}

// A sanitizer makes them five times as slow.
constexpr std::uint64_t kCaches = STRATA_SANITIZED != 0 ? 24 : 120;

TEST(SqliteDamage, AClosedCacheThatWasDamagedServesNothingWrong) {
  EXPECT_LT(damage_each(kCaches, true, 1), kCaches / 6 * 5) << "the damage must matter";
}
TEST(SqliteDamage, AnUncleanCacheThatWasDamagedServesNothingWrong) {
  EXPECT_LT(damage_each(kCaches, false, 1), kCaches / 6 * 5);
}
TEST(SqliteDamage, MuchDamageIsNoWorse) { damage_each(kCaches / 3, false, 6); }

TEST(SqliteDamage, WhatARepairLeavesIsSoundAndServesNothingWrong) {
  EXPECT_LT(damage_each(kCaches / 3, true, 1, true), kCaches / 3) << "the damage must matter";
  EXPECT_LT(damage_each(kCaches / 3, false, 1, true), kCaches / 3);
  damage_each(kCaches / 12, false, 6, true);
}
TEST(SqliteDamage, ARepairOfASoundCacheKeepsEverything) {
  EXPECT_EQ(damage_each(2, true, 0, true), 2U);
  EXPECT_EQ(damage_each(2, false, 0, true), 2U);
}

// Otherwise an empty tier would pass all of this.
TEST(SqliteDamage, WithoutDamageEverythingIsServed) {
  EXPECT_EQ(damage_each(2, true, 0), 2U);
  EXPECT_EQ(damage_each(2, false, 0), 2U);
}

}  // namespace
}  // namespace strata
