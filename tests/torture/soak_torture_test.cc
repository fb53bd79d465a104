// R10 for as long as the budget allows; its memory is judged for growth from ten minutes on.
#include <gtest/gtest.h>
#include <malloc.h>

#include "fault/soak.h"
#include "torture/budget.h"

namespace strata {
namespace {

// With as many heaps as the C library makes by itself, what is free in one serves no other
// (docs/operations.md).
TEST(SoakTorture, AMixedLoadStaysWithinItsLimits) {
  ASSERT_EQ(::mallopt(M_ARENA_MAX, 1), 1);
  testkit::Soak soak({.seconds = torture::Budget::seconds()});
  soak.run();
  EXPECT_TRUE(soak.was_full());
  soak.cache().hot_tier().check_invariants();
  soak.report();
}

}  // namespace
}  // namespace strata
