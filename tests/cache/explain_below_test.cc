// What explain() knows of rows that leave a real SQLite tier, whatever memory holds.
#include <gmock/gmock.h>

#include <string>

#include "cache/cache_fixture.h"
#include "strata/tiered/origin.h"
#include "testkit/sqlite_bed.h"

namespace strata::testkit {
namespace {

using sqlite::WriterHold;
using testing::ElementsAre;
using testing::StartsWith;

class ExplainBelowTest : public testing::Test {
 protected:
  Cache open(const CauseJournalOptions& causes = {}) {
    CacheParts parts;
    parts.hot = memory_tier({}, bed_.clock, seeded_random(1));
    parts.tiers.push_back(bed_.open(options_));
    parts.clock = bed_.clock;
    parts.executor = std::make_shared<ManualExecutor>();
    parts.timer = std::make_shared<ManualTimer>(bed_.clock);
    parts.journal = {.read = [this] { return Result<std::string>(journal_); },
                     .write =
                         [this](std::string_view bytes) {
                           journal_ = bytes;
                           return Result<void>();
                         }};
    parts.options.causes = causes;
    return Cache(std::move(parts));
  }
  void reopen() {
    cache_.close();
    cache_ = open();
    users_ = cache_.keyspace<std::string>("user", kOptions);
  }

  // Leaves the value in the file alone.
  void put_below(const std::string& id, Labels labels = {tag("org:7")}) {
    ASSERT_TRUE(users_.put(id, "value of " + id, {.labels = std::move(labels)}).ok());
    ASSERT_TRUE(cache_.flush().ok());
    forget();
  }
  void forget() { empty_memory(cache_); }
  void settle() { ASSERT_TRUE(cache_.flush().ok()); }

  Explanation explain(const std::string& id = "1") {
    return cache_.explain(users_.key({.identifier = id}).value());
  }
  std::string last(const std::string& id = "1") {
    const Explanation why = explain(id);
    return why.history.empty() ? "" : why.history.front();
  }
  std::uint64_t misses(MissReason reason) {
    std::uint64_t sum = 0;
    for (const KeyspaceStats& stats : cache_.stats().keyspaces) {
      sum += stats.misses[static_cast<std::size_t>(reason)];
    }
    return sum;
  }

