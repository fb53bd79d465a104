// Tests of ${VARIABLE} in scalars.
#include "config/substitute.h"

#include <gtest/gtest.h>

#include <map>

namespace strata::internal {
namespace {

Environment table(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

std::string substituted(std::string_view text) {
  const Environment environment =
      table({{"A", "one"}, {"B_2", "two"}, {"EMPTY", ""}, {"DOLLAR", "${A}$$"}});
  const auto result = substitute(text, environment);
  return result ? result->text : "error: " + result.error().message;
}

TEST(Substitute, VariablesAreReplacedWhereTheyStand) {
  EXPECT_EQ(substituted("plain"), "plain");
  EXPECT_EQ(substituted(""), "");
  EXPECT_EQ(substituted("${A}"), "one");
  EXPECT_EQ(substituted("x${A}y${B_2}z"), "xoneytwoz");
  EXPECT_EQ(substituted("${EMPTY}"), "");
}

TEST(Substitute, ADefaultStandsForWhatIsUnsetOrEmpty) {
  EXPECT_EQ(substituted("${NONE:-x}"), "x");
  EXPECT_EQ(substituted("${EMPTY:-x}"), "x");
  EXPECT_EQ(substituted("${A:-x}"), "one");
  EXPECT_EQ(substituted("${NONE:-}"), "");
  EXPECT_EQ(substituted("${NONE:-a:-b}"), "a:-b");
}

TEST(Substitute, TwoDollarsAreOne) {
  EXPECT_EQ(substituted("$$"), "$");
  EXPECT_EQ(substituted("$${A}"), "${A}");
  EXPECT_EQ(substituted("$$$$"), "$$");
  EXPECT_EQ(substituted("a$$b"), "a$b");
}

TEST(Substitute, ADollarBeforeAnythingElseIsItself) {
  EXPECT_EQ(substituted("$"), "$");
  EXPECT_EQ(substituted("$5 and $A"), "$5 and $A");
}

TEST(Substitute, WhatAVariableBringsIsNotLookedAtAgain) {
  EXPECT_EQ(substituted("${DOLLAR}"), "${A}$$");
}

TEST(Substitute, AnUndefinedVariableIsNamed) {
  EXPECT_EQ(substituted("x${NONE}"),
            "error: the environment variable NONE is not set; set it, or write ${NONE:-default}");
}

TEST(Substitute, WhatNamesNoVariableIsAnError) {
  const std::string expected =
      "}\" names no variable; write ${NAME}, ${NAME:-default}, or $$ for a $";
  EXPECT_EQ(substituted("${}"), "error: \"${" + expected);
  EXPECT_EQ(substituted("${2X}"), "error: \"${2X" + expected);
  EXPECT_EQ(substituted("${A B}"), "error: \"${A B" + expected);
  EXPECT_EQ(substituted("${A-x}"), "error: \"${A-x" + expected);
  EXPECT_EQ(substituted("${A\n}"), "error: \"${A\\x0a" + expected);
  EXPECT_LT(substituted("${" + std::string(1000, 'A') + "}").size(), 200u);
  EXPECT_EQ(substituted("${A"), "error: ${ without }; write ${NAME}, or $$ for a $");
  EXPECT_EQ(substituted("${NONE:-${A}}"),
            "error: the default of ${NONE} contains another ${; they do not nest");
}

TEST(Substitute, AValueMustBeUtf8) {
  const auto result = substitute("${A}", table({{"A", "\xff"}}));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "the value of A is not UTF-8");
}

TEST(Substitute, TheVariablesAreReported) {
  const auto result = substitute("${B}${A}${B:-x}", table({{"A", "1"}, {"B", "2"}}));
  EXPECT_EQ(result.value().variables, (std::vector<std::string>{"B", "A", "B"}));
}

}  // namespace
}  // namespace strata::internal
