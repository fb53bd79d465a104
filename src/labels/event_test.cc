#include "strata/labels/event.h"

#include <gtest/gtest.h>

#include "strata/core/limits.h"
#include "strata/labels/subscription.h"

namespace strata {
namespace {

// What is wrong with the event; empty: nothing.
std::string problem(const Event& event) {
  const Result<void> valid = event.validate();
  if (valid) return {};
  EXPECT_EQ(valid.error().code, ErrorCode::kRejected);
  return valid.error().message;
}

TEST(Event, EveryKindHasANameThatParses) {
  for (const EventKind kind : kEventKinds) {
    const Result<EventKind> parsed = parse_event_kind(to_string(kind));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, kind);
  }
}

TEST(Event, ItsTimeIsWhatTheEmitterSays) {
  Event event = entity_write("issue", "12");
  EXPECT_EQ(event.at, std::nullopt);
  event.at = WallTime{1'700'000'000'000};
  EXPECT_TRUE(event.validate().ok());
}

TEST(Event, AnUnknownKindIsRejectedWithTheNearestOne) {
  const Result<EventKind> parsed = parse_event_kind("entity_wriet");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message,
            "unknown event kind \"entity_wriet\", did you mean \"entity_write\"?");
}

TEST(Event, AnItemNeedsAnIdAndAnEntityAType) {
  EXPECT_TRUE(entity_write("issue", "12", {{"a", "b"}}).validate().ok());
  EXPECT_FALSE(entity_write("issue", "").validate().ok());
  EXPECT_FALSE(entity_delete("", "12").validate().ok());
  EXPECT_TRUE(Event{.kind = EventKind::kSchemaModified}.validate().ok());
  EXPECT_FALSE(entity_write("issue", "12", {{"", "b"}}).validate().ok());
}

TEST(Event, LimitsHoldAtTheirEdge) {
  const std::string longest(limits::kEventTextBytes, 'x');
  EXPECT_TRUE(entity_write("issue", longest).validate().ok());
  EXPECT_FALSE(entity_write("issue", longest + "x").validate().ok());
  Event event = entity_write("issue", "1");
  event.items.resize(limits::kEventItems, event.items[0]);
  EXPECT_TRUE(event.validate().ok());
  event.items.push_back(event.items[0]);
  EXPECT_FALSE(event.validate().ok());
  Event wide = entity_write("issue", "1");
  for (std::size_t field = 0; field < limits::kEventFields; ++field) {
    wide.items[0].fields.push_back({"f" + std::to_string(field), "v"});
  }
  EXPECT_TRUE(wide.validate().ok());
  wide.items[0].fields.push_back({"one more", "v"});
  EXPECT_EQ(problem(wide),
            "item \"1\" of an event of kind entity_write for type \"issue\" has 65 fields; the "
            "limit is 64");
}

TEST(Event, ANumberThatIsNoKindIsRefused) {
  const auto none = static_cast<EventKind>(200);
  EXPECT_EQ(problem({.kind = none, .type = "issue"}),
            "an event is of kind 200, which is none; the last one is 13");
  EXPECT_EQ(problem({.kind = static_cast<EventKind>(kEventKindCount), .type = "issue"}),
            "an event is of kind 14, which is none; the last one is 13");
  EXPECT_EQ(to_string(none), "unknown");
  EXPECT_TRUE(EventKinds(none).empty());
  EXPECT_FALSE(EventKinds::all().contains(none));
}

TEST(Event, WhatIsWrongIsQuoted) {
  const std::string of_issue = "an event of kind entity_write for type \"issue\"";
  const std::string of_12 = "item \"12\" of " + of_issue;
  const std::string longest(limits::kEventTextBytes, 'x');
  EXPECT_EQ(
      problem(entity_write("issue", longest + "y")),
      of_issue + " has an id of 513 bytes, \"" + std::string(64, 'x') + "...\"; the limit is 512");
  EXPECT_EQ(problem(entity_write("issue", "12", {{"", "b"}})),
            of_12 + " has a field without a name; its value is \"b\"");
  EXPECT_EQ(problem(entity_write("issue", "12", {{"text", longest + "y"}})),
            of_12 + ": the field \"text\" has a value of 513 bytes, \"" + std::string(64, 'x') +
                "...\"; the limit is 512");
}

TEST(Event, NamesAreTextWithoutControlCharacters) {
  const std::string of_issue = "an event of kind entity_write for type \"issue\"";
  EXPECT_EQ(problem(entity_write("iss\nue", "12")),
            "an event of kind entity_write has a type, \"iss\\x0aue\", which has a control "
            "character");
  EXPECT_EQ(problem(entity_write("issue", "1\xff")),
            of_issue + " has an id, \"1\\xff\", which is not UTF-8");
  EXPECT_EQ(problem(entity_write("issue", std::string("1\0", 2))),
            of_issue + " has an id, \"1\\x00\", which has a control character");
  EXPECT_EQ(problem(entity_write("issue", "12", {}, {{"na\tme", "v"}})),
            "item \"12\" of " + of_issue +
                " has a field's name, \"na\\x09me\", which has a "
                "control character");
  EXPECT_EQ(problem(entity_write("Vorgang", "\xc3\xa4",
                                 {{"gr\xc3\xb6\xc3\x9f"
                                   "e",
                                   "1"}})),
            "");
  EXPECT_EQ(problem(entity_write("issue", "12", {{"text", "two\nlines"}, {"blob", "\xff"}})), "")
      << "a value may be anything";
}

TEST(Event, AFieldIsThereOnceAndIsNotTheId) {
  const std::string of_12 = "item \"12\" of an event of kind entity_write for type \"issue\"";
  EXPECT_EQ(problem(entity_write("issue", "12", {{"a", "1"}, {"b", "1"}, {"a", "2"}})),
            of_12 + " has the field \"a\" twice");
  EXPECT_EQ(problem(entity_write("issue", "12", {}, {{"a", "1"}, {"a", "1"}})),
            of_12 + " has the field \"a\" twice");
  EXPECT_EQ(problem(entity_write("issue", "12", {{"a", "1"}}, {{"a", "1"}})), "");
  EXPECT_EQ(problem(entity_write("issue", "12", {{"id", "13"}})),
            of_12 +
                " has a field \"id\" with the value \"13\"; that is the item's own, and no "
                "field");
}

}  // namespace
}  // namespace strata