  const KeyspaceOptions kOptions{.ttl = minutes(1)};
  sqlite::TestBed bed_;
  SqliteOptions options_ = bed_.options();
  std::string journal_;
  Cache cache_ = open();
  Keyspace<std::string> users_ = cache_.keyspace<std::string>("user", kOptions);
};

TEST_F(ExplainBelowTest, ARowThatMemoryDidNotHaveIsInvalidatedWithItsChain) {
  put_below("1");
  {
    const Cache::Origin origin(cache_, "4711 shop");
    cache_.invalidate(tag("org:7"));
  }
  settle();
  const Explanation why = explain();
  EXPECT_EQ(why.miss, MissReason::kInvalidated) << "not evicted, which it was before that";
  EXPECT_THAT(why.history,
              ElementsAre(StartsWith("invalidated in sqlite by tag org:7 <- pid 4711 shop, "),
                          StartsWith("evicted 0")));
  (void)users_.get("1");
  EXPECT_EQ(misses(MissReason::kInvalidated), 1u);
}

TEST_F(ExplainBelowTest, GroupsAreExplainedAsTagsAre) {
  put_below("1");
  cache_.invalidate(keyspace("user"));
  settle();
  EXPECT_THAT(last(), StartsWith("invalidated in sqlite by keyspace user, 0"));
}

// The file cannot be written: nothing has left it when somebody looks.
TEST_F(ExplainBelowTest, WhoMeetsARowBeforeItIsGoneSaysWhyAndOnlyOnce) {
  put_below("1");
  {
    WriterHold hold(bed_.path());
    cache_.invalidate(tag("org:7"));
    EXPECT_FALSE(users_.get("1"));
    EXPECT_EQ(misses(MissReason::kInvalidated), 1u);
    EXPECT_FALSE(users_.get("1"));
    EXPECT_THAT(last(), StartsWith("invalidated in sqlite by tag org:7, "));
  }
  settle();
  EXPECT_THAT(explain().history,
              ElementsAre(StartsWith("invalidated in sqlite"), StartsWith("evicted")));
}

TEST_F(ExplainBelowTest, APendingRecordIsExplainedToo) {
  WriterHold hold(bed_.path());
  users_.put("1", "value", {.labels = {tag("org:7")}});
  forget();
  cache_.invalidate(tag("org:7"));
  EXPECT_THAT(last(), StartsWith("invalidated in sqlite by tag org:7, "));
}

TEST_F(ExplainBelowTest, EraseAndClearAndExpireSaySo) {
  put_below("1");
  users_.erase("1");
  settle();
  EXPECT_THAT(last(), StartsWith("erased in sqlite by erase 1:user::1:, "));
  put_below("1");
  cache_.clear();
  settle();
  EXPECT_THAT(last(), StartsWith("cleared in sqlite by clear everything, "));
  put_below("1");
  cache_.expire(tag("org:7"));
  settle();
  EXPECT_THAT(last(), StartsWith("expired in sqlite by expire tag org:7, "));
}

TEST_F(ExplainBelowTest, ExpiryEvictionAndCorruptionHaveNoCause) {
  put_below("1");
  bed_.clock->advance(minutes(3));
  cache_.remove_expired();
  EXPECT_THAT(last(), StartsWith("expired in sqlite 0"));
  put_below("1");
  {
    auto file = sqlite::Database::open({.path = bed_.path(), .use = sqlite::Database::Use::kWrite});
    ASSERT_TRUE(file->execute("UPDATE entries SET record=x'00'").ok());
  }
  EXPECT_FALSE(users_.get("1"));
  settle();
  EXPECT_THAT(last(), StartsWith("corrupt in sqlite 0"));
  EXPECT_EQ(explain().miss, MissReason::kCorrupt);
}

TEST_F(ExplainBelowTest, WhatTheFileHadNoRoomForIsEvicted) {
  cache_.close();
  options_.max_bytes = 1u << 20;
  reopen();
  for (int i = 0; i < 400; ++i) users_.put(std::to_string(i), std::string(5'000, 'x'));
  settle();
  wait_until([&] { return cache_.journal().stats().removals_recorded > 0; });
  std::size_t told = 0;
  for (int i = 0; i < 400; ++i) {
    const Explanation why = explain(std::to_string(i));
    if (why.history.empty()) continue;
    EXPECT_THAT(why.history, ElementsAre(StartsWith("evicted in sqlite 0")));
    ++told;
  }
  EXPECT_GT(told, 0u);
}

TEST_F(ExplainBelowTest, WhatDependedOnAPutIsExplainedByIt) {
  auto pages = cache_.keyspace<std::string>("page");
  users_.put("1", "Ada");
  (void)pages.get_or_load("home", [&](Load& load) { return *load.get(users_, "1"); });
  settle();
  forget();
  ASSERT_TRUE(users_.get("1"));  // memory has the key, and not the page
  users_.put("1", "Grace");
  settle();
  const Explanation why = cache_.explain(pages.key({.identifier = "home"}).value());
  ASSERT_FALSE(why.history.empty());
  EXPECT_THAT(why.history[0], StartsWith("invalidated in sqlite by put 1:user::1:, "));
}

// A put that takes the place of nothing in memory leaves no cause behind, and none is guessed.
TEST_F(ExplainBelowTest, WhereNoCauseWasRecordedNoneIsNamed) {
  auto pages = cache_.keyspace<std::string>("page");
  users_.put("1", "Ada");
  (void)pages.get_or_load("home", [&](Load& load) { return *load.get(users_, "1"); });
  settle();
  forget();
  users_.put("1", "Grace");
  settle();
  const Explanation why = cache_.explain(pages.key({.identifier = "home"}).value());
  ASSERT_FALSE(why.history.empty());
  EXPECT_THAT(why.history[0], StartsWith("invalidated in sqlite by (not in the journal), "));
}

TEST_F(ExplainBelowTest, TheNextProcessKnowsIt) {
  put_below("1");
  reopen();
  {
    const Cache::Origin origin(cache_, "4711 shop");
    cache_.invalidate(tag("org:7"));
  }
  reopen();
  EXPECT_THAT(last(), StartsWith("invalidated in sqlite by tag org:7 <- pid 4711 shop, "));
  (void)users_.get("1");
  EXPECT_EQ(misses(MissReason::kInvalidated), 1u);
}

TEST_F(ExplainBelowTest, AnInvalidationTellsOfSoManyAndNoMore) {
  for (int i = 0; i < 1'300; ++i) {
    users_.put(std::to_string(i), "x", {.labels = {tag("many")}});
    if (i % 500 == 499) settle();
  }
  settle();
  forget();
  const std::uint64_t before = cache_.journal().stats().removals_recorded;
  cache_.invalidate(tag("many"));
  settle();
  EXPECT_EQ(cache_.journal().stats().removals_recorded - before, 1'000u);
  EXPECT_EQ(cache_.lower_tiers()[0]->stats().entries, 0u);
}

TEST_F(ExplainBelowTest, AFileThatIsReplacedTellsOfItsFirstRows) {
  for (int i = 0; i < 5'000; ++i) {
    users_.put(std::to_string(i), "x");
    if (i % 500 == 499) settle();
  }
  settle();
  forget();
  cache_.clear();
  settle();
  EXPECT_THAT(last("0"), StartsWith("cleared in sqlite by clear everything, "));
}

}  // namespace
}  // namespace strata::testkit
