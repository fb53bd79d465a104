// Tests of values as text: what is read, what is written, and that they agree.
#include "config/setting.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace strata::internal {
namespace {

Setting make(SettingType type, Range range = {}) {
  Setting setting;
  setting.type = type;
  setting.range = range;
  return setting;
}

std::string error_of(const Setting& setting, const std::string& text) {
  const auto value = parse_value(setting, text, "\"" + text + "\"");
  return value ? "" : value.error().message;
}

// What is written for what was read.
std::string again(const Setting& setting, const std::string& text) {
  const auto value = parse_value(setting, text, "\"" + text + "\"");
  return value ? format_value(setting, *value) : "error: " + value.error().message;
}

TEST(SettingValue, BooleansAreTrueAndFalseOnly) {
  const Setting setting = make(SettingType::kBoolean);
  EXPECT_EQ(again(setting, "true"), "true");
  EXPECT_EQ(again(setting, "false"), "false");
  EXPECT_EQ(error_of(setting, "yes"), "\"yes\" is not true or false; write true");
  EXPECT_EQ(error_of(setting, "On"), "\"On\" is not true or false; write true");
  EXPECT_EQ(error_of(setting, "1"), "\"1\" is not true or false; write true");
  EXPECT_EQ(error_of(setting, "off"), "\"off\" is not true or false; write false");
  EXPECT_EQ(error_of(setting, "FALSE"), "\"FALSE\" is not true or false; write false");
  EXPECT_EQ(error_of(setting, "maybe"), "\"maybe\" is not true or false; write true or false");
  EXPECT_EQ(error_of(setting, ""), "\"\" is not true or false; write true or false");
}

TEST(SettingValue, ASwitchIsTrueFalseOrAShareOfKeys) {
  const Setting setting = make(SettingType::kEnabled);
  EXPECT_EQ(again(setting, "true"), "true");
  EXPECT_EQ(again(setting, "false"), "false");
  EXPECT_EQ(again(setting, "25%"), "25%");
  EXPECT_EQ(again(setting, "12.50%"), "12.5%");
  EXPECT_EQ(again(setting, "0%"), "false");
  EXPECT_EQ(again(setting, "100%"), "true");
  EXPECT_EQ(error_of(setting, "101%"), "\"101%\" is out of range; write 0% to 100%");
  EXPECT_EQ(error_of(setting, "on"),
            "\"on\" is not true or false; write true, or a share of the keys, for example 25%");
  for (const char* text : {"", "25", "0.25", "%", ".%", "-1%", "1e1%", "1.2.3%", " 25%", "25 %"}) {
    EXPECT_EQ(error_of(setting, text), "\"" + std::string(text) +
                                           "\" is not true or false; write true or false, or a "
                                           "share of the keys, for example 25%");
  }
  EXPECT_EQ(describe_type(setting), "true, false or 0% to 100%");
  // What a variable says.
  const auto outside = [&](const std::string& text) {
    const auto value = parse_outside_boolean(setting, text, "it");
    return value ? format_value(setting, *value) : "error";
  };
  EXPECT_EQ(outside("Yes"), "true");
  EXPECT_EQ(outside("0"), "false");
  EXPECT_EQ(outside("25%"), "25%");
  EXPECT_EQ(outside("25"), "error");
}

TEST(SettingValue, IntegersAreDecimalAndInRange) {
  const Setting setting = make(SettingType::kInteger, {1, 64});
  EXPECT_EQ(again(setting, "1"), "1");
  EXPECT_EQ(again(setting, "64"), "64");
  EXPECT_EQ(error_of(setting, "0"), "\"0\" is out of range; write 1 to 64");
  EXPECT_EQ(error_of(setting, "-1"), "\"-1\" is out of range; write 1 to 64");
  EXPECT_EQ(error_of(setting, "65"), "\"65\" is out of range; write 1 to 64");
  EXPECT_EQ(error_of(setting, "99999999999999999999"),
            "\"99999999999999999999\" is out of range; write 1 to 64");
  for (const char* text :
       {"", "-", "-0", "+1", "010", "0x10", "1.0", "1e3", " 1", "1 ", "1_000", "four"}) {
    EXPECT_EQ(error_of(setting, text),
              "\"" + std::string(text) + "\" is not a whole number; write 1 to 64");
  }
}

TEST(SettingValue, SizesHaveUnits) {
  const Setting setting = make(SettingType::kBytes, {0, 1LL << 50});
  EXPECT_EQ(again(setting, "0"), "0");
  EXPECT_EQ(again(setting, "1000"), "1000");
  EXPECT_EQ(again(setting, "1024"), "1KiB");
  EXPECT_EQ(again(setting, "512MiB"), "512MiB");
  EXPECT_EQ(again(setting, "512 MiB"), "512MiB");
  EXPECT_EQ(again(setting, "2048MiB"), "2GiB");
  EXPECT_EQ(again(setting, "3kB"), "3000");
  EXPECT_EQ(again(setting, "3MB"), "3000000");
  EXPECT_EQ(again(setting, "1GB"), "1000000000");
  for (const char* text :
       {"12 parsecs", "MiB", "1.5GiB", "-MiB", "1mib", "1K", "1MiB ", "1  MiB", "0x1MiB"}) {
    EXPECT_EQ(error_of(setting, text),
              "\"" + std::string(text) +
                  "\" is not a size; write bytes or a number with KiB, MiB or GiB, for example "
                  "512MiB");
  }
  EXPECT_EQ(error_of(setting, "-1MiB"), "\"-1MiB\" is out of range; write 0 to 1048576GiB");
  EXPECT_EQ(error_of(setting, "9999999999GiB"),
            "\"9999999999GiB\" is out of range; write 0 to 1048576GiB");
}

TEST(SettingValue, DurationsHaveTheDocumentedForms) {
  const Setting setting = make(SettingType::kDuration, {0, kForever.count()});
  EXPECT_EQ(again(setting, "365d"), again(setting, "8760h"));
  EXPECT_EQ(again(setting, "90"), again(setting, "1m30s"));
  EXPECT_EQ(again(setting, "1.5h"), again(setting, "90m"));
  EXPECT_EQ(again(setting, "PT30M"), again(setting, "30m"));
  EXPECT_EQ(again(setting, "250ms"), "250ms");
  EXPECT_EQ(again(setting, "never"), "never");
  for (const char* text : {"", "-1s", "5 parsecs", "abc", "1h 30m", "P1Y"}) {
    EXPECT_EQ(error_of(setting, text),
              "\"" + std::string(text) +
                  "\" is not a duration; write a number with d, h, m, s or ms, or never, for "
                  "example 1h30m");
  }
}

TEST(SettingValue, ADurationWithAnEndIsNeverNever) {
  const Setting setting = make(SettingType::kDuration, {1'000'000, 60'000'000'000});
  EXPECT_EQ(error_of(setting, "never"), "\"never\" is out of range; write 1ms to 1m");
  EXPECT_EQ(error_of(setting, "61s"), "\"61s\" is out of range; write 1ms to 1m");
  EXPECT_EQ(error_of(setting, "x"),
            "\"x\" is not a duration; write a number with d, h, m, s or ms, for example 1h30m");
}

TEST(SettingValue, SharesAreDecimalsBelowOne) {
  const Setting setting = make(SettingType::kShare);
  EXPECT_EQ(again(setting, "0"), "0");
  EXPECT_EQ(again(setting, "0.99"), "0.99");
  EXPECT_EQ(again(setting, "0.05"), "0.05");
  EXPECT_EQ(again(setting, ".5"), "0.5");
  EXPECT_EQ(error_of(setting, "1"), "\"1\" is out of range; write 0 to less than 1");
  for (const char* text : {"", ".", "-0.1", "nan", "inf", "0x1", "5%", "1e-3", "0.1.2"}) {
    EXPECT_EQ(
        error_of(setting, text),
        "\"" + std::string(text) + "\" is not a share; write 0 to less than 1, for example 0.05");
  }
}

TEST(SettingValue, AChoiceSuggestsTheNearest) {
  constexpr std::array<std::string_view, 3> kChoices = {"normal", "sync", "power"};
  Setting setting = make(SettingType::kChoice);
  setting.choices = kChoices;
  EXPECT_EQ(again(setting, "sync"), "sync");
  EXPECT_EQ(error_of(setting, "synk"),
            "\"synk\" is not one of: normal, sync, power, did you mean \"sync\"?");
  EXPECT_EQ(error_of(setting, "Sync"),
            "\"Sync\" is not one of: normal, sync, power, did you mean \"sync\"?");
  EXPECT_EQ(error_of(setting, "x"), "\"x\" is not one of: normal, sync, power");
}

TEST(SettingValue, TextsAreQuotedWhereAReaderCouldErr) {
  EXPECT_EQ(yaml_text("cache"), "cache");
  EXPECT_EQ(yaml_text(".cache/strata.db"), ".cache/strata.db");
  EXPECT_EQ(yaml_text("/var/cache/x-1.db"), "/var/cache/x-1.db");
  for (const char* text :
       {"true", "No", "null", "1", "1.5", "", "a b", "a: b", "- a", "-", "#x", "*a"}) {
    EXPECT_EQ(yaml_text(text), "\"" + std::string(text) + "\"");
  }
  EXPECT_EQ(yaml_text("a\"\\\n\t$x"), "\"a\\\"\\\\\\n\\x09$$x\"");
}

TEST(SettingValue, ListsAndMapsAreWrittenOnOneLine) {
  EXPECT_EQ(format_value(make(SettingType::kTextList), std::vector<std::string>{"a", "b c"}),
            "[a, \"b c\"]");
  EXPECT_EQ(format_value(make(SettingType::kIntegerList), std::vector<int>{404, 410}),
            "[404, 410]");
  EXPECT_EQ(format_value(make(SettingType::kParameters),
                         std::vector<Named>{{"id", std::nullopt}, {"year", "2022"}}),
            "{id: null, year: \"2022\"}");
  EXPECT_EQ(format_value(make(SettingType::kTextMap), std::vector<Named>{}), "{}");
}

}  // namespace
}  // namespace strata::internal
