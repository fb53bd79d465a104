// get_or_load_many: one load of what nobody has, joined and renewed like any other.
#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache_fixture.h"

namespace strata::testkit {
namespace {

using testing::ElementsAre;

class BatchTest : public CacheFixture {};

// A batch loader that returns "loaded <id>" and writes down what it was asked for.
struct BatchLog {
  std::vector<std::vector<std::string>> asked;
  auto operator()() {
    return [this](std::span<const std::string> missing,
                  Load&) -> Result<std::vector<std::optional<std::string>>> {
      asked.emplace_back(missing.begin(), missing.end());
      std::vector<std::optional<std::string>> values;
      for (const std::string& id : missing) values.emplace_back("loaded " + id);
      return values;
    };
  }
};

TEST_F(BatchTest, ABatchLoadsOnlyWhatIsMissing) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  const std::vector<std::string> ids{"1", "2", "3"};
  std::vector<std::string> asked;
  const auto batch = [&](std::span<const std::string> missing,
                         Load& load) -> Result<std::vector<std::optional<std::string>>> {
    asked.assign(missing.begin(), missing.end());
    load.tag("batch");
    return std::vector<std::optional<std::string>>{"bob", std::nullopt};
  };
  const auto found = users.get_or_load_many(ids, batch);
  EXPECT_EQ(asked, (std::vector<std::string>{"2", "3"}));
  EXPECT_EQ(found[0].outcome(), Outcome::kHit);
  EXPECT_EQ(found[1].value(), "bob");
  EXPECT_TRUE(found[2].absent());
  EXPECT_EQ(users.get("2").value(), "bob");
  cache.invalidate(tag("batch"));
  EXPECT_EQ(users.get("2").outcome(), Outcome::kMiss);
  const auto failing = [](std::span<const std::string>,
                          Load&) -> Result<std::vector<std::optional<std::string>>> {
    return Error{ErrorCode::kUnavailable, "down", {}};
  };
  EXPECT_EQ(users.get_or_load_many(ids, failing)[1].error().message, "down");
}

TEST_F(BatchTest, ABatchIsCountedOncePerId) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  BatchLog log;
  const std::vector<std::string> ids{"1", "2", "3"};
  EXPECT_EQ(users.get_or_load_many(ids, log()).at(2).value(), "loaded 3");
  const KeyspaceStats stats = cache.stats().keyspaces.at(0);
  EXPECT_EQ(stats.lookups(), 3u);
  EXPECT_EQ(stats.count(Outcome::kHit), 1u);
  EXPECT_EQ(stats.count(Outcome::kLoaded), 2u);
  EXPECT_EQ(stats.loads, 1u);
}

TEST_F(BatchTest, ABatchAsksForAnIdOnceHoweverOftenItIsNamed) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  BatchLog log;
  const std::vector<std::string> ids{"1", "1", "2", "1"};
  for (const auto& found : users.get_or_load_many(ids, log())) EXPECT_TRUE(found);
  EXPECT_THAT(log.asked, ElementsAre(ElementsAre("1", "2")));
}

TEST_F(BatchTest, ABatchJoinsTheLoadsThatRunAndIsJoined) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  std::atomic<bool> loading{false};
  std::atomic<bool> joined{false};
  std::thread single([&] {
    const auto found = users.get_or_load("1", [&] {
      loading = true;
      while (!joined) std::this_thread::yield();
      return std::string("single");
    });
    EXPECT_EQ(found.value(), "single");
  });
  while (!loading) std::this_thread::yield();
  BatchLog log;
  auto inner = log();
  std::thread late;
  const std::vector<std::string> ids{"1", "2"};
  const auto found =
      users.get_or_load_many(ids, [&](std::span<const std::string> missing, Load& load) {
        // Whoever asks for what the batch loads waits for the batch.
        std::atomic<bool> asked{false};
        late = std::thread([&] {
          asked = true;
          EXPECT_EQ(users.get_or_load("2", [] { return std::string("late"); }).value(), "loaded 2");
        });
        while (!asked || cache.stats().keyspaces.at(0).joined == 0) std::this_thread::yield();
        joined = true;
        return inner(missing, load);
      });
  single.join();
  late.join();
  EXPECT_EQ(found.at(0).value(), "single");
  EXPECT_EQ(found.at(1).value(), "loaded 2");
  EXPECT_THAT(log.asked, ElementsAre(ElementsAre("2")));
  EXPECT_EQ(cache.stats().keyspaces.at(0).joined, 2u);
}

