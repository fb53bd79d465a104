// Life and absence: ttl, jitter, stale_for, keep_for, time-outs, negative entries.
#include <gmock/gmock.h>

#include <string>

#include "cache/cache_fixture.h"
#include "strata/tiered/memoize.h"

namespace strata::testkit {
namespace {

class LifeTest : public CacheFixture {};

TEST_F(LifeTest, AbsenceIsRememberedOnlyWhenAsked) {
  Cache cache = make_cache();
  auto plain = cache.keyspace<std::string>("plain");
  auto negative =
      cache.keyspace<std::string>("negative", {.ttl_jitter = 0, .negative_ttl = seconds(5)});
  int runs = 0;
  const auto nothing = [&](Load&) {
    ++runs;
    return std::optional<std::string>();
  };
  EXPECT_TRUE(plain.get_or_load("1", nothing).absent());
  EXPECT_TRUE(plain.get_or_load("1", nothing).absent());
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(negative.get_or_load("1", nothing).absent());
  EXPECT_EQ(negative.get_or_load("1", nothing).outcome(), Outcome::kNegativeHit);
  empty_memory(cache);
  EXPECT_EQ(negative.get_or_load("1", nothing).outcome(), Outcome::kNegativeHit) << "records";
  EXPECT_EQ(runs, 3);
  clock_->advance(seconds(5));
  EXPECT_EQ(negative.get_or_load("1", nothing).outcome(), Outcome::kLoaded);
}

TEST_F(LifeTest, ACreateEndsRememberedAbsence) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.negative_ttl = minutes(1)});
  const CallOptions with_list{.labels = {tag("users")}};
  const auto nothing = [](Load&) { return std::optional<std::string>(); };
  EXPECT_TRUE(users.get_or_load("1", nothing, with_list).absent());
  EXPECT_TRUE(users.get_or_load("2", nothing, with_list).absent());
  EXPECT_TRUE(users.put("1", "ann").ok());
  EXPECT_EQ(users.get("1").value(), "ann");
  cache.invalidate(tag("users"));
  EXPECT_EQ(users.get("2").outcome(), Outcome::kMiss) << "labels of the call hold for absence";
}

TEST_F(LifeTest, AfterTheTtlTheSourceIsAskedAgain) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = seconds(10), .ttl_jitter = 0});
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader()));
  clock_->advance(seconds(10) - Duration(1));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
  clock_->advance(Duration(1));
  loader.value = "new";
  const auto found = users.get_or_load("1", loader());
  EXPECT_EQ(found.value(), "new");
  EXPECT_EQ(loader.runs, 2);
}

TEST_F(LifeTest, ACoarseClockThatLagsDoesNotLengthenALife) {
  Cache cache = make_cache(0);
  auto users = cache.keyspace<std::string>("user", {.ttl = seconds(10), .ttl_jitter = 0});
  EXPECT_TRUE(users.put("1", "ann").ok());
  clock_->set_coarse_lag(milliseconds(4));
  clock_->advance(seconds(10) - Duration(1));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
  clock_->advance(Duration(1));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  EXPECT_EQ(users.get_or_load("1", [] { return std::string("new"); }).value(), "new");
}

TEST_F(LifeTest, AWallClockThatJumpsChangesNoFreshness) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = seconds(10), .ttl_jitter = 0});
  EXPECT_TRUE(users.put("1", "ann").ok());
  clock_->step_wall(std::chrono::hours(24 * 365));
  empty_memory(cache);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
  clock_->step_wall(-std::chrono::hours(48 * 365));
  clock_->advance(seconds(10));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
}

TEST_F(LifeTest, ZeroTtlIsServedAndNotStored) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = Duration(0)});
  CountingLoader loader;
  EXPECT_EQ(users.get_or_load("1", loader()).value(), "value");
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  EXPECT_EQ(tiers_[0]->size(), 0u);
  auto kept = cache.keyspace<std::string>("kept", {.ttl = kForever});
  EXPECT_TRUE(kept.get_or_load("1", loader()));
  clock_->advance(std::chrono::hours(24 * 365 * 100));
  EXPECT_EQ(kept.get("1").outcome(), Outcome::kHit);
}

TEST_F(LifeTest, JitterShortensAndIsTheSameForAKey) {
  Cache cache = make_cache();
  auto users = cache.keyspace<int>("user", {.ttl = seconds(100), .ttl_jitter = 0.1});
  Duration least = kForever;
  Duration most{0};
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(users.put(i, i).ok());
    const Duration life = between(clock_->now(), users.get(i).entry()->fresh_until());
    least = std::min(least, life);
    most = std::max(most, life);
    EXPECT_TRUE(users.put(i, i).ok());
    EXPECT_EQ(between(clock_->now(), users.get(i).entry()->fresh_until()), life);
  }
  EXPECT_GE(least, Duration(seconds(90)));
  EXPECT_LE(most, Duration(seconds(100)));
  EXPECT_GT(most - least, Duration(seconds(5))) << "spread over the keys";
}

