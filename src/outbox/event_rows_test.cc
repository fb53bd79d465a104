#include "outbox/event_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strata/core/limits.h"

namespace strata::outbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Row row(const std::string& type, const std::string& id, const std::string& operation,
        const std::string& fields = {}, const std::string& old_fields = {}) {
  return {.seq = 1,
          .type = type,
          .id = id,
          .operation = operation,
          .fields = fields,
          .old_fields = old_fields};
}

TEST(EventRows, ARowBecomesAnEventWithItsFields) {
  const EventBatch batch =
      to_events({row("issue", "12", "update", "'a','1','b',NULL", "'a','it''s'")}, "outbox x.db");
  ASSERT_EQ(batch.events.size(), 1u);
  const Event& event = batch.events[0];
  EXPECT_EQ(event.kind, EventKind::kEntityWrite);
  EXPECT_EQ(event.type, "issue");
  EXPECT_EQ(event.origin, "outbox x.db");
  ASSERT_EQ(event.items.size(), 1u);
  EXPECT_EQ(event.items[0].id, "12");
  EXPECT_THAT(event.items[0].fields, ElementsAre(Field{"a", "1"})) << "NULL is no value";
  EXPECT_THAT(event.items[0].old_fields, ElementsAre(Field{"a", "it's"}));
}

TEST(EventRows, AColumnCalledIdIsNoField) {
  const EventBatch batch =
      to_events({row("a", "1", "update", "'id','1','b','2'", "'id','1'")}, "o");
  ASSERT_EQ(batch.events.size(), 1u);
  EXPECT_THAT(batch.events[0].items[0].fields, ElementsAre(Field{"b", "2"}));
  EXPECT_THAT(batch.events[0].items[0].old_fields, IsEmpty());
}

TEST(EventRows, AnEventHasTheTimeOfItsFirstRow) {
  std::vector<Row> rows{row("a", "1", "insert"), row("a", "2", "insert"), row("b", "3", "insert")};
  for (std::size_t place = 0; place < 2; ++place) {
    rows[place].at = WallTime{static_cast<std::int64_t>(1'000 * place)};
  }
  const EventBatch batch = to_events(rows, "o");
  ASSERT_EQ(batch.events.size(), 2u);
  EXPECT_EQ(batch.events[0].at, WallTime{0});
  EXPECT_EQ(batch.events[1].at, std::nullopt);
}

TEST(EventRows, NeighboursOfAKindAndTypeShareAnEvent) {
  const EventBatch batch =
      to_events({row("a", "1", "insert"), row("a", "2", "update"), row("a", "3", "delete"),
                 row("a", "4", "delete"), row("b", "5", "delete"), row("a", "6", "insert")},
                "o");
  ASSERT_EQ(batch.events.size(), 4u);
  EXPECT_EQ(batch.events[0].kind, EventKind::kEntityBulkWrite);
  EXPECT_EQ(batch.events[0].items.size(), 2u);
  EXPECT_EQ(batch.events[1].kind, EventKind::kEntityBulkDelete);
  EXPECT_EQ(batch.events[1].items[1].id, "4");
  EXPECT_EQ(batch.events[2].kind, EventKind::kEntityDelete);
  EXPECT_EQ(batch.events[2].type, "b");
  EXPECT_EQ(batch.events[3].kind, EventKind::kEntityWrite);
}

TEST(EventRows, AnEventHasNoMoreItemsThanItMay) {
  const std::vector<Row> rows(limits::kEventItems + 1, row("a", "1", "insert"));
  const EventBatch batch = to_events(rows, "o");
  ASSERT_EQ(batch.events.size(), 2u);
  EXPECT_EQ(batch.events[0].items.size(), limits::kEventItems);
  EXPECT_TRUE(batch.events[0].validate().ok());
}

TEST(EventRows, LongValuesAreCutAtTheEndOfACharacter) {
  const std::string euro = "\xE2\x82\xAC";
  std::string text;
  for (int i = 0; i < 200; ++i) text += euro;
  const EventBatch batch = to_events(
      {row("a", "1", "insert", "'x','" + text + "','y','" + std::string(513, 'y') + "'")}, "o");
  ASSERT_EQ(batch.events.size(), 1u);
  EXPECT_EQ(batch.events[0].items[0].fields[0].value, text.substr(0, 510));
  EXPECT_EQ(batch.events[0].items[0].fields[1].value.size(), 512u);
}

TEST(EventRows, WhatCannotBeToldIsUnknown) {
  for (const Row& odd :
       {row("a", "", "insert"), row("a", std::string(513, 'i'), "insert"), row("a", "", "gap"),
        row("a", "1", "upsert"), row("a", "1", "insert", "'x"), row("a", "1", "insert", "'x'"),
        row("a", "1", "insert", "NULL,'x'"), row("a", "1", "insert", "'','x'"),
        row("a", "1", "delete", "", "{}")}) {
    const EventBatch batch = to_events({odd, odd, row("b", "2", "insert")}, "o");
    EXPECT_THAT(batch.unknown_types, ElementsAre("a")) << odd.operation << odd.fields;
    EXPECT_EQ(batch.events.size(), 1u) << "the others are told";
    EXPECT_FALSE(batch.has_unknown_type);
  }
  const EventBatch batch = to_events({row("", "1", "insert")}, "o");
  EXPECT_TRUE(batch.has_unknown_type);
  EXPECT_THAT(batch.unknown_types, IsEmpty());
}

TEST(EventRows, AnIdMayBeAsLongAsAnEventAllows) {
  const EventBatch batch = to_events({row("a", std::string(512, 'i'), "insert")}, "o");
  EXPECT_EQ(batch.events.size(), 1u);
}

}  // namespace
}  // namespace strata::outbox