TEST_F(BatchTest, ABatchThatJoinedBeforeAnInvalidationItSawLoadsThatIdItself) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  std::atomic<bool> loading{false};
  std::atomic<bool> go_on{false};
  std::thread single([&] {
    (void)users.get_or_load("1", [&](Load& load) {
      load.tag("t");
      loading = true;
      while (!go_on) std::this_thread::yield();
      return std::string("old");
    });
  });
  while (!loading) std::this_thread::yield();
  cache.invalidate(tag("t"));
  BatchLog log;
  std::thread waker([&] {
    while (cache.stats().keyspaces.at(0).joined == 0) std::this_thread::yield();
    go_on = true;
  });
  const std::vector<std::string> ids{"1"};
  const auto found = users.get_or_load_many(ids, log());
  single.join();
  waker.join();
  EXPECT_EQ(found.at(0).value(), "loaded 1") << "its load began before the invalidation";
  EXPECT_EQ(cache.stats().keyspaces.at(0).join_refused, 1u);
}

TEST_F(BatchTest, WhatABatchServesStaleIsRenewedBehindItByOneLoad) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = seconds(10), .ttl_jitter = 0, .stale_for = seconds(60)});
  for (const char* id : {"1", "2"}) EXPECT_TRUE(users.put(id, "old").ok());
  clock_->advance(seconds(11));
  for (const bool in_memory : {true, false}) {
    SCOPED_TRACE(in_memory);
    if (!in_memory) empty_memory(cache);
    BatchLog log;
    const std::vector<std::string> ids{"1", "2", in_memory ? "3" : "4"};
    const auto found = users.get_or_load_many(ids, log());
    EXPECT_EQ(found.at(0).outcome(), Outcome::kStaleHit);
    EXPECT_EQ(found.at(2).outcome(), Outcome::kLoaded);
    EXPECT_EQ(log.asked.size(), 1u);
    executor_->run_all();
    ASSERT_EQ(log.asked.size(), 2u);
    EXPECT_THAT(log.asked.at(1), ElementsAre("1", "2"));
    EXPECT_EQ(users.get("1").value(), "loaded 1");
    EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
    clock_->advance(seconds(11));
  }
}

TEST_F(BatchTest, ABatchThatFailsServesWhatIsKeptAndWaitsBeforeItTriesAgain) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user",
      {.ttl = seconds(10), .ttl_jitter = 0, .keep_for = minutes(10), .retry_after = seconds(30)});
  EXPECT_TRUE(users.put("1", "old").ok());
  clock_->advance(seconds(11));
  int runs = 0;
  const auto failing = [&](std::span<const std::string>,
                           Load&) -> Result<std::vector<std::optional<std::string>>> {
    ++runs;
    return Error{ErrorCode::kUnavailable, "down", {}};
  };
  const std::vector<std::string> ids{"1"};
  for (int i = 0; i < 3; ++i) {
    const auto found = users.get_or_load_many(ids, failing);
    EXPECT_EQ(found.at(0).outcome(), Outcome::kStaleHit);
    EXPECT_EQ(found.at(0).value(), "old");
  }
  EXPECT_EQ(runs, 1);
  clock_->advance(seconds(31));
  (void)users.get_or_load_many(ids, failing);
  EXPECT_EQ(runs, 2);
}

TEST_F(BatchTest, ABatchLoaderThatThrowsFailsItsIdsAndReleasesThem) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  const std::vector<std::string> ids{"1", "2"};
  const auto throwing = [](std::span<const std::string>,
                           Load&) -> Result<std::vector<std::optional<std::string>>> {
    throw std::runtime_error("no");
  };
  EXPECT_EQ(users.get_or_load_many(ids, throwing).at(1).error().code, ErrorCode::kLoadFailed);
  BatchLog log;
  EXPECT_EQ(users.get_or_load_many(ids, log()).at(1).value(), "loaded 2");
}

