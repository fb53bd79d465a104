// R10, for a few seconds and in little memory; tests/torture has the long one.
#include "fault/soak.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "core/mutant.h"

namespace strata {
namespace {

constexpr testkit::SoakOptions kShort{
    .seconds = 2, .memory_mib = 16, .file_mib = 8, .keys = 40'000};

TEST(R10Soak, AMixedLoadStaysWithinItsLimits) {
  ASSERT_EQ(::mallopt(M_ARENA_MAX, 1), 1);
  testkit::Soak soak(kShort);
  soak.run();
  EXPECT_TRUE(soak.was_full());
  soak.cache().hot_tier().check_invariants();
  soak.report();
}

TEST(R10Soak, AnAccountThatDriftsWouldBeFound) {
  testing::set_mutant(testing::Mutant::kDriftingAccount);
  testkit::Soak soak(kShort);
  soak.run();
  testing::set_mutant(testing::Mutant::kNone);
  EXPECT_NE(soak.faults().counted_bytes, 0U);
  testkit::Reliability("R10", "a mixed load over 16 MiB of memory and a file of 8 MiB")
      .found("drifting-account", 1);
}

}  // namespace
}  // namespace strata
