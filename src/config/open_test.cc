// Tests of open(): a file becomes a running cache, and what cannot be opened says why and where.
#include "strata/config/open.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "strata/config/settings.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

class Open : public testing::Test {
 protected:
  Result<Cache> open_text(const std::string& text) {
    const std::string path = folder_.file("strata.yaml");
    std::ofstream(path) << text;
    return strata::open(path);
  }
  // The same file under the name that stands in messages.
  std::string error_of(const std::string& text) {
    const auto cache = open_text(text);
    if (cache) return "";
    const std::string prefix = folder_.path().string() + "/";
    std::string message = cache.error().message;
    for (std::size_t at = message.find(prefix); at != std::string::npos;
         at = message.find(prefix)) {
      message.erase(at, prefix.size());
    }
    return message;
  }

  testkit::TempDir folder_;
};

TEST_F(Open, AnEmptyFileIsMemoryOverSqliteBesideIt) {
  {
    Cache cache = open_text("").value();
    EXPECT_EQ(cache.stats().tiers.size(), 2u);
    cache.keyspace<std::string>("text").put("1", "one");
    ASSERT_TRUE(cache.flush().ok());
    cache.close();
  }
  const std::filesystem::path made = folder_.path() / ".cache";
  EXPECT_TRUE(std::filesystem::exists(made / "strata.db"));
  EXPECT_EQ(std::filesystem::status(made).permissions(), std::filesystem::perms::owner_all);

  Cache again = open_text("").value();
  const auto found = again.keyspace<std::string>("text").get("1");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, "one");
  EXPECT_EQ(found.tier(), "sqlite");
}

TEST_F(Open, ACurveIsThereIfTheConfigurationAsksForIt) {
  EXPECT_TRUE(
      open_text("cache: {memory: {curve: true}, sqlite: {enabled: false}}").value().curve());
  const auto without = open_text("cache: {sqlite: {enabled: false}}").value().curve();
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().message,
            "memory has no curve: MemoryOptions::curve (cache.memory.curve) is false");
}

TEST_F(Open, AnyCombinationOfTiersWorks) {
  for (const bool memory : {false, true}) {
    for (const bool sqlite : {false, true}) {
      const auto on = [](bool enabled) { return enabled ? "true" : "false"; };
      Cache cache = open_text("cache:\n  memory: {enabled: " + std::string(on(memory)) +
                              "}\n  sqlite: {enabled: " + on(sqlite) + "}\n  keyspaces:\n" +
                              "    low: {tiers: [sqlite]}\n    high: {tiers: [memory]}\n")
                        .value();
      for (const char* name : {"low", "high", "both"}) {
        SCOPED_TRACE(std::string(name) + on(memory) + on(sqlite));
        const bool is_kept =
            (memory && std::string(name) != "low") || (sqlite && std::string(name) != "high");
        auto texts = cache.keyspace<std::string>(name);
        EXPECT_TRUE(texts.status().ok());
        int loads = 0;
        const auto load = [&] { return std::to_string(++loads); };
        EXPECT_EQ(*texts.get_or_load("1", load), "1");
        EXPECT_EQ(*texts.get_or_load("1", load), is_kept ? "1" : "2");
        EXPECT_TRUE(texts.erase("1").ok());
        EXPECT_EQ(*texts.get_or_load("1", load), is_kept ? "2" : "3");
      }
      cache.close();
      std::filesystem::remove_all(folder_.path() / ".cache");
    }
  }
}

TEST_F(Open, AFileThatWasSwitchedOffIsClearedWhenItIsSwitchedOn) {
  {
    Cache cache = open_text("").value();
    cache.keyspace<std::string>("text").put("1", "one", {.labels = {tag("t")}});
  }
  {
    Cache cache = open_text("cache: {sqlite: {enabled: false}}").value();
    EXPECT_TRUE(cache.invalidate(tag("t")).ok());
  }
  Cache cache = open_text("").value();
  EXPECT_EQ(cache.keyspace<std::string>("text").get("1").outcome(), Outcome::kMiss);
}

TEST_F(Open, ASqliteSourceIsReadRelativeToTheFile) {
  // Any SQLite file will do: that of a cache is one.
  open_text("").value().close();
  Cache cache = open_text(R"(
cache:
  sqlite: {enabled: false}
  sources:
    tables:
      tags: ["kind:{kind}"]
      sqlite:
        path: .cache/strata.db
        query: SELECT count(*) > 0 AS some FROM sqlite_master WHERE type = :kind
        shape: row
)")
                    .value();
  EXPECT_EQ(*cache.read("tables", {{"kind", "table"}}), "{\"some\":1}");
  EXPECT_EQ(cache.read("tables", {{"kind", "table"}}).tier(), "memory");
  cache.invalidate(tag("kind:table"));
  EXPECT_EQ(cache.read("tables", {{"kind", "table"}}).tier(), "");
}