TEST_F(LifeTest, WithinStaleForTheOldValueIsServedAndRefreshedBehind) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = seconds(10), .ttl_jitter = 0, .stale_for = seconds(60)});
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader()));
  clock_->advance(seconds(11));
  loader.value = "new";
  const auto stale = users.get_or_load("1", loader());
  EXPECT_EQ(stale.outcome(), Outcome::kStaleHit);
  EXPECT_EQ(*stale, "value");
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kStaleHit);
  EXPECT_EQ(loader.runs, 1);
  EXPECT_EQ(executor_->pending(), 1u) << "one refresh for both";
  executor_->run_all();
  EXPECT_EQ(users.get_or_load("1", loader()).value(), "new");
  EXPECT_EQ(loader.runs, 2);
  empty_memory(cache);
  EXPECT_EQ(users.get("1").value(), "new");
}

TEST_F(LifeTest, AStaleValueOfALowerTierIsServedAndRefreshedByTheNext) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = seconds(10), .ttl_jitter = 0, .stale_for = seconds(60)});
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader()));
  clock_->advance(seconds(11));
  empty_memory(cache);
  loader.value = "new";
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kStaleHit);
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kStaleHit);
  executor_->run_all();
  EXPECT_EQ(users.get("1").value(), "new");
}

TEST_F(LifeTest, WithoutMemoryAStaleValueIsRefreshedBehindToo) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user",
      {.ttl = seconds(10), .ttl_jitter = 0, .stale_for = seconds(60), .tiers = {"records"}});
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader()));
  clock_->advance(seconds(11));
  loader.value = "new";
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kStaleHit);
  executor_->run_all();
  EXPECT_EQ(users.get("1").value(), "new");
}

TEST_F(LifeTest, MemoizedResultsAreRefreshedWithTheirOwnArguments) {
  Cache cache = make_cache(0);
  int suffix = 1;
  auto join = memoize(cache.keyspace<std::string>(
                          "join", {.ttl = seconds(10), .ttl_jitter = 0, .stale_for = seconds(60)}),
                      [&](const std::string& a) { return a + std::to_string(suffix); });
  EXPECT_EQ(join(std::string(40, 'a')), std::string(40, 'a') + "1");
  clock_->advance(seconds(11));
  suffix = 2;
  EXPECT_EQ(join(std::string(40, 'a')), std::string(40, 'a') + "1");
  executor_->run_all();
  EXPECT_EQ(join(std::string(40, 'a')), std::string(40, 'a') + "2");
}

TEST_F(LifeTest, KeepForServesTheOldValueOnlyWhenTheLoadFails) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = seconds(10),
                                                    .ttl_jitter = 0,
                                                    .keep_for = std::chrono::hours(1),
                                                    .retry_after = seconds(30)});
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader()));
  clock_->advance(seconds(11));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  const auto kept = users.get_or_load("1", loader.failing());
  EXPECT_EQ(kept.outcome(), Outcome::kStaleHit);
  EXPECT_EQ(*kept, "value");
  EXPECT_EQ(kept.error().message, "the origin is down");
  EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kStaleHit);
  EXPECT_EQ(loader.runs, 2) << "left alone for retry_after";
  clock_->advance(seconds(30));
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kRefreshed);
  clock_->advance(std::chrono::hours(2));
  EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kError);
}

TEST_F(LifeTest, KeptValuesOfALowerTierServeToo) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = seconds(10), .ttl_jitter = 0, .keep_for = minutes(10)});
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader()));
  clock_->advance(seconds(11));
  empty_memory(cache);
  EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kStaleHit);
  EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kStaleHit);
  EXPECT_EQ(loader.runs, 2) << "retry_after holds for what was promoted";
}

TEST_F(LifeTest, NoStaleServingSurvivesAnInvalidation) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = seconds(10), .stale_for = minutes(10), .keep_for = minutes(10)});
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader(), {.labels = {tag("t")}}));
  clock_->advance(seconds(11));
  cache.invalidate(tag("t"));
  EXPECT_EQ(users.get_or_load("1", loader.failing()).outcome(), Outcome::kError);
}

TEST_F(LifeTest, ASlowLoadGivesTheKeptValueAfterTheSoftTimeout) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user",
      {.ttl = seconds(10), .ttl_jitter = 0, .keep_for = minutes(10), .soft_timeout = Duration(0)});
  CountingLoader loader;
  EXPECT_EQ(users.get_or_load("1", loader(), {.soft_timeout = kForever}).value(), "value");
  clock_->advance(seconds(11));
  loader.value = "new";
  const auto kept = users.get_or_load("1", loader());
  EXPECT_EQ(kept.outcome(), Outcome::kStaleHit);
  EXPECT_EQ(kept.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(loader.runs, 1);
  executor_->run_all();
  EXPECT_EQ(users.get("1").value(), "new") << "the load went on behind, and was kept";
}

