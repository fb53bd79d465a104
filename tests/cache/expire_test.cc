// Expire: ttls that end by a call, in memory and below it, and what is served afterwards.
#include <string>

#include "cache/cache_fixture.h"

namespace strata::testkit {
namespace {

class ExpireTest : public CacheFixture {
 protected:
  // With a life beyond the ttl, or without one.
  static KeyspaceOptions life(Duration stale_for, Duration keep_for) {
    return {.ttl = minutes(10),
            .ttl_jitter = 0,
            .stale_for = stale_for,
            .keep_for = keep_for,
            .retry_after = seconds(30)};
  }
  static constexpr const char* kWays[] = {"tag", "keyspace", "key", "everything"};
  // Expires key 1 of keyspace "user", which carries the tag t.
  static InvalidationResult expire(Cache& cache, Keyspace<std::string>& users,
                                   const std::string& way) {
    if (way == "tag") return cache.expire(tag("t"));
    if (way == "keyspace") return cache.expire({keyspace("user"), tag("none")});
    if (way == "key") return users.expire("1");
    const Label all = everything();
    return cache.expire(std::span(&all, 1));
  }
  const CallOptions tagged_{.labels = {tag("t")}};
};

TEST_F(ExpireTest, WithoutALifeBeyondTheTtlTheNextReadIsAMiss) {
  for (const std::string way : kWays) {
    SCOPED_TRACE(way);
    Cache cache = make_cache(2);
    auto users = cache.keyspace<std::string>("user", life(Duration(0), Duration(0)));
    CountingLoader loader;
    EXPECT_TRUE(users.get_or_load("1", loader(), tagged_));
    EXPECT_TRUE(expire(cache, users, way).ok());
    EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
    EXPECT_FALSE(users.contains("1"));
    EXPECT_EQ(users.get_or_load("1", loader.failing(), tagged_).outcome(), Outcome::kError);
    loader.value = "new";
    EXPECT_EQ(users.get_or_load("1", loader(), tagged_).value(), "new");
    EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
    check(cache);
  }
}

TEST_F(ExpireTest, WithStaleForItIsServedAndRefreshedBehind) {
  for (const std::string way : kWays) {
    for (const bool in_memory : {true, false}) {
      SCOPED_TRACE(way + (in_memory ? " in memory" : " below"));
      Cache cache = make_cache();
      auto users = cache.keyspace<std::string>("user", life(minutes(5), Duration(0)));
      CountingLoader loader;
      EXPECT_TRUE(users.get_or_load("1", loader(), tagged_));
      clock_->advance(minutes(1));
      EXPECT_TRUE(expire(cache, users, way).ok());
      if (!in_memory) empty_memory(cache);
      clock_->advance(minutes(5) - Duration(1));
      EXPECT_EQ(users.get("1").outcome(), Outcome::kStaleHit) << "five minutes from the expire on";
      loader.value = "new";
      const auto stale = users.get_or_load("1", loader(), tagged_);
      EXPECT_EQ(stale.outcome(), Outcome::kStaleHit);
      EXPECT_EQ(*stale, "value");
      // The first look-up after memory has lost it only promotes it.
      EXPECT_EQ(users.get_or_load("1", loader(), tagged_).outcome(), Outcome::kStaleHit);
      executor_->run_all();
      EXPECT_EQ(users.get("1").value(), "new");
      EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
      EXPECT_EQ(loader.runs, 2);
      expire(cache, users, way);
      clock_->advance(minutes(5));
      EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
      check(cache);
    }
  }
}

TEST_F(ExpireTest, WithKeepForItIsServedOnlyWhenTheLoadFails) {
  for (const bool in_memory : {true, false}) {
    SCOPED_TRACE(in_memory ? "in memory" : "below");
    Cache cache = make_cache();
    auto users = cache.keyspace<std::string>("user", life(Duration(0), minutes(60)));
    CountingLoader loader;
    EXPECT_TRUE(users.get_or_load("1", loader(), tagged_));
    cache.expire(tag("t"));
    if (!in_memory) empty_memory(cache);
    EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
    const auto kept = users.get_or_load("1", loader.failing(), tagged_);
    EXPECT_EQ(kept.outcome(), Outcome::kStaleHit);
    EXPECT_EQ(*kept, "value");
    EXPECT_TRUE(kept.has_error());
    loader.value = "new";
    clock_->advance(seconds(30));
    EXPECT_EQ(users.get_or_load("1", loader(), tagged_).outcome(), Outcome::kRefreshed);
    EXPECT_EQ(users.get("1").value(), "new");
    cache.expire(tag("t"));
    clock_->advance(minutes(60));
    EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kError);
    check(cache);
  }
}

// A load failed a moment ago; what was expired since may have come back with the change.
TEST_F(ExpireTest, AnExpireLetsTheSourceBeAskedBeforeRetryAfterIsOver) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", life(Duration(0), minutes(60)));
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader(), tagged_));
  clock_->advance(minutes(10));
  EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kStaleHit);
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kStaleHit);
  EXPECT_EQ(loader.runs, 2);
  cache.expire(tag("t"));
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kRefreshed);
  EXPECT_EQ(loader.runs, 3);
}

