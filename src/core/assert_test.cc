// Tests of how a failed assertion ends.
#include "core/assert.h"

#include <gtest/gtest.h>

namespace strata {
namespace {

TEST(AssertDeathTest, PrintsConditionFileAndLine) {
  const int one = 1;
  EXPECT_DEATH(STRATA_ASSERT(one == 2), "assert_test\\.cc:[0-9]+: assertion failed: one == 2");
}

TEST(Assert, EvaluatesItsConditionOnce) {
  int evaluated = 0;
  STRATA_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace strata