TEST_F(LifeTest, AHardTimeoutIsAnErrorAndTheLoadGoesOn) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.hard_timeout = Duration(0)});
  CountingLoader loader;
  const auto late = users.get_or_load("1", loader());
  EXPECT_EQ(late.outcome(), Outcome::kError);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
  executor_->run_all();
  EXPECT_EQ(users.get("1").value(), "value");
}

TEST_F(LifeTest, AnUnmodifiedValueStartsANewLife) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = seconds(10), .ttl_jitter = 0, .keep_for = minutes(10)});
  const auto first = [](Load& load) {
    load.version("v1");
    load.tag("t");
    return std::string("ann");
  };
  EXPECT_TRUE(users.get_or_load("1", first));
  clock_->advance(seconds(11));
  empty_memory(cache);
  const auto renewed = users.get_or_load("1", [](Load& load) {
    EXPECT_EQ(load.known_version(), "v1");
    load.not_modified();
    return std::string();
  });
  EXPECT_EQ(renewed.outcome(), Outcome::kRefreshed);
  EXPECT_EQ(*renewed, "ann");
  EXPECT_EQ(users.get("1").outcome(), Outcome::kHit);
  cache.invalidate(tag("t"));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss) << "its tags are kept";
}

TEST_F(LifeTest, AReadThatKnowsANewerVersionLoadsItAndKeepsTheOldOneForFailures) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = minutes(10), .keep_for = minutes(10)});
  EXPECT_TRUE(users.put("1", "old", {.version = "v1"}).ok());
  CountingLoader loader{.value = "new"};
  EXPECT_EQ(users.get_or_load("1", loader(), {.version = "v1"}).outcome(), Outcome::kHit);
  EXPECT_EQ(users.get("1", {.version = "v2"}).outcome(), Outcome::kMiss);
  const auto kept = users.get_or_load("1", loader.failing(), {.version = "v2"});
  EXPECT_EQ(kept.outcome(), Outcome::kStaleHit);
  EXPECT_EQ(kept.value(), "old");
  EXPECT_TRUE(kept.has_error());

  for (const bool in_memory : {true, false}) {
    SCOPED_TRACE(in_memory);
    EXPECT_TRUE(users.put("1", "old", {.version = "v1"}).ok());
    if (!in_memory) empty_memory(cache);
    const int runs = loader.runs;
    EXPECT_EQ(users.get_or_load("1", loader(), {.version = "v2"}).value(), "new");
    EXPECT_EQ(users.get_or_load("1", loader(), {.version = "v2"}).outcome(), Outcome::kHit);
    EXPECT_EQ(loader.runs, runs + 1);
    EXPECT_EQ(users.get("1").value(), "new") << "who asks for no version takes any";
    empty_memory(cache);
    EXPECT_EQ(users.get("1", {.version = "v2"}).value(), "new");
  }
  const std::vector<std::string> ids{"1"};
  EXPECT_EQ(users.get_many(ids, {.version = "v3"}).at(0).outcome(), Outcome::kMiss);
}

// The leader may have been content with less than who joined it.
TEST_F(LifeTest, WhoJoinsTakesACachedValueOnlyAsItsOwnOptionsSay) {
  executor_ = std::make_shared<ManualExecutor>();
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl = minutes(10), .keep_for = minutes(10)});
  EXPECT_TRUE(users.put("1", "old", {.version = "v1"}).ok());
  empty_memory(cache);
  // The leader's flight waits in the executor's queue, to be served from the records.
  std::string led;
  users.get_or_load_async("1", [] { return std::string("no"); }).then([&](auto found) {
    led = found.value();
  });
  std::string joined;
  CountingLoader loader{.value = "new"};
  users.get_or_load_async("1", loader(), {.version = "v2"}).then([&](auto found) {
    joined = found.value();
  });
  executor_->run_all();
  EXPECT_EQ(led, "old");
  EXPECT_EQ(joined, "new");
  EXPECT_EQ(loader.runs, 1);
}

TEST_F(LifeTest, ADurationBelowZeroIsRefusedWhereverItIsGiven) {
  Cache cache = make_cache();
  auto bad = cache.keyspace<std::string>("bad", {.stale_for = seconds(-1)});
  EXPECT_THAT(bad.status().error().message,
              testing::HasSubstr("stale_for of keyspace 'bad' is below zero"));
  auto users = cache.keyspace<std::string>("user");
  CountingLoader loader;
  EXPECT_EQ(users.get_or_load("1", loader(), {.ttl = seconds(-1)}).error().code,
            ErrorCode::kRejected);
  EXPECT_EQ(loader.runs, 0);
  EXPECT_EQ(users.get("1", {.stale_for = seconds(-1)}).error().code, ErrorCode::kRejected);
  EXPECT_FALSE(users.put("1", "ann", {.keep_for = seconds(-1)}).ok());
  const auto found = users.get_or_load("1", [](Load& load) {
    load.ttl(seconds(-1));
    return std::string("served");
  });
  EXPECT_EQ(found.value(), "served");
  EXPECT_EQ(found.error().code, ErrorCode::kRejected);
  EXPECT_FALSE(users.contains("1"));
}

}  // namespace
}  // namespace strata::testkit
