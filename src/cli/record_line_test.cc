// Tests of the lines of an export: what is written is read again, and what is wrong is named.
#include "cli/record_line.h"

#include <gtest/gtest.h>

#include "cli/import_file.h"
#include "cli/progress_bar.h"
#include "cli/text.h"
#include "strata/core/key.h"
#include "strata/core/value_type.h"

namespace strata::cli {
namespace {

constexpr WallTime kWritten{1'800'000'000'000};

Record record_of(const KeyParts& parts, std::string payload, std::string_view codec) {
  const Key key = Key::make(parts).value();
  Record record;
  record.key_text = key.text();
  record.long_params = key.long_params();
  record.group = {keyspace(key.keyspace())};
  record.lifetime.written_wall = kWritten;
  record.codec = codec_id(codec);
  record.schema = 1;
  record.payload = std::move(payload);
  record.raw_size = static_cast<std::uint32_t>(record.payload.size());
  return record;
}

std::string line_of(const Record& record) {
  const Result<std::string> line = write_line(record, kWritten);
  EXPECT_TRUE(line.ok()) << line.error().message;
  return line.ok() ? *line : "";
}

void expect_same(const Record& record) {
  const std::string line = line_of(record);
  const Result<ExportLine> read = read_line(line);
  ASSERT_TRUE(read.ok()) << read.error().message << "\n" << line;
  EXPECT_EQ(std::get<Record>(*read), record) << line;
}

std::string wrong_with(const std::string& line) {
  const Result<ExportLine> read = read_line(line);
  return read.ok() ? "nothing" : read.error().message;
}

TEST(RecordLine, WhatIsWrittenIsReadAgain) {
  const KeyParts user{.keyspace = "user", .identifier = "42"};
  Record record = record_of(user, "Ada", "string");
  expect_same(record);
  record.labels = {tag("org:7"), Label(LabelKind::kKey, "1:user::7:")};
  record.lifetime.fresh_for = std::chrono::seconds(5);
  record.lifetime.keep_for = std::chrono::hours(5);
  record.version = "v7";
  record.source_last_modified = WallTime{17};
  record.load_cost_us = 9;
  expect_same(record);
  record.lifetime.keep_for = kForever;
  record.version = "\xff";
  expect_same(record);

  expect_same(record_of(user, "\xff\n", "string"));
  expect_same(record_of(user, "", "string"));
  expect_same(record_of(user, R"({"a":1.00,"b":[]})", "json"));
  expect_same(record_of(user, "null", "json"));
  expect_same(record_of(user, std::string(100, '['), "of a program"));
  expect_same(record_of(user, std::string(128, '[') + std::string(128, ']'), "json"));
  expect_same(
      record_of({.keyspace = "acme/user", .kind = "list", .params = {{"page", "2"}}}, "1", "json"));
  expect_same(record_of({.keyspace = "user", .identifier = "\xff"}, "1", "string"));
  expect_same(
      record_of({.keyspace = "user", .params = {{"long", std::string(500, 'a')}, {"raw", "\xfe"}}},
                "1", "string"));
  Record absent = record_of(user, "", "string");
  absent.negative = true;
  expect_same(absent);
  Record packed = record_of(user, "packed", "json");
  packed.compression = CompressionId::kZstd;
  packed.raw_size = 1'000;
  expect_same(packed);
}

TEST(RecordLine, JsonAndTextCanBeRead) {
  const std::string json =
      line_of(record_of({.keyspace = "u", .identifier = "1"}, R"({"a":1.00})", "json"));
  EXPECT_NE(json.find(R"("value_json":{"a":1.00})"), std::string::npos) << json;
  const std::string text =
      line_of(record_of({.keyspace = "u", .identifier = "1"}, "Ada", "string"));
  EXPECT_NE(text.find(R"("value":"Ada")"), std::string::npos) << text;
}

TEST(RecordLine, WhatIsWrongIsNamed) {
  const std::string good =
      line_of(record_of({.keyspace = "user", .identifier = "42"}, "Ada", "string"));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string line = good;
    const std::size_t at = line.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return wrong_with(line.replace(at, from.size(), to));
  };
  EXPECT_EQ(wrong_with(good), "nothing");
  EXPECT_EQ(with(R"("value":"Ada")", R"("value":7)"), "value is not text");
  EXPECT_EQ(with(R"("value":"Ada")", R"("value_base64":"A")"), "value_base64 is not base64");
  EXPECT_EQ(with(R"(,"value":"Ada")", ""),
            "it has to have one of value, value_json, value_base64, absent");
  EXPECT_EQ(with(R"("value":"Ada")", R"("value_json":7)"), "value_json is for the codec \"json\"");
  EXPECT_EQ(with(R"("schema":1)", R"("schema":-1)"),
            "schema is not a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(with(R"("id":"42")", R"("id":42)"), "key.id is not text");
  EXPECT_EQ(with(R"("id":"42")", R"("name":"42")"), "key.id is missing");
  EXPECT_NE(with("user", "a b").find("keyspace"), std::string::npos);
  EXPECT_EQ(with(R"("keyspace:user")", R"("keyspace:other")"),
            "group lacks \"keyspace:user\", the keyspace of the key");
  EXPECT_NE(with(R"("keyspace:user")", R"("nokind")").find("has no kind"), std::string::npos);
  // So early that the time between does not fit.
  EXPECT_EQ(with(R"("2027-01-15T08:00:00.000Z","fresh_until":)",
                 R"("9999-01-15T08:00:00.000Z","fresh_until":"0001-01-01T00:00:00.000Z","x":)"),
            "fresh_until is before written_at");
  EXPECT_NE(wrong_with("7"), "nothing");
  EXPECT_NE(wrong_with("{}").find("key is missing"), std::string::npos) << wrong_with("{}");
  EXPECT_NE(wrong_with(std::string(10'000, '[')), "nothing");
}

TEST(RecordLine, Base64IsReadStrictly) {
  for (const std::string bytes : {"", "f", "fo", "foo", "foobar", "\xff\xfe\xfd"}) {
    EXPECT_EQ(from_base64(base64(bytes)), bytes);
  }
  for (const char* wrong :
       {"A", "AA", "AAA", "A===", "====", "AA=A", "AB==", "AAB=", "AA==AAAA", "A*AA", "AA A"}) {
    EXPECT_EQ(from_base64(wrong), std::nullopt) << wrong;
  }
}

TEST(LineSplitter, TellsLinesThatAreTooLong) {
  std::string told;
  LineSplitter lines(5, [&](std::uint64_t number, const std::string_view* line) {
    told += std::to_string(number) + (line ? "=" + std::string(*line) : "!") + " ";
    return Result<void>();
  });
  for (const char* piece : {"one\ntw", "o\n", "longer", " still", "\n12345\n123", "456\n", "end"}) {
    ASSERT_TRUE(lines.add(piece).ok());
  }
  ASSERT_TRUE(lines.finish().ok());
  EXPECT_EQ(told, "1=one 2=two 3! 4=12345 5! 6=end ");
}

TEST(ProgressBar, SaysHowFarItIs) {
  EXPECT_EQ(ProgressBar::text("pages", 0, 0), "pages ...");
  EXPECT_EQ(ProgressBar::text("line", 1'234, 0), "line 1,234");
  EXPECT_EQ(ProgressBar::text("entries", 500, 1'000),
            "entries [###############---------------] 50.0 %, 500 of 1,000");
  EXPECT_EQ(ProgressBar::text("entries", 2'000, 1'000),
            "entries [" + std::string(30, '#') + "] 100.0 %, 1,000 of 1,000");
}

}  // namespace
}  // namespace strata::cli
