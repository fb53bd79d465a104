// Tests of the bounded tree: limits, places, and texts that are not YAML.
#include "config/document.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::internal {
namespace {

std::string error_of(std::string_view text) {
  const auto document = parse_document(text, "f.yaml");
  return document ? "" : document.error().message;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t count = 0; count < times; ++count) out += text;
  return out;
}

const Node& value_of(const Node& map, std::string_view key) {
  for (const Entry& entry : map.entries) {
    if (entry.key == key) return entry.value;
  }
  static const Node kNone;
  return kNone;
}

TEST(Document, NothingIsNull) {
  for (const std::string_view text : {"", "\n", "# only a comment\n", "---\n", "\xef\xbb\xbf"}) {
    const auto document = parse_document(text, "f.yaml");
    ASSERT_TRUE(document.ok()) << document.error().message;
    EXPECT_EQ(document->kind, Node::Kind::kNull);
  }
}

TEST(Document, PlacesCountFromOneAndColumnsCountCharacters) {
  const auto document = parse_document("a: {\"é\": x, b: y}\n", "f.yaml").value();
  const Node& inner = value_of(document, "a");
  ASSERT_EQ(inner.entries.size(), 2u);
  EXPECT_EQ(inner.entries[0].place.line, 1u);
  EXPECT_EQ(inner.entries[0].place.column, 5u);
  EXPECT_EQ(inner.entries[0].value.place.column, 10u);
  EXPECT_EQ(inner.entries[1].place.column, 13u);
}

TEST(Document, AByteOrderMarkIsSkipped) {
  const auto document = parse_document(
                            "\xef\xbb\xbf"
                            "a: b\n",
                            "f.yaml")
                            .value();
  EXPECT_EQ(value_of(document, "a").text, "b");
  EXPECT_EQ(document.entries[0].place.column, 1u);
}

TEST(Document, Utf16IsNamedAsSuch) {
  const std::string_view little(
      "\xff\xfe"
      "c\0a\0",
      6);
  const std::string_view big("\0c\0a", 4);
  EXPECT_EQ(error_of(little), "f.yaml:1:1: is UTF-16; save it as UTF-8");
  EXPECT_EQ(error_of(big), "f.yaml:1:1: is UTF-16; save it as UTF-8");
}

TEST(Document, EscapesThatWouldNotBeUtf8AreRefused) {
  EXPECT_EQ(error_of(R"(a: "b\N")"),
            R"(f.yaml:1:4: the escapes \N and \_ are not supported; write \x85 or \xa0)");
  EXPECT_NE(error_of(R"("\_": b)").find("f.yaml:1:1: the escapes"), std::string::npos);
  const Node document = parse_document("a: \"\\x85\\xa0\\L\\P\"", "f.yaml").value();
  EXPECT_EQ(document.entries[0].value.text, "\xc2\x85\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9");
}

TEST(Document, BinaryIsRefusedAtItsFirstByte) {
  EXPECT_EQ(error_of("a: b\nc: \xc3\x28\n"),
            "f.yaml:2:4: byte 0xc3 is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(error_of(std::string_view("a: \x7f"
                                      "ELF\0",
                                      8)),
            "f.yaml:1:4: byte 0x7f is a control character; remove it");
  // yaml-cpp would take this for the end of the file.
  EXPECT_EQ(error_of("a: b\x04\nc: d\n"),
            "f.yaml:1:5: byte 0x04 is a control character; remove it");
}

TEST(Document, ATabThatIndentsIsNamedWhereItStands) {
  const std::string expected = ": a tab indents this line; YAML allows only spaces there";
  EXPECT_EQ(error_of("cache:\n\tname: x\n"), "f.yaml:2:1" + expected);
  EXPECT_EQ(error_of("cache:\n  memory:\n  \tenabled: true\n"), "f.yaml:3:3" + expected);
  EXPECT_EQ(error_of("cache:\n  name: x\n\tlog: y\n"), "f.yaml:3:1" + expected);
}

TEST(Document, ATabInsideATextIsATab) {
  const auto document = parse_document("a: |\n  x\n  \ty\nb: \"\tz\"\n", "f.yaml").value();
  EXPECT_EQ(value_of(document, "a").text, "x\n\ty\n");
  EXPECT_EQ(value_of(document, "b").text, "\tz");
}

TEST(Document, WhatIsNotYamlSaysWhere) {
  EXPECT_EQ(error_of("a: b: c\n"), "f.yaml:1:5: is not YAML: illegal map value");
  EXPECT_EQ(error_of("a: [1, 2\n"), "f.yaml:2:1: is not YAML: end of sequence flow not found");
  EXPECT_EQ(error_of("a: *b\n"), "f.yaml:1:4: is not YAML: the referenced anchor is not defined");
}

TEST(Document, AMessageIsPrintableWhateverTheText) {
  EXPECT_EQ(error_of("a: \"b\\"), "f.yaml:1:7: is not YAML: unknown escape character: ?");
  EXPECT_EQ(error_of("a: \"\\\xc3\xa9\""), "f.yaml:1:7: is not YAML: unknown escape character: ?");
}

