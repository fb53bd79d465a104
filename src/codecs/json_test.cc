#include "strata/codecs/json.h"

#include <gtest/gtest.h>

#include <clocale>
#include <random>
#include <string>
#include <vector>

namespace strata {
namespace {

std::string canonical(std::string_view text) {
  const Result<Json> json = Json::parse(text);
  return json ? json->text() : "error: " + json.error().message;
}

std::string picked(std::string_view text, std::string_view pointer) {
  const Result<Json> part = Json::parse(text).value().pick(pointer);
  return part ? part->text() : "error: " + part.error().message;
}

TEST(Json, IsNullByDefault) {
  EXPECT_EQ(Json().text(), "null");
  EXPECT_EQ(Json().kind(), Json::Kind::kNull);
}

TEST(Json, WhiteSpaceAndOrderOfMembersDoNotMatter) {
  EXPECT_EQ(canonical(" { \"b\" : [ 1 , 2 ] ,\n\"a\" : { } } "), R"({"a":{},"b":[1,2]})");
  EXPECT_EQ(Json::parse(R"({"a":1,"b":2})").value(), Json::parse(R"({"b":2, "a":1})").value());
  EXPECT_NE(Json::parse("[1,2]").value(), Json::parse("[2,1]").value());
}

TEST(Json, MembersAreSortedOnEveryLevel) {
  EXPECT_EQ(canonical(R"({"z":{"d":1,"c":[{"f":1,"e":2}]},"y":{"b":{},"a":[]},"x":null})"),
            R"({"x":null,"y":{"a":[],"b":{}},"z":{"c":[{"e":2,"f":1}],"d":1}})");
  EXPECT_EQ(canonical(R"({"a!":1,"a":2,"":3})"), R"({"":3,"a":2,"a!":1})");
}

TEST(Json, TheLastOfRepeatedMembersWins) {
  EXPECT_EQ(canonical(R"({"a":1,"a":2})"), R"({"a":2})");
  EXPECT_EQ(canonical(R"({"b":1,"a":{"x":1},"b":[2],"a":3,"b":4})"), R"({"a":3,"b":4})");
  EXPECT_EQ(canonical(R"({"\u0061":1,"a":2})"), R"({"a":2})") << "escapes name the same member";
}

// So many that a sort has reason to do more than insert.
TEST(Json, TheLastOfManyRepeatedMembersWins) {
  std::string text = "{";
  for (int round = 0; round < 1000; ++round) {
    text += "\"" + std::to_string(round % 3) + "\":" + std::to_string(round) + ",";
  }
  text.back() = '}';
  EXPECT_EQ(canonical(text), R"({"0":999,"1":997,"2":998})");
}

TEST(Json, NumbersKeepTheirDigits) {
  EXPECT_EQ(canonical("12345678901234567890123456789"), "12345678901234567890123456789");
  EXPECT_EQ(canonical("0.1000000000000000055511151231257827"),
            "0.1000000000000000055511151231257827");
  EXPECT_EQ(canonical("[-9223372036854775808,18446744073709551615,-0.0,1E+2,1.50]"),
            "[-9223372036854775808,18446744073709551615,-0.0,1E+2,1.50]");
}

TEST(Json, NumbersKeepTheirPointWhateverTheLocale) {
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  for (const char* locale : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) {
    if (std::setlocale(LC_NUMERIC, locale) == nullptr) continue;
    EXPECT_EQ(canonical("[1.5,2e-1]"), "[1.5,2e-1]") << locale;
  }
  std::setlocale(LC_NUMERIC, before.c_str());
}

TEST(Json, StringsHaveOneForm) {
  EXPECT_EQ(canonical(R"("\u0041\/\u00e9\ud83d\ude00\u0001\u0000\n")"),
            "\"A/\xC3\xA9\xF0\x9F\x98\x80\\u0001\\u0000\\n\"");
}

TEST(Json, FalseEmptyAndZeroAreValues) {
  for (const char* text : {"null", "false", "true", "0", "\"\"", "[]", "{}"}) {
    EXPECT_EQ(canonical(text), text);
  }
}

TEST(Json, KindsAreTold) {
  const std::vector<std::pair<const char*, Json::Kind>> cases{
      {"null", Json::Kind::kNull},     {"true", Json::Kind::kBoolean},
      {"false", Json::Kind::kBoolean}, {"-1", Json::Kind::kNumber},
      {"7e3", Json::Kind::kNumber},    {"\"n\"", Json::Kind::kString},
      {"[null]", Json::Kind::kArray},  {"{\"t\":1}", Json::Kind::kObject}};
  for (const auto& [text, kind] : cases) EXPECT_EQ(Json::parse(text).value().kind(), kind) << text;
}

TEST(Json, WhatIsNotJsonIsRejected) {
  for (const char* text :
       {"",        " ",      "nul",         "{",    "[1,]",  "{\"a\"}", "{\"a\":}", "{a:1}",
        "'a'",     "1 2",    "01",          "+1",   ".5",    "1.",      "NaN",      "Infinity",
        "\"\\x\"", "\"\n\"", "\"\\ud800\"", "[1]x", "/**/1", "\"abc"}) {
    const Result<Json> json = Json::parse(text);
    ASSERT_FALSE(json.ok()) << text;
    EXPECT_EQ(json.error().code, ErrorCode::kRejected) << text;
    EXPECT_NE(json.error().message.find("byte"), std::string::npos) << json.error().message;
  }
}

TEST(Json, TextThatIsNotUtf8IsRejected) {
  for (const char* text : {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"",
                           "\"\xE2\x82\"", "{\"\x80\":1}"}) {
    EXPECT_FALSE(Json::parse(text).ok());
  }
}

TEST(Json, NumbersBeyondDoubleAreRejected) {
  const Result<Json> json = Json::parse("[1e400]");
  ASSERT_FALSE(json.ok());
  EXPECT_NE(json.error().message.find("out of range"), std::string::npos) << json.error().message;
}

TEST(Json, ErrorsDoNotQuoteTheText) {
  EXPECT_EQ(Json::parse("{\"password\":hunter2}").error().message.find("hunter"),
            std::string::npos);
}

TEST(Json, DepthIsLimited) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Json::parse(nested(kJsonDepth)).ok());
  const Result<Json> deeper = Json::parse(nested(kJsonDepth + 1));
  ASSERT_FALSE(deeper.ok());
  EXPECT_NE(deeper.error().message.find("128"), std::string::npos) << deeper.error().message;
  // One that would exhaust the stack of a recursive parser.
  EXPECT_FALSE(Json::parse(std::string(10'000'000, '[')).ok());
}

