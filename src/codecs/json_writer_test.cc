#include "strata/codecs/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "strata/codecs/json.h"

namespace strata {
namespace {

TEST(JsonWriter, WritesWhatItIsTold) {
  JsonWriter writer;
  writer.begin_object().member("hits", 3).member("name", "memory").key("empty").begin_object();
  writer.end_object().key("list").begin_array().value(1).value(true).null().begin_array();
  writer.end_array().value("x").end_array().member("rate", 0.25).end_object();
  EXPECT_EQ(writer.take(),
            R"({"hits":3,"name":"memory","empty":{},"list":[1,true,null,[],"x"],"rate":0.25})");
}

TEST(JsonWriter, EveryIntegerKeepsItsDigits) {
  JsonWriter writer;
  writer.begin_array()
      .value(std::numeric_limits<std::int64_t>::min())
      .value(std::numeric_limits<std::uint64_t>::max())
      .value(std::int8_t{-5})
      .value(std::uint8_t{65})
      .end_array();
  EXPECT_EQ(writer.take(), "[-9223372036854775808,18446744073709551615,-5,65]");
}

TEST(JsonWriter, RealNumbersStayRealAndRoundTrip) {
  JsonWriter writer;
  writer.begin_array().value(1.0).value(-0.0).value(0.1).value(1e300).value(1.5e-7).end_array();
  EXPECT_EQ(writer.take(), "[1.0,-0.0,0.1,1e+300,1.5e-07]");
}

TEST(JsonWriter, NumbersThatAreNotFiniteAreNull) {
  JsonWriter writer;
  writer.begin_array()
      .value(std::numeric_limits<double>::infinity())
      .value(std::numeric_limits<double>::quiet_NaN())
      .end_array();
  EXPECT_EQ(writer.take(), "[null,null]");
}

TEST(JsonWriter, TextIsNotTakenForABoolean) {
  JsonWriter writer;
  const char* text = "t";
  EXPECT_EQ(writer.value(text).take(), "\"t\"");
  EXPECT_EQ(writer.value(std::string("u")).take(), "\"u\"");
  EXPECT_EQ(writer.value(false).take(), "false");
}

TEST(JsonWriter, SeveralValuesAreLines) {
  JsonWriter writer;
  writer.begin_object().member("n", 1).end_object();
  writer.begin_object().member("n", 2).end_object();
  EXPECT_EQ(writer.take(), "{\"n\":1}\n{\"n\":2}");
}

TEST(JsonWriter, IsAsNewAfterItsTextWasTaken) {
  JsonWriter writer;
  writer.begin_array().value(1).end_array();
  EXPECT_EQ(writer.size_bytes(), 3u);
  EXPECT_EQ(writer.take(), "[1]");
  EXPECT_EQ(writer.size_bytes(), 0u);
  EXPECT_EQ(writer.begin_object().end_object().take(), "{}");
}

TEST(JsonWriter, RawTextIsAValueLikeAnyOther) {
  JsonWriter writer;
  writer.begin_array().raw("{\"a\":1}").raw("2").end_array();
  EXPECT_EQ(writer.take(), "[{\"a\":1},2]");
}

// Every first byte, before every byte at which something changes and before more: the result
// must always parse, and well-formed text must come back unchanged.
TEST(JsonWriter, WritesJsonWhateverTheBytes) {
  for (unsigned first = 0; first < 256; ++first) {
    for (const unsigned second : {0x00u, 0x1Fu, 0x22u, 0x5Cu, 0x7Fu, 0x80u, 0x8Fu, 0x90u, 0x9Fu,
                                  0xA0u, 0xBFu, 0xC0u, 0xFFu}) {
      std::string text{static_cast<char>(first), static_cast<char>(second)};
      for (const char* rest : {"", "\x80", "\x80\x80", "z"}) {
        const std::string whole = text + rest;
        const Result<Json> json = Json::parse(json_quote(whole));
        ASSERT_TRUE(json.ok()) << first << ' ' << second;
        const std::string value = json->string_value().value();
        const bool is_utf8 = Json::parse("\"" + whole + "\"").ok();
        if (is_utf8 && first >= 0x80) {
          ASSERT_EQ(value, whole);
        }
        if (first < 0x80 && second < 0x80 && *rest != '\x80') {
          ASSERT_EQ(value, whole);
        }
      }
    }
  }
}

using JsonWriterDeathTest = testing::Test;

TEST(JsonWriterDeathTest, TextThatWouldNotBeJsonIsAProgrammersError) {
  EXPECT_DEATH(JsonWriter().begin_object().value(1), "is_after_key_");
  EXPECT_DEATH(JsonWriter().begin_array().key("a"), "");
  EXPECT_DEATH(JsonWriter().begin_array().end_object(), "");
  EXPECT_DEATH(JsonWriter().begin_object().key("a").end_object(), "");
  EXPECT_DEATH(JsonWriter().begin_object().key("a").key("b"), "");
  EXPECT_DEATH(JsonWriter().end_array(), "");
  EXPECT_DEATH(static_cast<void>(JsonWriter().begin_array().take()), "");
}

}  // namespace
}  // namespace strata
