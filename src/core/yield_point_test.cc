// Tests of the hook behind yield points. tests/testkit/script.h is its user.
#include "core/yield_point.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strata::testing {
namespace {

#if defined(STRATA_YIELD_POINTS)

TEST(YieldPoint, TheHookSeesThePointsThatAreReached) {
  std::vector<std::string> points;
  set_yield_hook([&](const char* point) { points.emplace_back(point); });
  STRATA_YIELD("test.first");
  STRATA_YIELD("test.second");
  set_yield_hook({});
  STRATA_YIELD("test.third");
  EXPECT_EQ(points, (std::vector<std::string>{"test.first", "test.second"}));
}

TEST(YieldPoint, TheHookMayRemoveItself) {
  int calls = 0;
  set_yield_hook([&](const char*) {
    set_yield_hook({});
    ++calls;
  });
  STRATA_YIELD("test.first");
  STRATA_YIELD("test.second");
  EXPECT_EQ(calls, 1);
}

#else

TEST(YieldPoint, IsNothingInBuildsWithoutThem) { STRATA_YIELD("test.first"); }

#endif

}  // namespace
}  // namespace strata::testing