TEST_F(Open, ASourceWhoseFileComesLaterIsReadThen) {
  const std::string source =
      "  sources:\n    tables:\n      sqlite: {path: later.db, query: \"SELECT :x AS x\"}\n";
  const std::string text = "cache:\n  sqlite: {enabled: false}\n  log: {level: off}\n" + source;
  Cache cache = open_text(text).value();
  const auto early = cache.read("tables", {{"x", "1"}});
  EXPECT_EQ(early.outcome(), Outcome::kError);
  EXPECT_EQ(cache.read("tables", {{"y", "1"}}).error().code, ErrorCode::kRejected)
      << "its parameters are known all the same";

  {
    Cache other = CacheBuilder().sqlite({.path = folder_.file("later.db")}).build().value();
    other.close();
  }
  EXPECT_EQ(*cache.read("tables", {{"x", "1"}}), "[{\"x\":\"1\"}]");

  const std::string strict = error_of(
      "cache:\n  graceful: false\n  sqlite: {enabled: false}\n"
      "  sources:\n    tables:\n      sqlite: {path: none.db, "
      "query: \"SELECT :x AS x\"}\n");
  EXPECT_TRUE(strict.starts_with("strata.yaml:6:16: cache.sources.tables: ")) << strict;
}

TEST_F(Open, AQueryThatIsNoSelectIsAnErrorAlsoForAGracefulCache) {
  open_text("").value().close();
  const std::string error = error_of(
      "cache:\n  sqlite: {enabled: false}\n  sources:\n    a:\n      sqlite:\n"
      "        path: .cache/strata.db\n        query: DELETE FROM sqlite_master\n");
  EXPECT_TRUE(error.starts_with("strata.yaml:6:9: cache.sources.a: ")) << error;
}

TEST_F(Open, AFileOfANewerStrataIsLeftAlone) {
  open_text("").value().close();
  const std::filesystem::path database = folder_.path() / ".cache" / "strata.db";
  {
    // The user_version of SQLite's header, big-endian; with the journal of this version beside
    // it, it would count as damage.
    std::filesystem::remove(database.string() + ".journal");
    std::fstream file(database, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file.write("\0\0\x7f\x00", 4);
  }
  const std::string strict = error_of("cache: {graceful: false, sqlite: {path: .cache/strata.db}}");
  EXPECT_TRUE(strict.starts_with("strata.yaml:1:35: cache.sqlite: ")) << strict;

  Cache cache = open_text("cache: {log: {level: off}}").value();
  EXPECT_EQ(cache.stats().tiers.at(1).tier.state, TierState::kOff);
  EXPECT_NE(strict.find("newer"), std::string::npos) << strict;
}

TEST_F(Open, WhatTheReaderRefusesIsNotOpened) {
  EXPECT_TRUE(error_of("cache: {sqlit: {}}").starts_with("strata.yaml:1:9: cache.sqlit: "));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / ".cache"));
}

TEST_F(Open, SettingsFromCodeAreChecked) {
  Settings settings;
  settings.sqlite.enabled = false;
  settings.name = "a b";
  ASSERT_FALSE(strata::open(settings).ok());
  EXPECT_EQ(strata::open(settings).error().code, ErrorCode::kRejected);
  settings.name = "a";
  EXPECT_TRUE(strata::open(settings).ok());
  settings.sources["x"].kind = HttpOptions();
  const auto wrong_source = strata::open(settings);
  ASSERT_FALSE(wrong_source.ok());
  EXPECT_TRUE(wrong_source.error().message.starts_with("cache.sources.x: "));
}

TEST_F(Open, RulesFromCodeAreChecked) {
  Settings settings;
  settings.sqlite.enabled = false;
  settings.rules = {{.name = "a", .on = {"write issue"}}};
  const auto wrong = strata::open(settings);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().message, "rule \"a\": neither invalidate nor expire has a label");
  settings.rules[0].invalidate = {"issue:{id}"};
  Cache cache = strata::open(settings).value();
  EXPECT_EQ(cache.emit(entity_write("issue", "1")).rules, std::vector<std::string>{"a"});
}

TEST_F(Open, TheJournalIsAsLargeAsTheConfigurationSays) {
  Cache cache = open_text("cache: {sqlite: {enabled: false}, journal: {causes: 0}}").value();
  cache.invalidate(tag("a"));
  EXPECT_EQ(cache.journal().stats().causes_recorded, 0u);
}

TEST_F(Open, TwoCachesLiveSideBySide) {
  Cache a = open_text("cache: {sqlite: {path: a.db}}").value();
  Cache b = open_text("cache: {sqlite: {path: b.db}}").value();
  a.keyspace<std::string>("text").put("1", "one");
  EXPECT_FALSE(b.keyspace<std::string>("text").get("1"));
  a.clear();
  EXPECT_EQ(b.stats().invalidations, 0u);
}

}  // namespace
}  // namespace strata
