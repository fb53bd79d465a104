// Tests that the example and the manual say what the table says.
//
// STRATA_UPDATE=1 strata_config_test writes both anew instead of comparing them.
#include "config/example.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "strata/config/settings.h"

namespace strata::internal {
namespace {

const std::filesystem::path kRoot = STRATA_SOURCE_FOLDER;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The first line in which the texts differ, so that a failure is readable; empty if none.
std::string first_difference(const std::string& actual, const std::string& expected) {
  std::istringstream actual_lines(actual);
  std::istringstream expected_lines(expected);
  std::string a;
  std::string b;
  for (int line = 1;; ++line) {
    const bool has_a = static_cast<bool>(std::getline(actual_lines, a));
    const bool has_b = static_cast<bool>(std::getline(expected_lines, b));
    if (!has_a && !has_b) return actual == expected ? "" : "the line ends";
    if (has_a != has_b || a != b) {
      return "line " + std::to_string(line) + " is '" + (has_a ? a : "missing") +
             "' and should be '" + (has_b ? b : "absent") +
             "'; run STRATA_UPDATE=1 strata_config_test";
    }
  }
}

bool is_update() { return std::getenv("STRATA_UPDATE") != nullptr; }

Environment nothing_set() {
  return [](const std::string&) { return std::nullopt; };
}

void expect_same(const Settings& a, const Settings& b) {
  const auto shown_a = effective_settings(a);
  const auto shown_b = effective_settings(b);
  ASSERT_EQ(shown_a.size(), shown_b.size());
  for (std::size_t index = 0; index < shown_a.size(); ++index) {
    EXPECT_EQ(shown_a[index].key, shown_b[index].key);
    EXPECT_EQ(shown_a[index].value, shown_b[index].value) << shown_a[index].key;
  }
}

TEST(Example, GivesEveryKeyItsDefault) {
  const Settings settings = parse_settings(write_example(), "e.yaml", nothing_set()).value();
  expect_same(settings, Settings());
  EXPECT_EQ(settings_warnings(settings), std::vector<std::string>());

  // What holds for all is in force, not only shown.
  for (const EffectiveSetting& setting : effective_settings(Settings())) {
    EXPECT_TRUE(settings.origins.contains(setting.key)) << setting.key;
  }
}

TEST(Example, WhatItOnlyShowsIsAccepted) {
  const auto settings = parse_settings(uncommented(write_example()), "e.yaml", nothing_set());
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  ASSERT_EQ(settings->keyspaces.size(), 1u);
  EXPECT_TRUE(settings->memory.tenants.contains("acme"));
  ASSERT_EQ(settings->sources.size(), 2u);
  EXPECT_TRUE(settings->origins.contains("cache.keyspaces.user.type"));
  EXPECT_TRUE(settings->origins.contains("cache.sources.profile.http.connections"));
  EXPECT_TRUE(settings->origins.contains("cache.sources.account.sqlite.connections"));
  ASSERT_EQ(settings->types.size(), 1u);
  ASSERT_EQ(settings->rules.size(), 1u);
  EXPECT_EQ(settings->rules[0].on, (std::vector<std::string>{"write issue", "delete issue"}));
  EXPECT_EQ(settings->rules[0].invalidate, (std::vector<std::string>{"issue:{id}", "issue:lists"}));
  EXPECT_EQ(settings->cascades.at("issues-of-project").label, "project:{id}");
  EXPECT_EQ(settings->outboxes.at("shop").options.database, "orders.db");
  for (const EffectiveSetting& setting : effective_settings(*settings)) {
    const bool is_of_events =
        setting.key.starts_with("cache.types") || setting.key.starts_with("cache.rules") ||
        setting.key.starts_with("cache.cascades") || setting.key.starts_with("cache.outboxes");
    EXPECT_TRUE(!is_of_events || settings->origins.contains(setting.key)) << setting.key;
  }
  // Keyspaces are shown with the default, no type.
  EXPECT_THAT(settings_warnings(*settings),
              testing::ElementsAre(testing::HasSubstr("no keyspace has type: issue"),
                                   testing::HasSubstr("no keyspace has type: project")));
}

TEST(Example, ItsLinesAreShort) {
  std::istringstream lines(write_example());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(Example, TheShippedFileIsTheWrittenOne) {
  const std::filesystem::path path = kRoot / "strata.example.yaml";
  if (is_update()) std::ofstream(path) << write_example();
  EXPECT_EQ(first_difference(read(path), write_example()), "");

  const auto settings = load_settings(path.string(), nothing_set());
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  expect_same(*settings, Settings());
}

TEST(Example, TheManualHasTheTable) {
  const std::filesystem::path path = kRoot / "docs" / "configuration.md";
  const std::string begin = "<!-- settings: generated from the table in src/config/schema.cc -->\n";
  const std::string end = "<!-- settings: end -->\n";
  const std::string text = read(path);
  const std::size_t first = text.find(begin);
  const std::size_t last = text.find(end);
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(last, std::string::npos);
  const std::size_t table = first + begin.size();
  const std::string expected = settings_reference() + "\n";
  if (is_update()) {
    std::ofstream(path) << text.substr(0, table) + expected + text.substr(last);
    return;
  }
  EXPECT_EQ(first_difference(text.substr(table, last - table), expected), "");
}

// Every YAML block of the manual, and of the guides to its sections, is a configuration that is
// accepted.
TEST(Example, TheManualsExamplesAreAccepted) {
  const Environment all_set = [](const std::string&) { return std::optional<std::string>("1"); };
  const std::vector<std::pair<const char*, int>> guides = {
      {"configuration.md", 4}, {"events.md", 3}, {"outbox.md", 1}};
  for (const auto& [file, least] : guides) {
    const std::string text = read(kRoot / "docs" / file);
    int blocks = 0;
    for (std::size_t at = text.find("```yaml\n"); at != std::string::npos;
         at = text.find("```yaml\n", at)) {
      at += 8;
      const std::size_t end = text.find("```", at);
      const std::string block = text.substr(at, end - at);
      EXPECT_NE(block.find("cache:\n"), std::string::npos) << block;
      const auto settings = parse_settings(block, file, all_set);
      EXPECT_TRUE(settings.ok()) << settings.error().message;
      ++blocks;
      at = end + 3;
    }
    EXPECT_GE(blocks, least) << file;
  }
}

}  // namespace
}  // namespace strata::internal
