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
  Variables variables(environment);
  const auto result = substitute(text, variables);
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
            "error: the variable NONE is not set; set it in the environment or in .env, or write "
            "${NONE:-default}");
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
  const Environment environment = table({{"A", "\xff"}});
  Variables variables(environment);
  const auto result = substitute("${A}", variables);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "the value of A is not UTF-8");
}

TEST(Substitute, TheVariablesAreReportedWithWhereTheyCameFrom) {
  const Environment environment = table({{"A", "1"}, {"EMPTY", ""}});
  const DotEnv dot_env{
      .file = ".env", .variables = {{"A", "2"}, {"B", "3"}, {"EMPTY", "4"}}, .problems = {}};
  Variables variables(environment, &dot_env);
  const auto result = substitute("${B}${A}${C:-x}${EMPTY}${EMPTY:-y}", variables).value();
  EXPECT_EQ(result.text, "31xy") << "what is set to nothing in the environment is set";
  std::string shown;
  for (const SettingVariable& used : result.variables) {
    shown += used.name + std::to_string(static_cast<int>(used.origin)) + " ";
  }
  EXPECT_EQ(shown, "B1 A0 C2 EMPTY0 EMPTY2 ");
}

TEST(Substitute, TheDotEnvFileIsAskedOnlyForWhatTheEnvironmentLacks) {
  const Environment environment = table({{"A", "1"}});
  const DotEnv dot_env;
  Variables variables(environment, &dot_env);
  EXPECT_TRUE(substitute("${A}", variables).ok());
  EXPECT_FALSE(variables.asked_dot_env());
  EXPECT_TRUE(substitute("${B:-x}", variables).ok());
  EXPECT_TRUE(variables.asked_dot_env());
}

TEST(Substitute, MessagesNameEachVariableOnceAndWhereItIs) {
  EXPECT_EQ(from_variables({}), "");
  EXPECT_EQ(from_variables(std::vector<SettingVariable>{
                {"A"}, {"B", VariableOrigin::kDotEnv}, {"A"}, {"C", VariableOrigin::kDefault}}),
            " (from ${A} and ${B} of .env and the default of ${C})");
}

}  // namespace
}  // namespace strata::internal
