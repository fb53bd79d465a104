#include "strata/labels/event.h"

#include <gtest/gtest.h>

#include "strata/core/limits.h"

namespace strata {
namespace {

TEST(Event, EveryKindHasANameThatParses) {
  for (const EventKind kind : kEventKinds) {
    const Result<EventKind> parsed = parse_event_kind(to_string(kind));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, kind);
  }
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
  wide.items[0].fields.resize(limits::kEventFields, {"a", "b"});
  EXPECT_TRUE(wide.validate().ok());
  wide.items[0].fields.push_back({"a", "b"});
  EXPECT_FALSE(wide.validate().ok());
}

}  // namespace
}  // namespace strata
