// `strata explain`, and who is named in explanations of what the program did.
#include <gtest/gtest.h>

#include <fstream>

#include "strata/codecs/json.h"
#include "strata/codecs/members.h"
#include "strata/tiered/origin.h"
#include "testkit/program_run.h"

struct Described {
  std::string name;
};
template <>
struct strata::Members<Described> {
  static constexpr std::string_view kName = "described";
  static constexpr auto kMembers = std::tuple(strata::member("name", &Described::name));
};

namespace strata::cli {
namespace {

using std::chrono::hours;

class ExplainTest : public testing::Test, protected testkit::ProgramRun {};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(ExplainTest, TellsWhereAKeyIsAndWhatItCarries) {
  fill([](Cache& cache) {
    cache.keyspace<std::string>("user").put(
        "42", "Ada", {.ttl = hours(1), .labels = {tag("org:7")}, .version = "v7"});
  });
  const Json told = Json::parse(run({"explain", "user:42", "--json"}).data).value();
  EXPECT_EQ(told.pick("/schema").value().text(), "\"strata.explain/1\"");
  EXPECT_EQ(told.pick("/key").value().text(), "\"1:user::42:\"");
  EXPECT_EQ(told.pick("/places/0/tier").value().text(), "\"sqlite\"");
  EXPECT_EQ(told.pick("/places/0/state").value().text(), "\"fresh\"");
  EXPECT_EQ(told.pick("/places/0/size_bytes").value().text(), "3");
  EXPECT_EQ(told.pick("/places/0/version").value().text(), "\"v7\"");
  EXPECT_EQ(told.pick("/places/0/labels/0").value().text(), "\"keyspace:user\"");
  EXPECT_EQ(told.pick("/places/0/labels/1").value().text(), "\"tag:org:7\"");
  EXPECT_EQ(told.pick("/miss").value().text(), "null");
  EXPECT_EQ(run({"explain", "1:user::42:", "--json"}).code, ExitCode::kOk);
  const std::string text = run({"explain", "user:42"}).data;
  EXPECT_TRUE(has(text, "tag:org:7")) << text;
  EXPECT_TRUE(has(text, "fresh")) << text;
  EXPECT_FALSE(has(text, "would miss")) << text;
}

// The program knows no types, so that none is another one's.
TEST_F(ExplainTest, ValuesOfAnyTypeAreSaidToBeThere) {
  fill([](Cache& cache) {
    cache.keyspace<Described>("described").put("1", Described{.name = "Ada"});
    cache.keyspace<int>("number").put("1", 1);
  });
  for (const char* key : {"described:1", "number:1"}) {
    const Outcome outcome = run({"explain", key});
    EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.messages;
    EXPECT_TRUE(has(outcome.data, "fresh")) << outcome.data;
    EXPECT_FALSE(has(outcome.data, "refused")) << outcome.data;
  }
}

TEST_F(ExplainTest, AFileThatWasLeftOutOfACacheIsSaidToBeEmptied) {
  fill([](Cache& cache) { cache.keyspace<std::string>("user").put("42", "Ada"); });
  std::ofstream(folder_.file("cache.db.doubt")).flush();
  const Outcome checked = run({"validate"});
  EXPECT_TRUE(has(checked.messages, "cache.db.doubt")) << checked.messages;
  const Outcome outcome = run({"explain", "user:42"});
  EXPECT_TRUE(has(outcome.messages, "may have invalidated")) << outcome.messages;
  EXPECT_FALSE(has(outcome.data, "fresh")) << outcome.data;
}

TEST_F(ExplainTest, TellsTheAgeOfWhatNeverEnds) {
  fill([](Cache& cache) {
    cache.keyspace<std::string>("user").put("42", "Ada", {.ttl = kForever});
  });
  const Json told = Json::parse(run({"explain", "user:42", "--json"}).data).value();
  EXPECT_EQ(told.pick("/places/0/kept_left_seconds").value().text(), "null");
  EXPECT_GT(std::stod(told.pick("/places/0/age_seconds").value().text()), 0);
}

TEST_F(ExplainTest, FindsKeysWhoseParametersAreHashed) {
  const std::string lengthy(300, 'v');
  std::string key;
  fill([&](Cache& cache) {
    auto pages = cache.keyspace<std::string>("page");
    const Key made = pages.key({.identifier = "a", .params = {{"q", lengthy}}}).value();
    pages.put(made, "text");
    key = made.text();
  });
  ASSERT_TRUE(has(key, ":#"));
  const Outcome outcome = run({"explain", key, "--json"});
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.messages;
  EXPECT_TRUE(has(outcome.data, "\"size_bytes\":4")) << outcome.data;
}

TEST_F(ExplainTest, SaysWhenNothingIsKnown) {
  const Outcome outcome = run({"explain", "user:42"});
  EXPECT_EQ(outcome.code, ExitCode::kNotFound);
  EXPECT_EQ(outcome.data, "");
  EXPECT_TRUE(has(outcome.messages, "user:42 is not in the cache")) << outcome.messages;
  EXPECT_EQ(run({"explain", "user"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"explain", "us er:1"}).code, ExitCode::kUsage);
}

TEST_F(ExplainTest, AKeyspaceThatIsNowhereIsSaidToBeSo) {
  fill([](Cache& cache) { cache.keyspace<std::string>("user").put("42", "Ada"); });
  const Outcome outcome = run({"explain", "usr:42"});
  EXPECT_EQ(outcome.code, ExitCode::kNotFound);
  EXPECT_TRUE(has(outcome.messages,
                  "no keyspace \"usr\" is configured or cached, did you mean "
                  "\"user\"?"))
      << outcome.messages;
  EXPECT_FALSE(has(run({"explain", "user:43"}).messages, "configured"));
}

// What the library takes for a miss is none here either.
TEST_F(ExplainTest, WhatWasStoredWithoutALabelOfTheKeyspaceIsAMiss) {
  for (const char* label : {"type", "schema", "source"}) {
    std::ofstream(folder_.file("strata.yaml")) << "cache: {sqlite: {path: cache.db}}\n";
    fill([](Cache& cache) { cache.keyspace<std::string>("user").put("42", "Ada"); });
    EXPECT_EQ(run({"get", "--keyspace", "user", "42"}).data, "Ada");
    std::ofstream(folder_.file("strata.yaml"))
        << "cache: {sqlite: {path: cache.db}, keyspaces: {user: {" << label << ": new}}}\n";
    const std::string reason =
        "it was stored without " + std::string(label) + ":new, which its keyspace has now";
    const Outcome got = run({"get", "--keyspace", "user", "42"});
    EXPECT_EQ(got.code, ExitCode::kNotFound);
    EXPECT_EQ(got.data, "");
    EXPECT_TRUE(has(got.messages, "user:42 is a miss: " + reason)) << got.messages;
    const std::string text = run({"explain", "user:42"}).data;
    EXPECT_TRUE(has(text, "would miss  version: " + reason)) << text;
    EXPECT_TRUE(has(text, "refused")) << text;
    EXPECT_FALSE(has(text, "fresh")) << text;
    const Json told = Json::parse(run({"explain", "user:42", "--json"}).data).value();
    EXPECT_EQ(told.pick("/places/0/state").value().text(), "\"refused\"");
    EXPECT_EQ(told.pick("/miss").value().text(), "\"version\"");
  }
}

TEST_F(ExplainTest, AJournalThatCannotBeReadIsAWarning) {
  fill([](Cache& cache) {
    cache.keyspace<std::string>("user").put("42", "Ada");
    cache.keyspace<std::string>("user").invalidate("42");
  });
  EXPECT_EQ(run({"explain", "user:42"}).code, ExitCode::kOk);
  std::ofstream(folder_.file("cache.db.causes")) << "damaged";
  const Outcome outcome = run({"explain", "user:42"});
  EXPECT_EQ(outcome.code, ExitCode::kCorrupt);
  EXPECT_TRUE(has(outcome.messages, "what happened before cannot be told: ")) << outcome.messages;
  EXPECT_TRUE(has(outcome.messages, "cache.db.causes")) << outcome.messages;
  EXPECT_EQ(run({"explain", "user:43"}).code, ExitCode::kCorrupt);
}

TEST_F(ExplainTest, LooksWithoutLeavingATraceInTheStatistics) {
  fill([](Cache& cache) { cache.keyspace<std::string>("user").put("42", "Ada"); });
  const std::string before = run({"stats", "--json"}).data;
  for (const char* key : {"user:42", "user:43"}) run({"explain", key});
  run({"labels"});
  EXPECT_EQ(run({"stats", "--json"}).data, before);
}

TEST_F(ExplainTest, StatisticsTellWhyKeyspacesMissed) {
  fill([](Cache& cache) { cache.keyspace<std::string>("user").put("42", "Ada"); });
  run({"get", "--keyspace", "user", "43"});
  run({"get", "--keyspace", "user", "44"});
  const Json stats = Json::parse(run({"stats", "--json"}).data).value();
  EXPECT_EQ(stats.pick("/by_keyspace/user/miss_reasons/cold").value().text(), "2");
  EXPECT_EQ(stats.pick("/by_keyspace/user/miss_reasons/evicted").value().text(), "0");
  const std::string text = run({"stats"}).data;
  EXPECT_TRUE(has(text, "MISSES OF  COLD\nuser          2\n")) << text;
}

// Whatever a thread does within an origin has it as its root, also through events.
TEST_F(ExplainTest, WhatIsDoneWithinAnOriginNamesIt) {
  fill([](Cache& cache) {
    auto users = cache.keyspace<std::string>("user");
    const Key key = users.key({.identifier = "42"}).value();
    const auto why = [&] { return cache.explain(key).history.front(); };
    users.put("42", "Ada", {.labels = {tag("user:42")}});
    {
      const Cache::Origin origin(cache, "4711 strata invalidate");
      cache.invalidate(tag("user:42"));
      EXPECT_TRUE(has(why(), "tag user:42 <- pid 4711 strata invalidate")) << why();
      users.put("42", "Bob", {.labels = {tag("user:42")}});
      const Cache::Origin inner(cache, "4711 import");
      cache.invalidate_by_write("user", "42");
      EXPECT_TRUE(has(why(), "event entity_write user 42 <- pid 4711 import <- pid 4711 strata"))
          << why();
    }
    users.put("42", "Cyd", {.labels = {tag("user:42")}});
    cache.invalidate(tag("user:42"));
    EXPECT_FALSE(has(why(), "pid")) << why();
  });
}

}  // namespace
}  // namespace strata::cli
