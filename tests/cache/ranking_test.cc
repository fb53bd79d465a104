// hottest() and coldest(): what memory would keep longest, and give up first.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "cache/cache_fixture.h"
#include "strata/core/limits.h"
#include "testkit/threads.h"

namespace strata::testkit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> keys_of(const Result<std::vector<RankedEntry>>& ranked) {
  std::vector<std::string> keys;
  for (const RankedEntry& entry : ranked.value()) keys.push_back(entry.key);
  return keys;
}

class RankingTest : public CacheFixture, public testing::WithParamInterface<EvictionPolicy> {
 protected:
  Cache make() { return make_cache(0, {}, {.max_entries = 1'000, .policy = GetParam()}); }
};

TEST_P(RankingTest, TellsWhoWouldBeKeptAndWhoWouldGo) {
  Cache cache = make();
  auto users = cache.keyspace<int>("user");
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(users.put(i, i).ok());
    for (int used = 0; used < 3; ++used) static_cast<void>(users.get(used));
  }
  EXPECT_THAT(keys_of(cache.hottest(3)),
              testing::UnorderedElementsAre("1:user::0:", "1:user::1:", "1:user::2:"));
  // Some of those that were never used: with which it begins is the policy's.
  const std::vector<RankedEntry> coldest = cache.coldest(5).value();
  EXPECT_THAT(coldest, SizeIs(5));
  for (const RankedEntry& entry : coldest) EXPECT_EQ(entry.standing.uses, 0u) << entry.key;
}

TEST_P(RankingTest, EvictionFollowsIt) {
  Cache cache = make();
  auto users = cache.keyspace<int>("user");
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(users.put(i, i).ok());
    for (int used = 0; used < 20; ++used) static_cast<void>(users.get(used));
  }
  const std::vector<std::string> hottest = keys_of(cache.hottest(20));
  const std::vector<std::string> coldest = keys_of(cache.coldest(200));
  cache.hot_tier().resize(800, 64u << 20);
  const auto is_there = [&](const std::string& key) {
    return static_cast<bool>(cache.hot_tier().peek({key, key_hash(key), {}}));
  };
  EXPECT_EQ(std::count_if(hottest.begin(), hottest.end(), is_there), 20);
  EXPECT_LT(std::count_if(coldest.begin(), coldest.end(), is_there), 60);
}

INSTANTIATE_TEST_SUITE_P(Policies, RankingTest,
                         testing::Values(EvictionPolicy::kLru, EvictionPolicy::kLfu,
                                         EvictionPolicy::kS3Fifo, EvictionPolicy::kWTinyLfu,
                                         EvictionPolicy::kLirs, EvictionPolicy::kHorizon,
                                         EvictionPolicy::kAdaptive));

class RankedEntryTest : public CacheFixture {};

TEST_F(RankedEntryTest, SaysWhatAnEntryIs) {
  Cache cache = make_cache(0);
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = minutes(10), .ttl_jitter = 0, .keep_for = minutes(5), .tenants = true});
  ASSERT_TRUE(users.of_tenant("acme").put("42", std::string(1'000, 'x')).ok());
  clock_->advance(minutes(4));
  const auto ranked = cache.coldest(10);
  ASSERT_TRUE(ranked.ok());
  ASSERT_THAT(*ranked, SizeIs(1));
  const RankedEntry& entry = ranked->front();
  EXPECT_EQ(entry.key, "1:acme/user::42:");
  EXPECT_EQ(entry.keyspace, "acme/user");
  EXPECT_FALSE(entry.negative);
  EXPECT_EQ(entry.standing.uses, 0u);
  EXPECT_GT(entry.size_bytes, 1'000u);
  EXPECT_EQ(entry.age, minutes(4));
  EXPECT_EQ(entry.fresh_left, minutes(6));
  EXPECT_EQ(entry.kept_left, minutes(11));
}

TEST_F(RankedEntryTest, StandsInTheOrderOfTheKeysWhereNothingElseTells) {
  Cache cache = make_cache(0);
  auto users = cache.keyspace<int>("user");
  EXPECT_THAT(keys_of(cache.hottest(10)), IsEmpty());
  for (const int id : {3, 1, 2}) ASSERT_TRUE(users.put(id, id).ok());
  for (const RankedEntry& entry : cache.hottest(10).value())
    EXPECT_EQ(entry.standing.uses, 0u) << entry.key;
  EXPECT_THAT(keys_of(cache.hottest(0)), IsEmpty());
  EXPECT_THAT(keys_of(cache.hottest(2)), SizeIs(2));
  EXPECT_THAT(keys_of(cache.hottest(4)), SizeIs(3));
  auto both = keys_of(cache.coldest(3));
  std::reverse(both.begin(), both.end());
  std::sort(both.begin(), both.end());
  EXPECT_THAT(both, ElementsAre("1:user::1:", "1:user::2:", "1:user::3:"));
}

TEST_F(RankedEntryTest, AskingIsNeitherAHitNorAUse) {
  Cache cache = make_cache(0);
  ASSERT_TRUE(cache.keyspace<int>("user").put(1, 1).ok());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cache.hottest(1)->front().standing.uses, 0u);
  EXPECT_EQ(cache.hot_tier().stats().hits, 0u);
}

TEST_F(RankedEntryTest, WhatIsNotServedIsNotThere) {
  Cache cache = make_cache(0);
  auto users = cache.keyspace<int>("user", {.ttl = seconds(1), .ttl_jitter = 0});
  ASSERT_TRUE(users.put(1, 1).ok());
  ASSERT_TRUE(cache.keyspace<int>("page").put(1, 1).ok());
  clock_->advance(seconds(2));
  EXPECT_THAT(keys_of(cache.hottest(10)), ElementsAre("1:page::1:"));
  cache.invalidate(keyspace("page"));
  EXPECT_THAT(keys_of(cache.hottest(10)), IsEmpty());
}

TEST_F(RankedEntryTest, MoreThanTheLimitIsRefused) {
  Cache cache = make_cache(0);
  EXPECT_TRUE(cache.hottest(limits::kRankedEntries).ok());
  const auto refused = cache.coldest(limits::kRankedEntries + 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
  EXPECT_EQ(refused.error().message, "a ranking of 10001 entries; ask for at most 10000");
}

// Beside writers, which move and remove what is looked at.
TEST_F(RankedEntryTest, AClosedCacheRanksNone) {
  Cache cache = make_cache(0);
  cache.close();
  EXPECT_EQ(cache.hottest(1).error().code, ErrorCode::kClosed);
  EXPECT_EQ(cache.coldest(1).error().code, ErrorCode::kClosed);
}

TEST_F(RankedEntryTest, IsMadeWhileEverythingMoves) {
  for (const EvictionPolicy policy : {EvictionPolicy::kLirs, EvictionPolicy::kAdaptive}) {
    Cache cache = make_cache(0, {}, {.max_entries = 500, .policy = policy});
    auto users = cache.keyspace<int>("user");
    std::atomic<bool> done{false};
    Thread writer("writer", [&] {
      for (int i = 0; i < 50'000; ++i) {
        static_cast<void>(users.put(i % 900, i));
        static_cast<void>(users.get(i % 7));
      }
      done = true;
    });
    while (!done) {
      const auto ranked = cache.hottest(100);
      ASSERT_TRUE(ranked.ok());
      std::set<std::string> keys;
      for (const RankedEntry& entry : *ranked) {
        EXPECT_TRUE(keys.insert(entry.key).second) << entry.key << " stands there twice";
      }
    }
    writer.join();
    check(cache);
  }
}

}  // namespace
}  // namespace strata::testkit