TEST_F(BatchTest, ManyAreErasedAThousandAtATime) {
  Cache cache = make_cache();
  auto users = cache.keyspace<int>("user");
  std::vector<std::string> ids;
  for (int i = 0; i < 1'001; ++i) ids.push_back(std::to_string(i));
  for (const std::string& id : ids) ASSERT_TRUE(users.put(id, 1).stored());
  const auto thousand = std::span(ids).first(1'000);
  EXPECT_EQ(users.erase_many(thousand).tiers.back().removed, 1'000u);
  EXPECT_EQ(cache.stats().invalidations, 1u);
  for (const std::string& id : ids) ASSERT_TRUE(users.put(id, 1).stored());
  EXPECT_EQ(users.erase_many(ids).tiers.back().removed, 1'001u) << "the slices add up";
  EXPECT_EQ(cache.stats().invalidations, 3u);
  for (const std::string& id : ids) ASSERT_FALSE(users.get(id));
}

// A differing value takes the place of the old one, and of what was computed from that.
TEST_F(BatchTest, ABatchThatBypassesTheTiersInvalidatesWhatDependsOnWhatItReplaces) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  auto pages = cache.keyspace<std::string>("page");
  EXPECT_TRUE(users.put("1", "ann").ok());
  const auto page = [&](Load& load) { return "page of " + *load.get(users, "1"); };
  EXPECT_EQ(pages.get_or_load("1", page).value(), "page of ann");
  BatchLog log;
  const std::vector<std::string> ids{"1"};
  EXPECT_EQ(users.get_or_load_many(ids, log(), {.bypass = true}).at(0).value(), "loaded 1");
  EXPECT_EQ(pages.get_or_load("1", page).value(), "page of loaded 1");
}

TEST_F(BatchTest, ABatchThatKnowsANewerVersionReplacesWhatOnlyTheRecordsHave) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  auto pages = cache.keyspace<std::string>("page");
  EXPECT_TRUE(users.put("1", "ann", {.version = "v1"}).ok());
  const auto page = [&](Load& load) { return "page of " + *load.get(users, "1"); };
  EXPECT_EQ(pages.get_or_load("1", page).value(), "page of ann");
  empty_memory(cache);
  BatchLog log;
  const std::vector<std::string> ids{"1"};
  EXPECT_EQ(users.get_or_load_many(ids, log(), {.version = "v2"}).at(0).value(), "loaded 1");
  EXPECT_EQ(pages.get_or_load("1", page).value(), "page of loaded 1");
}

// A load that it left to the executor would wait for the thread that waits for it.
TEST_F(BatchTest, ABatchOnTheOnlyThreadOfTheExecutorLoadsWhatItMayNotJoin) {
  CacheParts parts;
  parts.hot = memory_tier({}, clock_, seeded_random(1));
  parts.clock = system_clock();
  parts.executor = thread_pool({.threads = 1});
  Cache cache(std::move(parts));
  auto users = cache.keyspace<std::string>("user");
  std::atomic<bool> loading{false};
  std::atomic<bool> go_on{false};
  std::thread single([&] {
    (void)users.get_or_load("1", [&](Load& load) {
      load.tag("t");
      loading = true;
      while (!go_on) std::this_thread::yield();
      return std::string("old");
    });
  });
  while (!loading) std::this_thread::yield();
  cache.invalidate(tag("t"));
  BatchLog log;
  auto found =
      users.get_or_load_many_async({"1", "2"}, log(), {.hard_timeout = seconds(5)}).future();
  while (cache.stats().keyspaces.at(0).joined == 0) std::this_thread::yield();
  go_on = true;
  single.join();
  EXPECT_EQ(found.get().at(0).value_or("timed out"), "loaded 1");
  EXPECT_EQ(cache.stats().keyspaces.at(0).join_refused, 1u);
}

}  // namespace
}  // namespace strata::testkit