TEST(Json, LengthIsLimited) {
  std::string text(kJsonBytes + 1, ' ');
  text[0] = '1';
  EXPECT_FALSE(Json::parse(text).ok());
  text.pop_back();
  EXPECT_TRUE(Json::parse(text).ok());
}

TEST(Json, AStringIsQuotedAndReadBack) {
  const std::string text("a\"\\\b\f\n\r\t\x01\0/\x7F\xE2\x82\xAC", 15);
  const Json json = Json::string(text);
  EXPECT_EQ(json.string_value().value(), text);
  EXPECT_EQ(Json::parse(json.text()).value(), json);
  EXPECT_EQ(Json::parse("[1]").value().string_value().error().code, ErrorCode::kRejected);
}

TEST(Json, QuotingReplacesWhatIsNotUtf8) {
  EXPECT_EQ(json_quote("a\xFF"
                       "b\xE2\x82"),
            "\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

// The examples of RFC 6901, section 5.
TEST(JsonPointer, TheExamplesOfTheStandardHold) {
  const char* document =
      R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,)"
      R"("m~n":8})";
  EXPECT_EQ(picked(document, ""), canonical(document));
  EXPECT_EQ(picked(document, "/foo"), R"(["bar","baz"])");
  EXPECT_EQ(picked(document, "/foo/0"), R"("bar")");
  EXPECT_EQ(picked(document, "/"), "0");
  EXPECT_EQ(picked(document, "/a~1b"), "1");
  EXPECT_EQ(picked(document, "/c%d"), "2");
  EXPECT_EQ(picked(document, "/e^f"), "3");
  EXPECT_EQ(picked(document, "/g|h"), "4");
  EXPECT_EQ(picked(document, "/i\\j"), "5");
  EXPECT_EQ(picked(document, "/k\"l"), "6");
  EXPECT_EQ(picked(document, "/ "), "7");
  EXPECT_EQ(picked(document, "/m~0n"), "8");
}

TEST(JsonPointer, EveryKindOfValueIsPassedOver) {
  const char* document =
      R"([{"a]":"}"},["[","\"]"],"x,y\\",-1.5e3,true,null,{},[],{"deep":[[[7]]]}])";
  EXPECT_EQ(picked(document, "/0/a]"), R"("}")");
  EXPECT_EQ(picked(document, "/1/1"), R"("\"]")");
  EXPECT_EQ(picked(document, "/2"), R"("x,y\\")");
  EXPECT_EQ(picked(document, "/3"), "-1.5e3");
  EXPECT_EQ(picked(document, "/5"), "null");
  EXPECT_EQ(picked(document, "/6"), "{}");
  EXPECT_EQ(picked(document, "/7"), "[]");
  EXPECT_EQ(picked(document, "/8/deep/0/0/0"), "7");
}

TEST(JsonPointer, AnEscapedTildeIsNotUnescapedTwice) {
  EXPECT_EQ(picked(R"({"~1":1,"/":2})", "/~01"), "1");
}

