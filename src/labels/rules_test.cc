#include "strata/labels/rules.h"

#include <gtest/gtest.h>

#include "strata/core/limits.h"
#include "testkit/threads.h"

namespace strata {
namespace {

using Texts = std::vector<std::string>;

RuleSet compiled(const RuleDefinitions& definitions) {
  Result<RuleSet> rules = RuleSet::compile(definitions);
  EXPECT_TRUE(rules.ok()) << rules.error().message;
  return *std::move(rules);
}

Texts texts(const Labels& labels) {
  Texts written;
  for (const Label& label : labels) written.push_back(format_label(label));
  return written;
}

Texts fired(const RuleOutcome& outcome) {
  Texts names;
  for (const FiredRule& rule : outcome.fired) names.emplace_back(rule.name);
  return names;
}

const Fields now_fields{{"issue_key", "P-1"}, {"project_id", "7"}};
const Fields old_fields{{"issue_key", "P-1"}, {"project_id", "6"}};

TEST(RuleSet, AnEventFiresTheRulesOfItsKindAndType) {
  const RuleSet rules = compiled(
      {.rules = {{.name = "written", .on = {"write issue"}, .invalidate = {"issue:{id}"}},
                 {.name = "deleted", .on = {"delete issue"}, .invalidate = {"issues"}},
                 {.name = "any", .on = {"write *", "delete *"}, .invalidate = {"any"}},
                 {.name = "comment", .on = {"write comment"}, .invalidate = {"comments"}}}});
  EXPECT_EQ(texts(rules.evaluate(entity_write("issue", "12")).invalidate),
            (Texts{"tag:issue:12", "tag:any"}));
  EXPECT_EQ(texts(rules.evaluate(entity_delete("issue", "12")).invalidate),
            (Texts{"tag:issues", "tag:any"}));
  EXPECT_EQ(fired(rules.evaluate(entity_write("user", "12"))), Texts{"any"});
  EXPECT_TRUE(rules.evaluate({.kind = EventKind::kEntityRead, .type = "issue"}).fired.empty());
}

TEST(RuleSet, OldAndNewValuesAreBothInvalidated) {
  const RuleSet rules = compiled({.rules = {{.name = "moved",
                                             .on = {"write issue"},
                                             .invalidate = {"project:{project_id}:lists",
                                                            "project:{old.project_id}:lists"}}}});
  EXPECT_EQ(texts(rules.evaluate(entity_write("issue", "12", now_fields, old_fields)).invalidate),
            (Texts{"tag:project:7:lists", "tag:project:6:lists"}));
  // Without an old value there is nothing to say about it.
  const RuleOutcome outcome = rules.evaluate(entity_write("issue", "12", now_fields));
  EXPECT_EQ(texts(outcome.invalidate), Texts{"tag:project:7:lists"});
  EXPECT_FALSE(outcome.fired.at(0).is_incomplete);
}

TEST(RuleSet, HigherPrioritiesComeFirstThenTheOrderOfDeclaration) {
  const RuleSet rules = compiled(
      {.rules = {{.name = "c", .on = {"write issue"}, .invalidate = {"c"}},
                 {.name = "d", .on = {"write *"}, .invalidate = {"d"}},
                 {.name = "a", .on = {"write *"}, .invalidate = {"a"}, .priority = 2},
                 {.name = "b", .on = {"write issue"}, .invalidate = {"b"}, .priority = 1},
                 {.name = "e", .on = {"write issue"}, .invalidate = {"e"}, .priority = -1}}});
  EXPECT_EQ(fired(rules.evaluate(entity_write("issue", "1"))), (Texts{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(rules.stats().at(0).name, "a");
}

TEST(RuleSet, ARuleFiresOnceHoweverManyOfItsWordsFit) {
  const RuleSet rules = compiled(
      {.rules = {
           {.name = "r", .on = {"write issue", "write *", "write issue"}, .invalidate = {"x"}}}});
  EXPECT_EQ(fired(rules.evaluate(entity_write("issue", "1"))), Texts{"r"});
  EXPECT_EQ(rules.stats().at(0).evaluated, 1u);
}

TEST(RuleSet, ALabelBelongsToTheFirstRuleThatNamesIt) {
  const RuleSet rules =
      compiled({.rules = {{.name = "a",
                           .on = {"write issue"},
                           .invalidate = {"x", "issue:{id}", "x"},
                           .expire = {"soft"}},
                          {.name = "b", .on = {"write issue"}, .invalidate = {"issue:{id}", "y"}},
                          {.name = "c", .on = {"write issue"}, .invalidate = {"x"}}}});
  const RuleOutcome outcome = rules.evaluate(entity_write("issue", "12"));
  EXPECT_EQ(texts(outcome.invalidate), (Texts{"tag:x", "tag:issue:12", "tag:y"}));
  EXPECT_EQ(texts(outcome.expire), Texts{"tag:soft"});
  ASSERT_EQ(outcome.fired.size(), 3u);
  EXPECT_EQ(outcome.fired[0].invalidate, 2u);
  EXPECT_EQ(outcome.fired[0].expire, 1u);
  EXPECT_EQ(outcome.fired[1].invalidate, 1u);
  EXPECT_EQ(outcome.fired[2].invalidate, 0u);
}

TEST(RuleSet, ARuleHoldsUnlessItsConditionIsFalse) {
  const RuleSet rules = compiled({.rules = {{.name = "r",
                                             .on = {"write issue"},
                                             .when = "changed(project_id)",
                                             .invalidate = {"x"}}}});
  EXPECT_FALSE(rules.evaluate(entity_write("issue", "1", now_fields, old_fields)).fired.empty());
  EXPECT_TRUE(rules.evaluate(entity_write("issue", "1", now_fields, now_fields)).fired.empty());
  EXPECT_FALSE(rules.evaluate(entity_write("issue", "1")).fired.empty());  // cannot be decided
}

TEST(RuleSet, ADisabledRuleDoesNothing) {
  const RuleSet rules = compiled(
      {.rules = {{.name = "r", .on = {"write *"}, .invalidate = {"x"}, .enabled = false}}});
  EXPECT_TRUE(rules.evaluate(entity_write("issue", "1")).fired.empty());
  EXPECT_EQ(rules.stats().at(0).evaluated, 0u);
}

TEST(RuleSet, AMissingFieldWidensToTheTypeInTheSameList) {
  const RuleSet rules =
      compiled({.rules = {{.name = "a",
                           .on = {"write issue"},
                           .invalidate = {"issue:{id}", "project:{project_id}"}},
                          {.name = "b", .on = {"write issue"}, .expire = {"board:{board}"}}}});
  const RuleOutcome outcome = rules.evaluate(entity_write("issue", "12"));
  EXPECT_EQ(texts(outcome.invalidate), (Texts{"tag:issue:12", "type:issue"}));
  EXPECT_EQ(texts(outcome.expire), Texts{"type:issue"});
  EXPECT_TRUE(outcome.fired.at(0).is_incomplete);
  EXPECT_TRUE(outcome.fired.at(1).is_incomplete);
  EXPECT_FALSE(outcome.is_widened);
  EXPECT_EQ(rules.stats().at(0).incomplete, 1u);
  const RuleOutcome complete = rules.evaluate(entity_write("issue", "12", now_fields));
  EXPECT_FALSE(complete.fired.at(0).is_incomplete);
}

TEST(RuleSet, AnEventWithoutAUsableTypeWidensToEverything) {
  const RuleSet rules =
      compiled({.rules = {{.name = "q", .on = {"query", "write *"}, .invalidate = {"q:{sql}"}}}});
  EXPECT_EQ(texts(rules.evaluate({.kind = EventKind::kQueryExecuted}).invalidate), Texts{"*"});
  const std::string longest(limits::kEventTextBytes, 't');
  EXPECT_EQ(texts(rules.evaluate(entity_write(longest, "1")).invalidate), Texts{"*"});
}

TEST(RuleSet, AnEventWithoutItemsNamesNoItem) {
  const RuleSet rules = compiled(
      {.rules = {{.name = "r", .on = {"write issue"}, .invalidate = {"lists", "issue:{id}"}}}});
  EXPECT_EQ(
      texts(rules.evaluate({.kind = EventKind::kEntityBulkWrite, .type = "issue"}).invalidate),
      (Texts{"tag:lists", "type:issue"}));
}

TEST(RuleSet, ABulkEventIsOneBatchOfLabels) {
  const RuleSet rules = compiled({.rules = {{.name = "r",
                                             .on = {"write issue"},
                                             .when = "status != draft",
                                             .invalidate = {"issue:{id}", "lists"}}}});
  Event event{.kind = EventKind::kEntityBulkWrite, .type = "issue"};
  event.items = {{"1", {{"status", "draft"}}, {}},
                 {"2", {{"status", "done"}}, {}},
                 {"3", {}, {}},
                 {"2", {{"status", "open"}}, {}}};
  const RuleOutcome outcome = rules.evaluate(event);
  EXPECT_EQ(texts(outcome.invalidate), (Texts{"tag:issue:2", "tag:lists", "tag:issue:3"}));
  EXPECT_EQ(outcome.fired.size(), 1u);
  EXPECT_EQ(rules.stats().at(0).labels, 3u);
}

// Few labels are compared one by one, many by a set.
TEST(RuleSet, NoLabelComesTwiceHoweverManyThereAre) {
  const RuleSet rules =
      compiled({.rules = {{.name = "r", .on = {"write issue"}, .invalidate = {"issue:{id}"}}}});
  Event event{.kind = EventKind::kEntityBulkWrite, .type = "issue"};
  for (std::size_t item = 1; item <= 100; ++item) {
    event.items.push_back({std::to_string(item), {}, {}});
    for (std::size_t again = 1; again <= item; ++again) {
      event.items.push_back({std::to_string(again), {}, {}});
    }
    EXPECT_EQ(rules.evaluate(event).invalidate.size(), item);
  }
}

TEST(RuleSet, AModifiedTypeOrSchemaNeedsNoRule) {
  const RuleSet none;
  const RuleOutcome type = none.evaluate({.kind = EventKind::kTypeModified, .type = "issue"});
  EXPECT_EQ(texts(type.invalidate), Texts{"type:issue"});
  EXPECT_EQ(fired(type), Texts{"type_modified"});
  const RuleOutcome schema = none.evaluate({.kind = EventKind::kSchemaModified});
  EXPECT_EQ(texts(schema.invalidate), Texts{"*"});
  EXPECT_EQ(fired(schema), Texts{"schema_modified"});
  EXPECT_TRUE(none.evaluate(entity_write("issue", "1")).fired.empty());
  EXPECT_TRUE(none.stats().empty());
}

TEST(RuleSet, TooManyLabelsWidenToTheTypeAndAreCounted) {
  const RuleSet rules =
      compiled({.rules = {{.name = "r", .on = {"write issue"}, .invalidate = {"issue:{id}"}}}});
  Event event{.kind = EventKind::kEntityBulkWrite, .type = "issue"};
  for (std::size_t id = 0; id < limits::kLabelsPerEvent; ++id) {
    event.items.push_back({std::to_string(id), {}, {}});
  }
  RuleOutcome outcome = rules.evaluate(event);
  EXPECT_EQ(outcome.invalidate.size(), limits::kLabelsPerEvent);
  EXPECT_FALSE(outcome.is_widened);

  event.items.push_back({"0", {}, {}});  // again
  EXPECT_FALSE(rules.evaluate(event).is_widened);

  event.items.push_back({"one more", {}, {}});
  event.items.push_back({"and more", {}, {}});
  outcome = rules.evaluate(event);
  EXPECT_TRUE(outcome.is_widened);
  EXPECT_FALSE(outcome.fired.at(0).is_incomplete);
  ASSERT_EQ(outcome.invalidate.size(), limits::kLabelsPerEvent + 1);
  EXPECT_EQ(format_label(outcome.invalidate.back()), "type:issue");
  EXPECT_EQ(rules.stats().at(0).widened, 1u);
}

// --- Cascades ---

RuleSet with_cascades() {
  return compiled({.cascades = {{"project", "issue", "project:{id}"},
                                {"issue", "comment", "issue:{id}"},
                                {"comment", "reaction", "comment:{id}"},
                                {"user", "issue", "user:{name}"}}});
}

TEST(Cascade, AWriteOrDeleteInvalidatesTheLabelThatTheOthersCarry) {
  const RuleSet rules = with_cascades();
  const RuleOutcome comment = rules.evaluate(entity_write("comment", "3"));
  EXPECT_EQ(texts(comment.invalidate), Texts{"tag:comment:3"});
  EXPECT_EQ(fired(comment), Texts{"cascade comment -> reaction"});
  EXPECT_EQ(texts(rules.evaluate(entity_delete("comment", "3")).invalidate),
            Texts{"tag:comment:3"});
  EXPECT_TRUE(rules.evaluate(entity_write("reaction", "1")).invalidate.empty());
  EXPECT_TRUE(
      rules.evaluate({.kind = EventKind::kEntityRead, .type = "comment"}).invalidate.empty());
}

TEST(Cascade, WhatCascadesFurtherGoesByItsType) {
  const RuleOutcome outcome = with_cascades().evaluate(entity_write("project", "7"));
  EXPECT_EQ(texts(outcome.invalidate), (Texts{"tag:project:7", "type:comment", "type:reaction"}));
  EXPECT_EQ(fired(outcome), (Texts{"cascade project -> issue", "cascades of project"}));
}

TEST(Cascade, ALabelOfAFieldIsInvalidatedAsItIsAndAsItWas) {
  const RuleSet rules = with_cascades();
  const RuleOutcome renamed =
      rules.evaluate(entity_write("user", "1", {{"name", "new"}}, {{"name", "old"}}));
  EXPECT_EQ(texts(renamed.invalidate),
            (Texts{"tag:user:new", "tag:user:old", "type:comment", "type:reaction"}));
  const RuleOutcome same =
      rules.evaluate(entity_write("user", "1", {{"name", "a"}}, {{"name", "a"}}));
  EXPECT_EQ(same.invalidate.size(), 3u);
}

// Nobody knows under which label the values were stored, if the event does not tell.
TEST(Cascade, AnOldValueThatIsNotToldWidensToTheTypeThatItCascadesTo) {
  const RuleSet rules = with_cascades();
  const RuleOutcome outcome = rules.evaluate(entity_write("user", "1", {{"name", "new"}}));
  EXPECT_EQ(texts(outcome.invalidate),
            (Texts{"tag:user:new", "type:issue", "type:comment", "type:reaction"}));
  EXPECT_TRUE(outcome.fired.at(0).is_incomplete);
  const RuleOutcome other =
      rules.evaluate(entity_write("user", "1", {{"name", "new"}}, {{"age", "7"}}));
  EXPECT_TRUE(other.fired.at(0).is_incomplete) << "another field's old value says nothing";

  // What is deleted is as it was last, wherever that is told.
  for (const Event& gone : {entity_delete("user", "1", {{"name", "last"}}),
                            Event{.kind = EventKind::kEntityDelete,
                            .type = "user",
                            .items = {{"1", {{"name", "last"}}, {}}}}}) {
    const RuleOutcome deleted = rules.evaluate(gone);
    EXPECT_EQ(texts(deleted.invalidate), (Texts{"tag:user:last", "type:comment", "type:reaction"}));
    EXPECT_FALSE(deleted.fired.at(0).is_incomplete);
  }
}

// The values that carry the label are of the type that it cascades to.
TEST(Cascade, AMissingFieldWidensToTheTypeThatItCascadesTo) {
  const RuleOutcome outcome = with_cascades().evaluate(entity_write("user", "1"));
  EXPECT_EQ(texts(outcome.invalidate), (Texts{"type:issue", "type:comment", "type:reaction"}));
  EXPECT_TRUE(outcome.fired.at(0).is_incomplete);
}

TEST(Cascade, AModifiedTypeModifiesAllThatItCascadesTo) {
  const RuleSet rules = with_cascades();
  EXPECT_EQ(texts(rules.evaluate({.kind = EventKind::kTypeModified, .type = "issue"}).invalidate),
            (Texts{"type:issue", "type:comment", "type:reaction"}));
}

TEST(Cascade, TooManyLabelsWidenToTheTypeThatTheyCascadeTo) {
  Event event{.kind = EventKind::kEntityBulkDelete, .type = "comment"};
  for (std::size_t id = 0; id <= limits::kLabelsPerEvent; ++id) {
    event.items.push_back({std::to_string(id), {}, {}});
  }
  const RuleOutcome outcome = with_cascades().evaluate(event);
  EXPECT_TRUE(outcome.is_widened);
  EXPECT_EQ(format_label(outcome.invalidate.back()), "type:reaction");
}

TEST(Cascade, RulesComeBeforeCascades) {
  const RuleSet rules =
      compiled({.rules = {{.name = "r", .on = {"write a"}, .invalidate = {"x"}, .priority = -100}},
                .cascades = {{"a", "b", "a:{id}"}}});
  EXPECT_EQ(fired(rules.evaluate(entity_write("a", "1"))), (Texts{"r", "cascade a -> b"}));
  EXPECT_EQ(rules.stats().size(), 3u);
}

// --- The rest ---

TEST(DefaultLabels, AreTheItemAndItsLists) {
  EXPECT_EQ(texts(default_labels("issue", "12")), (Texts{"tag:issue:12", "tag:issue:lists"}));
}

TEST(DefaultLabels, TheTypeStandsForWhatIsNoLabel) {
  const std::string longest(limits::kLabelBytes - std::string("issue:").size(), 'x');
  EXPECT_EQ(texts(default_labels("issue", longest)),
            (Texts{"tag:issue:" + longest, "tag:issue:lists"}));
  EXPECT_EQ(texts(default_labels("issue", longest + "x")),
            (Texts{"tag:issue:lists", "type:issue"}));
  const std::string type(limits::kLabelBytes, 't');
  EXPECT_EQ(texts(default_labels(type, "12")), Texts{"type:" + type});
  EXPECT_EQ(texts(default_labels(type + "t", "12")), Texts{"*"});
}

TEST(RuleSet, AKindThatIsNoneFiresNothing) {
  const RuleSet rules =
      compiled({.rules = {{.name = "r", .on = {"write *", "schema"}, .invalidate = {"x"}}}});
  EXPECT_TRUE(rules.evaluate({.kind = static_cast<EventKind>(200), .type = "a"}).fired.empty());
}

TEST(RuleSet, CopiesShareStatisticsAndThreadsMayShareASet) {
  const RuleSet rules =
      compiled({.rules = {{.name = "r", .on = {"write issue"}, .invalidate = {"issue:{id}"}}}});
  const RuleSet copy = rules;
  testkit::run_threads(4, [&](std::size_t thread) {
    for (int time = 0; time < 500; ++time) {
      const std::string id = std::to_string(thread);
      EXPECT_EQ(texts(copy.evaluate(entity_write("issue", id)).invalidate),
                Texts{"tag:issue:" + id});
    }
  });
  EXPECT_EQ(rules.stats().at(0).fired, 2'000u);
  EXPECT_EQ(rules.stats().at(0).labels, 2'000u);
}

}  // namespace
}  // namespace strata
