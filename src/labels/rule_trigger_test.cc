#include "labels/rule_trigger.h"

#include <gtest/gtest.h>

#include "strata/core/limits.h"

namespace strata::internal {
namespace {

// The kinds and the type, as text; or what is wrong.
std::string read(std::string_view text) {
  const Result<RuleTrigger> trigger = parse_trigger(text);
  if (!trigger) return trigger.error().message;
  std::string kinds;
  for (const EventKind kind : kEventKinds) {
    if (trigger->kinds.contains(kind)) kinds += std::string(to_string(kind)) + " ";
  }
  return kinds + "of " + trigger->type;
}

TEST(RuleTrigger, EveryWordHasItsKinds) {
  EXPECT_EQ(read("read issue"), "entity_read relation_read of issue");
  EXPECT_EQ(read("write issue"), "entity_write entity_bulk_write of issue");
  EXPECT_EQ(read("delete *"), "entity_delete entity_bulk_delete of *");
  EXPECT_EQ(read("link blocks"), "relation_write relation_bulk_write of blocks");
  EXPECT_EQ(read("unlink blocks"), "relation_delete relation_bulk_delete of blocks");
  EXPECT_EQ(read("query"), "query_executed of *");
  EXPECT_EQ(read("traverse issue"), "traversal_executed of issue");
  EXPECT_EQ(read("schema"), "schema_modified of *");
  EXPECT_EQ(read("  type \t issue "), "type_modified of issue");
}

TEST(RuleTrigger, AnUnknownWordIsRefusedWithTheNearest) {
  EXPECT_EQ(read("wirte issue"),
            "on \"wirte issue\" begins with the unknown word \"wirte\", did you mean \"write\"?");
  const std::string words =
      "; write read, write, delete, link, unlink, query, traverse, schema, type";
  EXPECT_EQ(read("*"), "on \"*\" begins with the unknown word \"*\"" + words);
  EXPECT_EQ(read("entity_write issue"),
            "on \"entity_write issue\" begins with the unknown word \"entity_write\"" + words);
}

TEST(RuleTrigger, WhatIsMissingOrTooMuchIsSaid) {
  EXPECT_EQ(read(" "), "on is empty; write for example \"write issue\"");
  EXPECT_EQ(read("write"),
            "on \"write\" names no type; write for example \"write issue\", or "
            "\"write *\" for all types");
  EXPECT_EQ(read("write issue comment"),
            "on \"write issue comment\" has more than a word and a "
            "type; write each in its own line");
}

TEST(RuleTrigger, ATypeIsANameThatMakesALabel) {
  EXPECT_EQ(read("write iss*"),
            "on \"write iss*\": the type \"iss*\" has a wildcard; name it, or "
            "write * for all");
  const std::string longest(limits::kLabelBytes, 'x');
  EXPECT_EQ(read("write " + longest), "entity_write entity_bulk_write of " + longest);
  EXPECT_NE(read("write " + longest + "x").find("the limit is 128"), std::string::npos);
  EXPECT_NE(read("write \xff").find("is not UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace strata::internal