TEST(JsonPointer, LeadingNowhereIsAnError) {
  for (const char* pointer : {"/b", "/a/2", "/a/-", "/a/00", "/a/01", "/a/+1", "/a/1x", "/a/",
                              "/a/0/x", "/s/0", "/a/99999999999999999999"}) {
    const Result<Json> part = Json::parse(R"({"a":[1,2],"s":"text"})").value().pick(pointer);
    ASSERT_FALSE(part.ok()) << pointer;
    EXPECT_EQ(part.error().code, ErrorCode::kRejected);
    EXPECT_NE(part.error().message.find("nowhere"), std::string::npos);
  }
}

TEST(JsonPointer, MalformedPointersAreRejected) {
  for (const char* pointer : {"a", "#/a", "/~", "/~2", "/a~", "/~0~/x"}) {
    EXPECT_FALSE(check_json_pointer(pointer).ok()) << pointer;
    EXPECT_FALSE(Json().pick(pointer).ok()) << pointer;
  }
  for (const char* pointer : {"", "/", "//", "/~0~1/x"}) {
    EXPECT_TRUE(check_json_pointer(pointer).ok()) << pointer;
  }
}

TEST(JsonCodec, RoundTripsAndTellsItsMemory) {
  const Json value =
      Json::parse(R"({"a":[1,2,3],"long":"0123456789012345678901234567890"})").value();
  const std::string bytes = Codec<Json>::encode(value).value();
  EXPECT_EQ(Codec<Json>::decode(bytes).value(), value);
  EXPECT_GE(Codec<Json>::owned_bytes(value), value.text().size());
  EXPECT_EQ(value_type<Json>().name, "json");
  EXPECT_EQ(value_type<Json>().schema, 1u);
}

TEST(JsonCodec, BytesThatAreNotJsonAreCorrupt) {
  EXPECT_EQ(Codec<Json>::decode("{").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(Codec<Json>::decode("").error().code, ErrorCode::kCorrupt);
}

// Random values, written twice in different shapes: shuffled members, other white space, other
// escapes. Both must have the same canonical text, and that text must be a fixed point.
class RandomJson {
 public:
  explicit RandomJson(std::uint64_t seed) : shape_(seed) {}

  // The same value for the same seed; `style` decides how it is written.
  std::string write(std::mt19937_64& style, int depth = 0) {
    switch (shape_() % (depth > 4 ? 4 : 6)) {
      case 0:
        return std::to_string(static_cast<std::int64_t>(shape_()));
      case 1:
        return shape_() % 2 == 0 ? "true" : "null";
      case 2:
        return std::to_string(shape_() % 1000) + ".25e-3";
      case 3:
        return write_string(style);
      case 4:
        return write_array(style, depth);
      default:
        return write_object(style, depth);
    }
  }

 private:
  static std::string space(std::mt19937_64& style) { return std::string(style() % 3, ' '); }

  std::string write_string(std::mt19937_64& style) {
    std::string out = "\"";
    for (std::uint64_t left = shape_() % 6; left > 0; --left) {
      const char c = "ab\"\\,:{}[]\n~/"[shape_() % 13];
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
      const bool must_escape = c == '"' || c == '\\' || c == '\n';
      out += must_escape || style() % 2 == 0 ? std::string(escaped) : std::string(1, c);
    }
    return out + "\"";
  }

  std::string write_array(std::mt19937_64& style, int depth) {
    std::string out = "[" + space(style);
    const std::uint64_t count = shape_() % 4;
    for (std::uint64_t index = 0; index < count; ++index) {
      if (index > 0) out += "," + space(style);
      out += write(style, depth + 1) + space(style);
    }
    return out + "]";
  }

  std::string write_object(std::mt19937_64& style, int depth) {
    std::vector<std::string> members;
    const std::uint64_t count = shape_() % 5;
    for (std::uint64_t index = 0; index < count; ++index) {
      // Distinct names: repeated ones make the order matter.
      const std::string name = "\"" + std::to_string((shape_() % 97) * 5 + index) + "\"";
      members.push_back(name + space(style) + ":" + space(style) + write(style, depth + 1));
    }
    std::shuffle(members.begin(), members.end(), style);
    std::string out = "{" + space(style);
    for (std::size_t index = 0; index < members.size(); ++index) {
      if (index > 0) out += "," + space(style);
      out += members[index];
    }
    return out + space(style) + "}";
  }

  std::mt19937_64 shape_;
};

TEST(Json, EveryWayToWriteAValueHasTheSameCanonicalText) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 one_style(seed * 2);
    std::mt19937_64 other_style(seed * 2 + 1);
    const std::string one = RandomJson(seed).write(one_style);
    const std::string other = RandomJson(seed).write(other_style);
    const std::string text = canonical(one);
    ASSERT_EQ(canonical(other), text) << one << "\n" << other;
    ASSERT_EQ(canonical(text), text);
    ASSERT_EQ(picked(text, ""), text);
  }
}

}  // namespace
}  // namespace strata
