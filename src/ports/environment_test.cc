// Tests of the process's environment as a port.
#include "strata/ports/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace strata {
namespace {

TEST(SystemEnvironment, AVariableThatIsNotSetIsNotEmpty) {
  const Environment environment = system_environment();
  ASSERT_EQ(setenv("STRATA_ENVIRONMENT_TEST", "", 1), 0);
  EXPECT_EQ(environment("STRATA_ENVIRONMENT_TEST"), "");
  ASSERT_EQ(unsetenv("STRATA_ENVIRONMENT_TEST"), 0);
  EXPECT_EQ(environment("STRATA_ENVIRONMENT_TEST"), std::nullopt);
}

TEST(SystemEnvironment, AValueIsReadEachTimeItIsAskedFor) {
  const Environment environment = system_environment();
  ASSERT_EQ(setenv("STRATA_ENVIRONMENT_TEST", "one", 1), 0);
  EXPECT_EQ(environment("STRATA_ENVIRONMENT_TEST"), "one");
  ASSERT_EQ(setenv("STRATA_ENVIRONMENT_TEST", "two", 1), 0);
  EXPECT_EQ(environment("STRATA_ENVIRONMENT_TEST"), "two");
  ASSERT_EQ(unsetenv("STRATA_ENVIRONMENT_TEST"), 0);
}

}  // namespace
}  // namespace strata
