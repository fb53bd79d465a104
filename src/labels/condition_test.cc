#include "labels/condition.h"

#include <gtest/gtest.h>

#include "strata/core/limits.h"

namespace strata::internal {
namespace {

const Event a_write =
    entity_write("issue", "12", {{"status", "done"}, {"same", "1"}, {"text", "it's \"it\""}},
                 {{"status", "open"}, {"same", "1"}, {"gone", "x"}});

Truth evaluate(std::string_view text, const Event& event = a_write) {
  const Result<Condition> condition = Condition::parse(text);
  EXPECT_TRUE(condition.ok()) << text << ": " << condition.error().message;
  return condition->evaluate(ItemFields(event, event.items.data()));
}

std::string message_of(std::string_view text) {
  const Result<Condition> condition = Condition::parse(text);
  return condition ? "fine" : condition.error().message;
}

TEST(Condition, ComparesAFieldWithText) {
  EXPECT_EQ(evaluate("status == done"), Truth::kTrue);
  EXPECT_EQ(evaluate("status == 'done'"), Truth::kTrue);
  EXPECT_EQ(evaluate("status==\"open\""), Truth::kFalse);
  EXPECT_EQ(evaluate("status != done"), Truth::kFalse);
  EXPECT_EQ(evaluate("status != Done"), Truth::kTrue);
  EXPECT_EQ(evaluate("old.status == open"), Truth::kTrue);
  EXPECT_EQ(evaluate("id == 12"), Truth::kTrue);
  EXPECT_EQ(evaluate("event.type == issue"), Truth::kTrue);
}

TEST(Condition, AQuoteWithinATextIsWrittenTwice) {
  EXPECT_EQ(evaluate("text == 'it''s \"it\"'"), Truth::kTrue);
  EXPECT_EQ(evaluate("text == \"it's \"\"it\"\"\""), Truth::kTrue);
  EXPECT_EQ(evaluate("status == ''"), Truth::kFalse);
}

TEST(Condition, ChangedComparesWithTheOldValue) {
  EXPECT_EQ(evaluate("changed(status)"), Truth::kTrue);
  EXPECT_EQ(evaluate("changed(same)"), Truth::kFalse);
  EXPECT_EQ(evaluate("changed(text)"), Truth::kUnknown);  // no old value
  EXPECT_EQ(evaluate("changed(gone)"), Truth::kUnknown);  // no new value
  EXPECT_EQ(evaluate("changed(nothing)"), Truth::kUnknown);
}

TEST(Condition, ExistsIsAlwaysDecided) {
  EXPECT_EQ(evaluate("exists(status)"), Truth::kTrue);
  EXPECT_EQ(evaluate("exists(gone)"), Truth::kFalse);
  EXPECT_EQ(evaluate("exists(old.gone)"), Truth::kTrue);
  EXPECT_EQ(evaluate("not exists ( nothing )"), Truth::kTrue);
}

TEST(Condition, WhatIsDeletedIsAsItWasLastAndMayHaveChanged) {
  const Event deleted = entity_delete("issue", "12", {{"status", "open"}});
  EXPECT_EQ(evaluate("status == open", deleted), Truth::kTrue);
  EXPECT_EQ(evaluate("changed(status)", deleted), Truth::kUnknown);
  EXPECT_EQ(evaluate("exists(status)", deleted), Truth::kTrue);
}

TEST(Condition, NotBindsClosestThenAndThenOr) {
  EXPECT_EQ(evaluate("status == open or status == done and id == 12"), Truth::kTrue);
  EXPECT_EQ(evaluate("status == done or status == done and id == 13"), Truth::kTrue);
  EXPECT_EQ(evaluate("(status == done or status == done) and id == 13"), Truth::kFalse);
  EXPECT_EQ(evaluate("not status == open and id == 12"), Truth::kTrue);
  EXPECT_EQ(evaluate("not (status == done and id == 12)"), Truth::kFalse);
  EXPECT_EQ(evaluate("not not status == done"), Truth::kTrue);
}

// Goal: what the event does not tell decides nothing. Method: the truth tables.
TEST(Condition, WhatIsUnknownStaysUnknownUnlessTheRestDecides) {
  const auto truths = {std::pair("id == 13", Truth::kFalse), std::pair("no == 1", Truth::kUnknown),
                       std::pair("id == 12", Truth::kTrue)};
  for (const auto& [a, truth_of_a] : truths) {
    for (const auto& [b, truth_of_b] : truths) {
      const std::string left = a;
      EXPECT_EQ(evaluate(left + " and " + b), std::min(truth_of_a, truth_of_b));
      EXPECT_EQ(evaluate(left + " or " + b), std::max(truth_of_a, truth_of_b));
    }
  }
  EXPECT_EQ(evaluate("not no == 1"), Truth::kUnknown);
  EXPECT_EQ(evaluate("no != 1"), Truth::kUnknown);
}

TEST(Condition, BlanksAreAlwaysTrue) {
  EXPECT_EQ(evaluate(""), Truth::kTrue);
  EXPECT_EQ(evaluate(" \t\n"), Truth::kTrue);
}

TEST(Condition, WhatIsWrongIsSaidWithItsPosition) {
  EXPECT_EQ(message_of("status = done"),
            "condition \"status = done\" at position 8: write \"==\" to compare");
  EXPECT_EQ(message_of("status"),
            "condition \"status\" at position 7: expected \"==\" or \"!=\" after \"status\"");
  EXPECT_EQ(message_of("status =="),
            "condition \"status ==\" at position 10: expected a word or a text in quotes");
  EXPECT_EQ(message_of("status == 'done"),
            "condition \"status == 'done\" at position 11: the quote is not closed");
  EXPECT_EQ(message_of("chnaged(status)"),
            "condition \"chnaged(status)\" at position 1: there is no \"chnaged\"; there are "
            "changed() and exists()");
  EXPECT_EQ(message_of("changed(old.status)"),
            "condition \"changed(old.status)\" at position 9: changed() compares a field with its "
            "old value; it takes the field's name");
  EXPECT_EQ(message_of("changed()"), "condition \"changed()\" at position 9: expected a field");
  EXPECT_EQ(message_of("changed(a"), "condition \"changed(a\" at position 10: expected \")\"");
  EXPECT_EQ(message_of("(a == b"), "condition \"(a == b\" at position 8: expected \")\"");
  EXPECT_EQ(message_of("a == b c"),
            "condition \"a == b c\" at position 8: expected \"and\" or \"or\"");
  EXPECT_EQ(message_of("a == b and"),
            "condition \"a == b and\" at position 11: expected a field, changed(...), exists(...), "
            "\"not\" or \"(\"");
  EXPECT_EQ(message_of("a == old.a"),
            "condition \"a == old.a\" at position 6: fields are compared with text; use changed(), "
            "or quotes if it is text");
  EXPECT_EQ(message_of("old.id == 1"),
            "condition \"old.id == 1\" at position 1: the id of an item "
            "does not change; write id, not old.id");
  EXPECT_EQ(message_of("a, b"), "condition \"a, b\" at position 2: did not expect this character");
}

TEST(Condition, DepthAndLengthAreLimitedAtTheirEdge) {
  const std::string open(limits::kConditionDepth, '(');
  const std::string close(limits::kConditionDepth, ')');
  EXPECT_EQ(message_of(open + "a == b" + close), "fine");
  EXPECT_NE(message_of("(" + open + "a == b" + close + ")").find("the limit of 32"),
            std::string::npos);
  std::string nots;
  for (std::size_t depth = 0; depth < limits::kConditionDepth; ++depth) nots += "not ";
  EXPECT_EQ(message_of(nots + "a == b"), "fine");
  EXPECT_NE(message_of("not " + nots + "a == b").find("the limit of 32"), std::string::npos);

  const std::string longest = "a == " + std::string(limits::kRuleTextBytes - 5, 'b');
  EXPECT_EQ(message_of(longest), "fine");
  EXPECT_NE(message_of(longest + "b").find("the limit is 2048"), std::string::npos);
}

}  // namespace
}  // namespace strata::internal