// yaml-cpp takes the end of the file for the missing quote, and the rest of the file as text.
TEST(Document, AQuoteThatIsNeverClosedIsAnError) {
  const std::string expected = ": the quote that opens here is never closed";
  EXPECT_EQ(error_of("a: \"b\nc: d\n"), "f.yaml:1:4" + expected);
  EXPECT_EQ(error_of("a: &x 'b''\nc: d\n"), "f.yaml:1:4" + expected);
  EXPECT_EQ(error_of("a: \"b\\\"\nc: d\n"), "f.yaml:1:4" + expected);
  EXPECT_EQ(error_of("a: 'it''s'\nb: \"a \\\" b\"\nc: &x \"d\"\n"), "");
}

TEST(Document, ASecondDocumentIsRefused) {
  EXPECT_EQ(error_of("a: b\n---\nc: d\n"),
            "f.yaml:2:1: a second YAML document begins here; write a single one");
}

TEST(Document, NestingIsBounded) {
  const std::string expected = ": maps and lists are nested more than 32 levels deep";
  EXPECT_EQ(error_of(repeated("[", 32) + repeated("]", 32)), "");
  EXPECT_EQ(error_of(repeated("[", 33) + repeated("]", 33)), "f.yaml:1:33" + expected);
  EXPECT_TRUE(error_of(repeated("[", 100'000)).ends_with(expected));
  EXPECT_EQ(error_of(repeated("- ", 100'000)), "f.yaml:1:65" + expected);
  EXPECT_NE(error_of(repeated("? ", 100'000)), "");
  EXPECT_NE(error_of(repeated("{", 100'000)), "");
}

TEST(Document, AnAliasCountsTheLevelsThatItBrings) {
  const std::string deep = "a: &a " + repeated("[", 20) + repeated("]", 20) + "\n";
  EXPECT_EQ(error_of(deep + "b: " + repeated("[", 11) + "*a" + repeated("]", 11)), "");
  EXPECT_EQ(error_of(deep + "b: " + repeated("[", 12) + "*a" + repeated("]", 12)),
            "f.yaml:2:16: maps and lists are nested more than 32 levels deep");
}

TEST(Document, AliasesAreCopies) {
  const auto document = parse_document("a: &x [1, 2]\nb: *x\n", "f.yaml").value();
  EXPECT_EQ(value_of(document, "b").items.size(), 2u);
  EXPECT_EQ(value_of(document, "b").items[1].text, "2");
}

TEST(Document, AnAliasInsideItsOwnAnchorIsAnError) {
  EXPECT_EQ(error_of("a: &x [1, *x]\n"),
            "f.yaml:1:11: this alias stands inside the value that it names");
}

TEST(Document, AliasesThatMultiplyAreStopped) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 12; ++level) {
    const std::string below = "*a" + std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + below;
    for (int copy = 1; copy < 10; ++copy) text += ", " + below;
    text += "]\n";
  }
  const std::string error = error_of(text);
  EXPECT_NE(error.find("more than 100000 values, counting each use of an alias"), std::string::npos)
      << error;
}

TEST(Document, EachUseOfAnAliasCounts) {
  const std::string anchored = "a: &a [" + repeated("x,", 1000) + "]\n";
  EXPECT_EQ(error_of(anchored + "b: [" + repeated("*a ,", 90) + "]\n"), "");
  EXPECT_NE(error_of(anchored + "b: [" + repeated("*a ,", 100) + "]\n"), "");
}

// Each anchor keeps a copy of what it names, the anchors inside it included.
TEST(Document, AnchorsWithinAnchorsCount) {
  std::string text;
  for (int level = 0; level < 30; ++level) text += "&a" + std::to_string(level) + " [";
  EXPECT_EQ(error_of(text + repeated("x,", 3000) + repeated("]", 30)), "");
  EXPECT_NE(error_of(text + repeated("x,", 4000) + repeated("]", 30)), "");
}

TEST(Document, ValuesAreCounted) {
  EXPECT_EQ(error_of("[" + repeated("a,", 99'998) + "]"), "");
  EXPECT_NE(error_of("[" + repeated("a,", 100'000) + "]"), "");
}

TEST(Document, ATextOfOneMebibyteIsTheLargest) {
  EXPECT_EQ(error_of("#" + std::string(kConfigBytes - 1, 'x')), "");
  EXPECT_EQ(error_of("#" + std::string(kConfigBytes, 'x')),
            "f.yaml: is larger than 1048576 bytes, the most that a configuration may have");
}

// A line of 500,000 values: places must not be counted from its beginning each time.
TEST(Document, ALongLineIsReadInOnePass) {
  const std::string text = "{" + repeated("a: b, ", 49'000) + "}";
  const auto document = parse_document(text, "f.yaml").value();
  ASSERT_EQ(document.entries.size(), 49'000u);
  EXPECT_EQ(document.entries.back().place.column, 2u + 6 * 48'999);
}

TEST(Document, TagsAndKeysThatAreNoTextAreMarked) {
  const auto document = parse_document("a: !int 1\n? [x]\n: b\nc: \"1\"\n", "f.yaml").value();
  EXPECT_TRUE(document.entries[0].value.has_tag);
  EXPECT_FALSE(document.entries[1].key_is_text);
  EXPECT_FALSE(value_of(document, "c").has_tag);
}

}  // namespace
}  // namespace strata::internal