TEST_F(ExpireTest, ALoadThatBeganBeforeAnExpireIsNotStored) {
  for (const std::string way : kWays) {
    SCOPED_TRACE(way);
    Cache cache = make_cache();
    auto users = cache.keyspace<std::string>("user", life(minutes(5), minutes(5)));
    const auto loaded = users.get_or_load("1", [&](Load& load) {
      load.tag("t");
      EXPECT_TRUE(expire(cache, users, way).ok());
      return std::string("old");
    });
    EXPECT_EQ(loaded.value(), "old") << "its caller asked before";
    EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
    EXPECT_EQ(tiers_[0]->size(), 0u);
  }
}

TEST_F(ExpireTest, WhatWasComputedFromItIsExpiredToo) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", life(Duration(0), minutes(60)));
  auto greetings = cache.keyspace<std::string>("greeting", life(Duration(0), minutes(60)));
  CountingLoader loader;
  const auto greet = [&](Load& load) {
    return "hello " + load.get_or_load(users, "1", loader()).value();
  };
  EXPECT_EQ(greetings.get_or_load("1", greet).value(), "hello value");
  users.expire("1");
  loader.value = "new";
  EXPECT_EQ(greetings.get("1").outcome(), Outcome::kMiss);
  EXPECT_EQ(greetings.get_or_load("1", greet).value(), "hello new");
  EXPECT_EQ(greetings.get_or_load("1", greet).value(), "hello new")
      << "the first brought another value of what it depends on, and so is not stored itself";
  EXPECT_EQ(greetings.get("1").outcome(), Outcome::kHit);
}

TEST_F(ExpireTest, RememberedAbsenceEnds) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl_jitter = 0, .negative_ttl = minutes(5)});
  const auto nothing = [](Load&) { return std::optional<std::string>(); };
  EXPECT_TRUE(users.get_or_load("1", nothing, tagged_).absent());
  EXPECT_EQ(users.get("1").outcome(), Outcome::kNegativeHit);
  cache.expire(tag("t"));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
}

TEST_F(ExpireTest, AnInvalidationBeforeOrAfterItIsNotWeakened) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", life(minutes(60), minutes(60)));
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader(), tagged_));
  cache.expire(tag("t"));
  cache.invalidate(tag("t"));
  EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kError);
  EXPECT_TRUE(users.get_or_load("1", loader(), tagged_));
  cache.invalidate(tag("t"));
  cache.expire(tag("t"));
  EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kError);
}

TEST_F(ExpireTest, ATouchAfterAnExpireGivesANewTtl) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", life(Duration(0), minutes(60)));
  EXPECT_TRUE(users.put("1", "ann").ok());
  users.expire("1");
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  EXPECT_TRUE(users.touch("1", minutes(2)).value());
  EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
  empty_memory(cache);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
}

TEST_F(ExpireTest, TheResultSaysWhatWasExpiredInEachTier) {
  Cache cache = make_cache(2);
  auto users = cache.keyspace<std::string>("user", life(minutes(1), Duration(0)));
  for (const char* id : {"1", "2", "3"}) EXPECT_TRUE(users.put(id, "ann", tagged_).ok());
  empty_memory(cache);
  EXPECT_TRUE(users.get("2"));
  const InvalidationResult result = cache.expire(tag("t"));
  ASSERT_EQ(result.tiers.size(), 3u);
  EXPECT_EQ(result.tiers[0].name, "deep");
  EXPECT_EQ(result.tiers[0].removed, 3u);
  EXPECT_EQ(result.tiers[1].removed, 3u);
  EXPECT_EQ(result.tiers[2].name, "memory");
  EXPECT_EQ(result.tiers[2].removed, 1u);
  EXPECT_EQ(result.tiers[2].position, cache.hot_tier().position());
  EXPECT_EQ(cache.expire(tag("t")).removed(), 0u) << "a ttl ends once";
  EXPECT_TRUE(cache.expire(std::span<const Label>()).tiers.empty());
}

TEST_F(ExpireTest, ARefusedLabelOrIdChangesNothing) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", life(Duration(0), Duration(0)));
  EXPECT_TRUE(users.put("1", "ann", tagged_).ok());
  const InvalidationResult bad = cache.expire({tag("t"), tag("")});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error->code, ErrorCode::kRejected);
  EXPECT_FALSE(users.expire(std::string(2'000, 'x')).ok());
  EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
  cache.close();
  EXPECT_EQ(cache.expire(tag("t")).error->code, ErrorCode::kClosed);
  EXPECT_EQ(users.expire("1").error->code, ErrorCode::kClosed);
}

TEST_F(ExpireTest, AsynchronousFormsDoTheSame) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", life(Duration(0), Duration(0)));
  EXPECT_TRUE(users.put("1", "ann", tagged_).ok());
  EXPECT_TRUE(users.put("2", "bob").ok());
  int completed = 0;
  cache.expire_async({tag("t")}).then([&](const auto& result) {
    completed += result.ok() ? 1 : 0;
  });
  users.expire_async("2").then([&](const auto& result) { completed += result.ok() ? 1 : 0; });
  EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
  executor_->run_all();
  EXPECT_EQ(completed, 2);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  EXPECT_EQ(users.get("2").outcome(), Outcome::kMiss);
}

TEST_F(ExpireTest, ATierThatFailsStillCountsIt) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", life(Duration(0), minutes(60)));
  EXPECT_TRUE(users.put("1", "ann", tagged_).ok());
  tiers_[0]->set_broken(true);
  EXPECT_TRUE(cache.expire(tag("t")).ok());
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  tiers_[0]->set_broken(false);
  empty_memory(cache);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss) << "also when it is back";
}

}  // namespace
}  // namespace strata::testkit
