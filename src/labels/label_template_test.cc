#include "labels/label_template.h"

#include <gtest/gtest.h>

#include "strata/core/key.h"
#include "strata/core/limits.h"
#include "testkit/seeds.h"

namespace strata::internal {
namespace {

using Outcome = LabelTemplate::Outcome;

const Event a_write = entity_write(
    "issue", "12", {{"project_id", "7"}, {"title", "a: b"}, {"no", ""}}, {{"project_id", "6"}});

std::string message_of(std::string_view text) {
  const Result<LabelTemplate> parsed = LabelTemplate::parse(text);
  return parsed ? "fine" : parsed.error().message;
}

// The label as people write it, or what happened instead.
std::string rendered(std::string_view text, const Event& event = a_write) {
  const Result<LabelTemplate> parsed = LabelTemplate::parse(text);
  if (!parsed) return parsed.error().message;
  std::string label = "what was there before";
  const EventItem* const item = event.items.empty() ? nullptr : event.items.data();
  switch (parsed->render(ItemFields(event, item), label)) {
    case Outcome::kSkipped:
      return "skipped";
    case Outcome::kIncomplete:
      return "incomplete";
    case Outcome::kLabel:
      return format_label(Label(parsed->kind(), label));
  }
  return {};
}

TEST(LabelTemplate, PlacesAreReplacedByValues) {
  EXPECT_EQ(rendered("issue:{id}"), "tag:issue:12");
  EXPECT_EQ(rendered("project:{project_id}:lists"), "tag:project:7:lists");
  EXPECT_EQ(rendered("{old.project_id}"), "tag:6");
  EXPECT_EQ(rendered("{event.type}:{id}:{title}"), "tag:issue:12:a: b");
  EXPECT_EQ(rendered("lists"), "tag:lists");
  EXPECT_EQ(rendered("no:{no}"), "tag:no:");
}

TEST(LabelTemplate, AKnownKindAtTheBeginningIsTheKind) {
  EXPECT_EQ(rendered("tag:issue:{id}"), "tag:issue:12");
  EXPECT_EQ(rendered("keyspace:issues"), "keyspace:issues");
  EXPECT_EQ(rendered("type:{event.type}"), "type:issue");
  EXPECT_EQ(rendered("source:db"), "source:db");
  EXPECT_EQ(rendered("tenant:{project_id}"), "tenant:7");
  EXPECT_EQ(rendered("schema:v1"), "schema:v1");
  EXPECT_EQ(rendered("all:x"), "tag:all:x");
}

TEST(LabelTemplate, DoubledBracesAreBraces) {
  EXPECT_EQ(rendered("{{{id}}}"), "tag:{12}");
  EXPECT_EQ(rendered("{{id}}"), "tag:{id}");
  EXPECT_EQ(rendered("}}{{"), "tag:}{");
}

TEST(LabelTemplate, AMissingValueIsNotGuessed) {
  EXPECT_EQ(rendered("x:{missing}"), "incomplete");
  EXPECT_EQ(rendered("x:{old.missing}"), "skipped");
  EXPECT_EQ(rendered("x:{old.title}"), "skipped");
  EXPECT_EQ(rendered("x:{missing}:{old.missing}"), "skipped");
  EXPECT_EQ(rendered("x:{id}", Event{.kind = EventKind::kTypeModified, .type = "issue"}),
            "incomplete");
  EXPECT_EQ(rendered("x:{event.type}", Event{.kind = EventKind::kSchemaModified}), "incomplete");
}

TEST(LabelTemplate, WhatIsDeletedIsAsItWasLast) {
  const Event deleted = entity_delete("issue", "12", {{"project_id", "6"}});
  EXPECT_EQ(rendered("project:{project_id}", deleted), "tag:project:6");
  EXPECT_EQ(rendered("project:{old.project_id}", deleted), "tag:project:6");
  EXPECT_EQ(rendered("x:{title}", deleted), "incomplete");
}

TEST(LabelTemplate, AKeyIsCanonicalWhateverTheValues) {
  const Event event = entity_write("issue", "a:b&c", {{"key", "1:issue::a%3Ab:"}, {"bad", "a:b"}});
  EXPECT_EQ(rendered("key:1:issue::{id}:", event),
            "key:" + Key::make({.keyspace = "issue", .identifier = "a:b&c"})->text());
  EXPECT_EQ(
      rendered("key:1:issue:::id={id}&x=1", event),
      "key:" + Key::make({.keyspace = "issue", .params = {{"id", "a:b&c"}, {"x", "1"}}})->text());
  EXPECT_EQ(rendered("key:{key}", event), "key:1:issue::a%3Ab:");
  EXPECT_EQ(rendered("key:{bad}", event), "incomplete");
}

TEST(LabelTemplate, WhatCanBeNoKeyIsRefused) {
  EXPECT_NE(message_of("key:issue:{id}").find("is no canonical key"), std::string::npos);
  EXPECT_NE(message_of("key:issue/12").find("is no canonical key"), std::string::npos);
  // Parameters are sorted.
  EXPECT_NE(message_of("key:1:issue:::x=1&id={id}").find("is no canonical key"), std::string::npos);
  EXPECT_EQ(message_of("key:1:issue::12:"), "fine");
}

TEST(LabelTemplate, WildcardsAreRefused) {
  EXPECT_EQ(message_of("issue:*"),
            "label \"issue:*\" has the wildcard \"*\"; labels are exact, so name one that all of "
            "them carry: a tag, \"type:...\" or \"keyspace:...\"");
  EXPECT_NE(message_of("{id}:?").find("has the wildcard \"?\""), std::string::npos);
  EXPECT_NE(message_of("*").find("has the wildcard"), std::string::npos);
}

TEST(LabelTemplate, WhatIsWrongIsSaidWithItsPosition) {
  EXPECT_EQ(message_of(""), "label \"\" has no text");
  EXPECT_EQ(message_of("tag:"), "label \"tag:\" has no text");
  EXPECT_EQ(message_of("a{id"),
            "label \"a{id\" has a \"{\" at position 2 that is not closed; "
            "write \"{{\" for the brace");
  EXPECT_EQ(message_of("a{b{id}"),
            "label \"a{b{id}\" has a \"{\" at position 2 that is not "
            "closed; write \"{{\" for the brace");
  EXPECT_EQ(message_of("ab}"),
            "label \"ab}\" has a \"}\" at position 3 that closes nothing; "
            "write \"}}\" for the brace");
  EXPECT_EQ(message_of("x{}"), "label \"x{}\" is wrong at position 2: a field has no name");
  EXPECT_EQ(message_of("{a b}"),
            "label \"{a b}\" is wrong at position 1: the field \"a b\" has a blank, a control "
            "character, or one of {}()'\"=!,");
  EXPECT_EQ(message_of("{old.id}"),
            "label \"{old.id}\" is wrong at position 1: the id of an item "
            "does not change; write id, not old.id");
  EXPECT_EQ(message_of("{old.}"),
            "label \"{old.}\" is wrong at position 1: \"old.\" names no field");
  EXPECT_EQ(message_of("{event.kind}"),
            "label \"{event.kind}\" is wrong at position 1: the field \"event.kind\" is none; of "
            "the event there is event.type");
  EXPECT_EQ(message_of("a\n"), "label \"a\\x0a\" is not UTF-8, or has a control character");
}

TEST(LabelTemplate, LengthsAreLimitedAtTheirEdge) {
  const std::string longest(limits::kLabelBytes, 'x');
  EXPECT_EQ(message_of(longest), "fine");
  EXPECT_EQ(message_of("tag:" + longest), "fine");
  EXPECT_NE(message_of(longest + "x").find("the limit is 128"), std::string::npos);
  EXPECT_EQ(message_of(longest + "{id}"), "fine");
  EXPECT_EQ(rendered(longest + "{id}"), "incomplete");
  EXPECT_EQ(rendered(longest.substr(2) + "{id}"), "tag:" + longest.substr(2) + "12");
  const std::string long_field = "{" + std::string(limits::kEventTextBytes, 'f') + "}";
  EXPECT_EQ(message_of(long_field), "fine");
  std::string many;
  while (many.size() + 4 <= limits::kRuleTextBytes) many += "{id}";
  EXPECT_EQ(message_of(many), "fine");
  EXPECT_NE(message_of(many + "{id}").find("the limit is 2048"), std::string::npos);
}

TEST(LabelTemplate, ValuesThatMakeNoLabelAreIncomplete) {
  const Event event =
      entity_write("issue", "12", {{"line", "a\nb"}, {"bytes", "\xff"}, {"no", ""}});
  EXPECT_EQ(rendered("x:{line}", event), "incomplete");
  EXPECT_EQ(rendered("x:{bytes}", event), "incomplete");
  EXPECT_EQ(rendered("{no}", event), "incomplete");
}

TEST(LabelTemplate, OfBeforeNamesTheOldValues) {
  const LabelTemplate label = LabelTemplate::parse("p:{project_id}:{id}")->of_before();
  std::string text;
  EXPECT_EQ(label.render(ItemFields(a_write, a_write.items.data()), text), Outcome::kLabel);
  EXPECT_EQ(text, "p:6:12");
  const Event unknown = entity_write("issue", "12", {{"project_id", "7"}});
  EXPECT_EQ(label.render(ItemFields(unknown, unknown.items.data()), text), Outcome::kIncomplete);
}

// Goal: what is rendered is the template with each place replaced, whatever text is around it and
// whatever the values are. Method: the template and the expected text are made of the same pieces.
TEST(LabelTemplateProperty, RendersThePiecesThatItIsMadeOf) {
  testkit::for_each_seed(2'000, [](testkit::Random& random) {
    constexpr std::string_view kLetters = "abc:{}-%&=# ";
    Event event = entity_write("issue", random.text(1, 6, kLetters));
    EventItem& item = event.items[0];
    std::string written = "tag:";
    std::string expected;
    bool is_missing = false;
    bool is_skipped = false;
    for (std::size_t piece = random.between(1, 5); piece > 0; --piece) {
      for (const char c : random.text(0, 4, kLetters)) {
        written += c;
        if (c == '{' || c == '}') written += c;
        expected += c;
      }
      const std::string name = "f" + std::to_string(piece);
      const std::string value = random.text(0, 6, kLetters);
      const bool is_told = !random.one_in(6);
      switch (random.below(3)) {
        case 0:
          written += "{id}";
          expected += item.id;
          break;
        case 1:
          written += "{" + name + "}";
          expected += value;
          if (is_told) item.fields.push_back({name, value});
          is_missing |= !is_told;
          break;
        default:
          written += "{old." + name + "}";
          expected += value;
          if (is_told) item.old_fields.push_back({name, value});
          is_skipped |= !is_told;
          break;
      }
    }
    const bool is_empty = expected.empty() && !is_missing && !is_skipped;
    const std::string label = rendered(written, event);
    if (is_skipped) {
      EXPECT_EQ(label, "skipped") << written;
    } else if (is_missing || is_empty) {
      EXPECT_EQ(label, "incomplete") << written;
    } else {
      EXPECT_EQ(label, "tag:" + expected) << written;
    }
  });
}

// A key's template with a value in its identifier and its parameters is what Key::make() writes.
TEST(LabelTemplateProperty, AKeyIsTheOneThatItsPartsMake) {
  testkit::for_each_seed(2'000, [](testkit::Random& random) {
    const std::string id = random.text(1, 12, "ab:&=%#/ \x7f~");
    const std::string value = random.text(1, 12, "ab:&=%#/ {}");
    const Event event = entity_write("issue", id, {{"value", value}});
    const std::string expected =
        Key::make({.keyspace = "k", .kind = "one", .identifier = id, .params = {{"p", value}}})
            ->text();
    EXPECT_EQ(rendered("key:1:k:one:{id}:p={value}", event), "key:" + expected);
  });
}

}  // namespace
}  // namespace strata::internal
