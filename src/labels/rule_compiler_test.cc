// What is wrong with rules is found when they are compiled, and is named.
#include <gtest/gtest.h>

#include "strata/core/limits.h"
#include "strata/labels/rules.h"

namespace strata {
namespace {

// A rule that is fine, to be spoilt in one place.
Rule fine(std::string name = "r") {
  return {.name = std::move(name), .on = {"write issue"}, .invalidate = {"issue:{id}"}};
}

std::string message_of(const RuleDefinitions& definitions) {
  const Result<RuleSet> compiled = RuleSet::compile(definitions);
  if (compiled) return "fine";
  EXPECT_EQ(compiled.error().code, ErrorCode::kRejected);
  return compiled.error().message;
}

std::string message_of(Rule rule) { return message_of({.rules = {std::move(rule)}}); }

TEST(RuleCompiler, RulesHaveNamesOfTheirOwn) {
  EXPECT_EQ(message_of({.rules = {fine("a"), fine("b")}}), "fine");
  EXPECT_EQ(message_of({.rules = {fine("a"), fine("b"), fine("a")}}),
            "there are two rules with the name \"a\"");
  EXPECT_EQ(message_of({.rules = {fine("a"), fine("")}}), "rule 2 has no name");
  EXPECT_NE(message_of(fine("a\n")).find("control character"), std::string::npos);
  EXPECT_EQ(message_of(fine(std::string(limits::kRuleTextBytes, 'n'))), "fine");
  EXPECT_NE(message_of(fine(std::string(limits::kRuleTextBytes + 1, 'n'))).find("2048"),
            std::string::npos);
}

TEST(RuleCompiler, WhatIsWrongInARuleIsNamedWithTheRule) {
  Rule rule = fine();
  rule.on = {};
  EXPECT_EQ(message_of(rule), "rule \"r\": on is missing; write for example \"write issue\"");
  rule = fine();
  rule.on = {"write issue", "updated issue"};
  EXPECT_EQ(
      message_of(rule),
      "rule \"r\": on \"updated issue\" begins with the unknown word \"updated\"; write read, "
      "write, delete, link, unlink, query, traverse, schema, type");
  rule = fine();
  rule.when = "status = done";
  EXPECT_EQ(message_of(rule),
            "rule \"r\": condition \"status = done\" at position 8: write \"==\" to compare");
  rule = fine();
  rule.expire = {"issue:*"};
  EXPECT_NE(message_of(rule).find("rule \"r\": label \"issue:*\" has the wildcard \"*\""),
            std::string::npos);
  rule = fine();
  rule.invalidate = {};
  EXPECT_EQ(message_of(rule), "rule \"r\": neither invalidate nor expire has a label");
}

TEST(RuleCompiler, ADisabledRuleMustBeRightToo) {
  Rule rule = fine();
  rule.enabled = false;
  rule.invalidate = {"{"};
  EXPECT_NE(message_of(rule), "fine");
}

TEST(RuleCompiler, FieldsOfDeclaredTypesAreKnown) {
  RuleDefinitions definitions{
      .rules = {{.name = "r", .on = {"write issue"}, .invalidate = {"project:{project_id}"}}},
      .types = {{"issue", {"id", "issue_key", "project_id"}}}};
  EXPECT_EQ(message_of(definitions), "fine");
  definitions.rules[0].invalidate = {"{projct_id}"};
  EXPECT_EQ(message_of(definitions),
            "rule \"r\": the field \"projct_id\" in \"{projct_id}\" is not declared for type "
            "\"issue\", did you mean \"project_id\"?");
  definitions.rules[0].invalidate = {"{old.projct_id}"};
  EXPECT_NE(message_of(definitions), "fine");
  definitions.rules[0].invalidate = {"{id}:{event.type}:{old.project_id}"};
  EXPECT_EQ(message_of(definitions), "fine");
  definitions.rules[0].when = "not (a == b and changed(issue_kye))";
  EXPECT_NE(message_of(definitions).find("the field \"a\" in"), std::string::npos);
  definitions.rules[0].when = "changed(issue_kye)";
  EXPECT_NE(message_of(definitions).find("did you mean \"issue_key\"?"), std::string::npos);
  definitions.rules[0].when = "";
  definitions.rules[0].on = {"write comment", "write *"};
  definitions.rules[0].invalidate = {"{anything}"};
  EXPECT_EQ(message_of(definitions), "fine");
}

TEST(RuleCompiler, DeclaredTypesHaveTheirRules) {
  EXPECT_EQ(message_of({.types = {{"a", {}}, {"a", {}}}}), "type \"a\": it is declared twice");
  EXPECT_NE(message_of({.types = {{"", {}}}}).find("has no text"), std::string::npos);
  EXPECT_NE(message_of({.types = {{"a*", {}}}}).find("wildcard"), std::string::npos);
  EXPECT_NE(message_of({.types = {{"a", {"old.x"}}}}).find("name of something else"),
            std::string::npos);
  EXPECT_NE(message_of({.types = {{"a", {""}}}}).find("no name"), std::string::npos);
  TypeFields wide{"a", {}};
  for (std::size_t field = 0; field < limits::kEventFields; ++field) {
    wide.fields.push_back("f" + std::to_string(field));
  }
  EXPECT_EQ(message_of({.types = {wide}}), "fine");
  wide.fields.emplace_back("one_more");
  EXPECT_EQ(message_of({.types = {wide}}), "type \"a\": 65 fields; the limit is 64");
}

TEST(RuleCompiler, CascadesGoRoundInNoCircle) {
  EXPECT_EQ(message_of({.cascades = {{"project", "issue", "project:{id}"},
                                     {"issue", "comment", "issue:{id}"},
                                     {"project", "comment", "project:{id}"}}}),
            "fine");
  EXPECT_EQ(message_of({.cascades = {{"project", "issue", "project:{id}"},
                                     {"issue", "project", "issue:{id}"}}}),
            "cascades go round in a circle: issue -> project -> issue");
  EXPECT_EQ(message_of({.cascades = {{"issue", "issue", "issue:{id}"}}}),
            "cascades go round in a circle: issue -> issue");
  EXPECT_EQ(message_of(
                {.cascades = {{"a", "b", "l"}, {"b", "c", "l"}, {"c", "d", "l"}, {"d", "b", "l"}}}),
            "cascades go round in a circle: b -> c -> d -> b");
}

TEST(RuleCompiler, WhatIsWrongInACascadeIsNamed) {
  EXPECT_EQ(message_of({.cascades = {{"a", "b", "x"}, {"a", "b", "y"}}}),
            "cascade from \"a\" to \"b\" is declared twice");
  EXPECT_EQ(message_of({.cascades = {{"a", "b", ""}}}),
            "cascade from \"a\" to \"b\": label \"\" has no text");
  EXPECT_NE(message_of({.cascades = {{"a", "*", "x"}}}).find("wildcard"), std::string::npos);
  EXPECT_NE(message_of({.cascades = {{"a", "", "x"}}}).find("has no text"), std::string::npos);
  EXPECT_EQ(message_of({.cascades = {{"a", "b", "x:{nmae}"}}, .types = {{"a", {"name"}}}}),
            "cascade from \"a\" to \"b\": the field \"nmae\" in \"x:{nmae}\" is not declared for "
            "type \"a\", did you mean \"name\"?");
}

TEST(RuleCompiler, NumbersAreLimitedAtTheirEdge) {
  Rule rule = fine();
  rule.invalidate.assign(limits::kRuleTemplates - 1, "x");
  rule.expire = {"x"};
  EXPECT_EQ(message_of(rule), "fine");
  rule.expire.emplace_back("x");
  EXPECT_EQ(message_of(rule), "rule \"r\": 65 labels; the limit is 64");

  RuleDefinitions definitions;
  for (std::size_t number = 0; number < limits::kRules; ++number) {
    definitions.rules.push_back(fine(std::to_string(number)));
    definitions.types.push_back({"type" + std::to_string(number), {}});
  }
  EXPECT_EQ(message_of(definitions), "fine");
  definitions.rules.push_back(fine("one more"));
  EXPECT_EQ(message_of(definitions), "10001 rules; the limit is 10000");
  definitions.rules.clear();
  definitions.types.push_back({"one_more", {}});
  EXPECT_EQ(message_of(definitions), "10001 declared types; the limit is 10000");
}

// The longest chain that there can be, too.
TEST(RuleCompiler, CascadesAreLimitedAtTheirEdge) {
  RuleDefinitions definitions;
  for (std::size_t number = 0; number < limits::kCascades; ++number) {
    definitions.cascades.push_back(
        {"t" + std::to_string(number), "t" + std::to_string(number + 1), "x:{id}"});
  }
  EXPECT_EQ(message_of(definitions), "fine");
  definitions.cascades.push_back({"other", "one", "x"});
  EXPECT_EQ(message_of(definitions), "257 cascades; the limit is 256");
  definitions.cascades.back() = {"t256", "t0", "x"};
  definitions.cascades.erase(definitions.cascades.begin());
  EXPECT_EQ(message_of(definitions), "fine");
}

}  // namespace
}  // namespace strata
