// Tests of what is remarked on in rules, cascades and outboxes that are right and mean nothing.
#include "config/rule_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/test_settings.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// In a cache whose keyspaces have the types of the example.
std::vector<std::string> warnings(const std::string& text) {
  return settings_warnings(
      parse("cache:\n"
            "  keyspaces: {issues: {type: issue}, projects: {type: project}}\n" +
            text)
          .value());
}

std::vector<std::string> warnings_of_rule(const std::string& rule, const std::string& more = "") {
  return warnings("  rules: {a: {" + rule + "}}\n" + more);
}

constexpr const char* kTypes = "  types: {issue: {fields: [status]}, project: {fields: [owner]}}\n";

TEST(RuleWarnings, RulesThatMeanSomethingHaveNone) {
  EXPECT_THAT(warnings_of_rule("on: [write issue, delete project, link blocks, schema], "
                               "invalidate: ['issue:{id}', 'type:issue', tpe, 'org:{status}']"),
              IsEmpty());
  EXPECT_THAT(warnings_of_rule("on: [write *], when: changed(status), "
                               "invalidate: ['{event.type}:{id}', 'of:{old.owner}']",
                               kTypes),
              IsEmpty());
  EXPECT_THAT(warnings_of_rule("on: [schema], invalidate: [all]"), IsEmpty());
  EXPECT_THAT(warnings_of_rule("on: [type issue], invalidate: ['{event.type}:lists']"), IsEmpty());
}

TEST(RuleWarnings, ATypeThatIsNotDeclaredIsNamed) {
  EXPECT_THAT(warnings_of_rule("on: [write isue, write issue], invalidate: [a]", kTypes),
              ElementsAre(HasSubstr("f.yaml:3:15: cache.rules.a.on: the type in \"write isue\" is "
                                    "not declared in cache.types, did you mean \"issue\"?")));
  EXPECT_THAT(warnings("  cascades: {a: {from: projct, to: issue, label: 'p:{id}'}}\n" +
                       std::string(kTypes)),
              ElementsAre(HasSubstr("cache.cascades.a.from: the type \"projct\" is not declared")));
}

TEST(RuleWarnings, ATypeThatNoKeyspaceHasIsNamedOnce) {
  EXPECT_THAT(warnings_of_rule("on: [write comment, delete comment], invalidate: ['comment:{id}']"),
              ElementsAre(HasSubstr("cache.rules.a.on: no keyspace has type: comment")));
  EXPECT_THAT(warnings("  cascades: {a: {from: issue, to: comment, label: 'issue:{id}'}}\n"),
              ElementsAre(HasSubstr("cache.cascades.a.to: no keyspace has type: comment")));
  Settings settings = parse("cache: {rules: {a: {on: [write comment], invalidate: [b]}}}").value();
  settings.defaults.type = "comment";
  EXPECT_THAT(settings_warnings(settings), IsEmpty());
}

TEST(RuleWarnings, ALabelThatIsNearlyOfAKindIsNamed) {
  EXPECT_THAT(
      warnings_of_rule("on: [write issue], invalidate: ['tpye:issue', 'keyspaces:user'], "
                       "expire: ['typ:{id}', 'issue:{id}']"),
      ElementsAre(
          HasSubstr("cache.rules.a.invalidate: \"tpye:issue\" is a tag, did you mean "
                    "\"type\"?"),
          HasSubstr("\"keyspaces:user\" is a tag, did you mean \"keyspace\"?"),
          HasSubstr("cache.rules.a.expire: \"typ:{id}\" is a tag, did you mean \"type\"?")));
  EXPECT_THAT(warnings("  cascades: {a: {from: project, to: issue, label: 'kye:{id}'}}\n"),
              ElementsAre(HasSubstr("cache.cascades.a.label: \"kye:{id}\" is a tag")));
  // Types may have such names.
  EXPECT_THAT(warnings_of_rule("on: [write typ], invalidate: ['typ:{id}']",
                               "  types: {typ: {fields: [a]}}\n"),
              ElementsAre(HasSubstr("no keyspace")));
}

TEST(RuleWarnings, WhatCanNeverBeMadeOfAnEventWithoutItemsIsNamed) {
  EXPECT_THAT(warnings_of_rule("on: [schema], invalidate: ['issue:{id}', all]"),
              ElementsAre(HasSubstr("cache.rules.a.invalidate: \"issue:{id}\" cannot be made: an "
                                    "event \"schema\" has no item")));
  EXPECT_THAT(warnings_of_rule("on: [type issue], expire: ['issue:{status}']"),
              ElementsAre(HasSubstr("cache.rules.a.expire: \"issue:{status}\" cannot be made")));
  EXPECT_THAT(warnings_of_rule("on: [schema, write issue], invalidate: ['issue:{id}']"), IsEmpty());
}

TEST(RuleWarnings, AFieldThatNoDeclaredTypeHasIsNamed) {
  EXPECT_THAT(
      warnings_of_rule("on: [write *], when: changed(ownr), invalidate: ['a:{zzz}']", kTypes),
      ElementsAre(HasSubstr("cache.rules.a.invalidate: the field \"zzz\" in \"a:{zzz}\" is of no "
                            "declared type"),
                  HasSubstr("cache.rules.a.when: the field \"ownr\" in \"changed(ownr)\" is of no "
                            "declared type, did you mean \"owner\"?")));
  EXPECT_THAT(warnings_of_rule("on: [write *], invalidate: ['a:{zzz}']"), IsEmpty());
}

TEST(RuleWarnings, AnOutboxWithoutRulesIsNamed) {
  EXPECT_THAT(warnings("  outboxes: {shop: {database: o.db}}\n"),
              ElementsAre(HasSubstr("f.yaml:3:21: cache.outboxes.shop: there are no rules and no "
                                    "cascades")));
  EXPECT_THAT(warnings("  outboxes: {shop: {database: o.db, enabled: false}}\n"), IsEmpty());
  const std::string outbox = "  outboxes: {shop: {database: o.db}}\n";
  EXPECT_THAT(warnings_of_rule("on: [write issue], invalidate: [a]", outbox), IsEmpty());
  EXPECT_THAT(warnings_of_rule("on: [write issue], invalidate: [a], enabled: false", outbox),
              ElementsAre(HasSubstr("no rules")));
  EXPECT_THAT(warnings("  cascades: {a: {from: project, to: issue, label: 'p:{id}'}}\n" + outbox),
              IsEmpty());
}

}  // namespace
}  // namespace strata
