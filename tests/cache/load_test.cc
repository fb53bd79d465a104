// Loading: outcomes, errors, what a load says, batches, recursion, concurrency.
#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include "cache/cache_fixture.h"
#include "strata/ports/executor.h"
#include "strata/tiered/memoize.h"
#include "testkit/script.h"

namespace strata::testkit {
namespace {

class LoadTest : public CacheFixture {};

TEST_F(LoadTest, AMissLoadsOnceAndIsThenAHit) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  CountingLoader loader;
  const auto loaded = users.get_or_load("1", loader());
  EXPECT_EQ(loaded.outcome(), Outcome::kLoaded);
  EXPECT_EQ(loaded.tier(), "");
  EXPECT_EQ(users.get_or_load("1", loader()).outcome(), Outcome::kHit);
  empty_memory(cache);
  EXPECT_EQ(users.get_or_load("1", loader()).tier(), "records");
  EXPECT_EQ(loader.runs, 1);
  check(cache);
}

// A has begun the load, and B runs it before A does.
TEST_F(LoadTest, WhoBeginsALoadThatAnotherRunsHasJoinedIt) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  const auto load = [](std::string value) { return [value = std::move(value)] { return value; }; };
  Lookup<std::string> begun;
  Script script;
  script.actor("A", [&] { begun = users.get_or_load("1", load("of A")); });
  ASSERT_EQ(script.run_to("A", "tiered.flight.found"), Script::Stop::kParked);
  const auto run = users.get_or_load("1", load("of B"));
  script.finish("A");
  EXPECT_EQ(run.value(), "of B");
  EXPECT_EQ(begun.value(), "of B");
  const KeyspaceStats stats = cache.stats().keyspaces.at(0);
  EXPECT_EQ(stats.loads, 1u);
  EXPECT_EQ(stats.joined, 1u);
  check(cache);
}

TEST_F(LoadTest, LoadersMayReturnValuesOptionalsAndResults) {
  Cache cache = make_cache();
  auto numbers = cache.keyspace<int>("number");
  EXPECT_EQ(numbers.get_or_load("a", [] { return 1; }).value(), 1);
  EXPECT_EQ(numbers.get_or_load("b", [](Load&) { return std::optional<int>(2); }).value(), 2);
  EXPECT_EQ(numbers.get_or_load("c", [] { return Result<int>(3); }).value(), 3);
  const auto absent = numbers.get_or_load("d", [] { return std::optional<int>(); });
  EXPECT_EQ(absent.outcome(), Outcome::kLoaded);
  EXPECT_TRUE(absent.absent());
  EXPECT_FALSE(absent);
}

TEST_F(LoadTest, AnExceptionTravelsInTheErrorAndIsNotCached) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.negative_ttl = minutes(1)});
  const auto failed =
      users.get_or_load("1", [](Load&) -> std::string { throw std::out_of_range("no such row"); });
  EXPECT_EQ(failed.outcome(), Outcome::kError);
  EXPECT_EQ(failed.error().code, ErrorCode::kLoadFailed);
  EXPECT_NE(failed.error().message.find("no such row"), std::string::npos);
  EXPECT_THROW((void)failed.value(), std::out_of_range);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  EXPECT_EQ(users.get_or_load("1", [] { return std::string("ann"); }).value(), "ann");
  EXPECT_EQ(cache.stats().keyspaces.at(0).load_failures, 1u);
}

TEST_F(LoadTest, BypassAsksTheSourceAndStoresTheAnswer) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  CountingLoader loader;
  EXPECT_TRUE(users.get_or_load("1", loader()));
  loader.value = "new";
  EXPECT_EQ(users.get_or_load("1", loader(), {.bypass = true}).value(), "new");
  EXPECT_EQ(users.get("1").value(), "new");
  EXPECT_EQ(users.get("1", {.bypass = true}).outcome(), Outcome::kMiss);
}

TEST_F(LoadTest, TheLoadSaysTagsTtlAndVersion) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.ttl_jitter = 0});
  const auto found = users.get_or_load("1", [](Load& load) {
    load.tag("org:7");
    load.depends_on(keyspace("org"));
    load.ttl(seconds(3));
    load.version("etag-1");
    load.source_last_modified({123});
    return std::string("ann");
  });
  ASSERT_NE(found.entry()->details(), nullptr);
  EXPECT_THAT(found.entry()->labels(), testing::ElementsAre(tag("org:7"), keyspace("org")));
  EXPECT_EQ(found.entry()->details()->version, "etag-1");
  EXPECT_EQ(between(clock_->now(), found.entry()->fresh_until()), Duration(seconds(3)));
  empty_memory(cache);
  const auto again = users.get("1");
  EXPECT_THAT(again.entry()->labels(), testing::ElementsAre(tag("org:7"), keyspace("org")));
  EXPECT_EQ(again.entry()->details()->source_last_modified, WallTime{123});
  cache.invalidate(keyspace("org"));
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
}

TEST_F(LoadTest, AnUnacceptableLabelIsReportedAndNothingStored) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  const auto bad = [](Load& load) {
    load.tag("");
    return std::string("ann");
  };
  const auto found = users.get_or_load("1", bad);
  EXPECT_EQ(found.value(), "ann") << "the value is the caller's all the same";
  ASSERT_TRUE(found.has_error());
  EXPECT_EQ(found.error().code, ErrorCode::kRejected);
  EXPECT_EQ(users.get("1").outcome(), Outcome::kMiss);
  const auto many = [](Load& load) {
    for (std::size_t i = 0; i <= limits::kTagsPerEntry; ++i) load.tag(std::to_string(i));
    return std::string("ann");
  };
  EXPECT_TRUE(users.get_or_load("2", many).has_error());
  EXPECT_FALSE(users.put("3", "x", {.labels = {tag("")}}).ok());
  EXPECT_FALSE(cache.invalidate(tag("")).ok());
}

TEST_F(LoadTest, AValueOverTheLimitIsServedAndNotStored) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.max_value_bytes = 100});
  EXPECT_TRUE(users.get_or_load("fits", [] { return std::string(100, 'x'); }));
  EXPECT_EQ(users.get("fits").outcome(), Outcome::kHit);
  EXPECT_EQ(users.get_or_load("big", [] { return std::string(101, 'x'); }).value().size(), 101u);
  EXPECT_EQ(users.get("big").outcome(), Outcome::kMiss);
  EXPECT_EQ(cache.stats().keyspaces.at(0).too_large, 1u);
  EXPECT_TRUE(users.put("fits", "small").ok());
  const PutResult refused = users.put("fits", std::string(101, 'x'));
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(users.get("fits").value(), "small") << "a refused put changes nothing";
}

TEST_F(LoadTest, AskingForTheSameKeyWithinItsLoadIsAnErrorAtOnce) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  Lookup<std::string> by_handle;
  Lookup<std::string> behind_its_back;
  const auto found = users.get_or_load("1", [&](Load& load) {
    by_handle = load.get_or_load(users, "1", [] { return std::string("inner"); });
    behind_its_back = users.get_or_load("1", [] { return std::string("inner"); });
    return std::string("outer");
  });
  EXPECT_EQ(found.value(), "outer");
  EXPECT_EQ(by_handle.error().code, ErrorCode::kRejected);
  EXPECT_EQ(behind_its_back.error().code, ErrorCode::kRejected);
}

TEST_F(LoadTest, NestingIsBounded) {
  Cache cache = make_cache();
  auto numbers = cache.keyspace<int>("number");
  std::function<int(Load&, int)> down = [&](Load& load, int depth) -> int {
    const auto deeper = load.get_or_load(
        numbers, depth, [&, depth](Load& inner) { return down(inner, depth + 1); });
    return deeper ? *deeper + 1 : 1;
  };
  const auto found = numbers.get_or_load(0, [&](Load& load) { return down(load, 1); });
  EXPECT_EQ(found.value(), static_cast<int>(limits::kLoadDepth));
}

TEST_F(LoadTest, AThousandThreadsLoadOnce) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  std::atomic<int> runs{0};
  std::atomic<int> waiting{0};
  constexpr int kThreads = 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ++waiting;
      const auto found = users.get_or_load("1", [&] {
        ++runs;
        while (waiting < kThreads) std::this_thread::yield();
        return std::string("ann");
      });
      EXPECT_EQ(found.value(), "ann");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runs, 1);
  check(cache);
}

TEST_F(LoadTest, AHungLoadLosesItsLeaseAndItsResult) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.load_lease = seconds(5)});
  const auto hung = users.get_or_load("1", [&](Load&) {
    clock_->advance(seconds(5));
    // Another caller overtakes it.
    std::thread other([&] {
      EXPECT_EQ(users.get_or_load("1", [] { return std::string("new"); }).value(), "new");
    });
    other.join();
    return std::string("old");
  });
  EXPECT_EQ(hung.value(), "old") << "its own caller takes it";
  EXPECT_EQ(users.get("1").value(), "new");
}

// The executor's only thread runs a load that needs one which is still in the executor's queue.
TEST_F(LoadTest, ALoadThatWaitsForAQueuedOneRunsItItself) {
  CacheParts parts;
  parts.hot = memory_tier({}, clock_, seeded_random(1));
  parts.clock = clock_;
  parts.timer = timer_;
  parts.executor = thread_pool({.threads = 1});
  Cache cache(std::move(parts));
  auto users = cache.keyspace<std::string>("user");
  std::atomic<bool> queued{false};
  auto outer = users
                   .get_or_load_async(
                       "outer",
                       [&](Load& load) {
                         while (!queued) std::this_thread::yield();
                         return "outer of " +
                                load.get_or_load(users, "inner", [] { return "inner"; }).value();
                       })
                   .future();
  auto inner = users.get_or_load_async("inner", [] { return std::string("inner"); }).future();
  queued = true;
  EXPECT_EQ(outer.get().value(), "outer of inner");
  EXPECT_EQ(inner.get().value(), "inner");
}

TEST_F(LoadTest, AValueWithUnacceptableLabelsIsNeitherJoinedLateNorBuiltUpon) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  auto pages = cache.keyspace<std::string>("page");
  const auto bad = [](Load& load) {
    load.tag("t");
    load.tag(std::string(limits::kLabelBytes + 1, 'x'));
    return std::string("old");
  };
  EXPECT_TRUE(pages.get_or_load(
      "home", [&](Load& load) { return load.get_or_load(users, "1", bad).value_or(""); }));
  EXPECT_EQ(pages.get("home").outcome(), Outcome::kMiss);
}

TEST_F(LoadTest, AnExceptionFromATierReleasesEveryWaiter) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  faults_->add({.call = "records", .times = 1, .effect = FaultEffect::kThrow}).value();
  EXPECT_EQ(users.get_or_load("1", [] { return std::string("x"); }).outcome(), Outcome::kError);
  EXPECT_EQ(users.get_or_load("1", [] { return "again"; }).value(), "again");
}

TEST_F(LoadTest, MemoizedFunctionsComputeOnce) {
  Cache cache = make_cache();
  int runs = 0;
  auto join = memoize(cache.keyspace<std::string>("join"),
                      [&](const std::string& a, int n) {
                        ++runs;
                        return a + std::to_string(n);
                      },
                      {.call = {.labels = {tag("joins")}}});
  EXPECT_EQ(join(std::string("a"), 1), "a1");
  EXPECT_EQ(join(std::string("a"), 1), "a1");
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(join(std::string("a1"), 1), "a11");
  EXPECT_EQ(join(std::string("a"), 11), "a11");
  EXPECT_EQ(runs, 3) << "different arguments, though they join to the same text";
  cache.invalidate(tag("joins"));
  EXPECT_EQ(join(std::string("a"), 1), "a1");
  EXPECT_EQ(runs, 4);
}

TEST_F(LoadTest, AMemoizedFunctionMaySayMoreOfEachResult) {
  Cache cache = make_cache();
  int runs = 0;
  auto members = memoize(cache.keyspace<std::string>("members"), [&](Load& load, int org) {
    ++runs;
    load.tag("org:" + std::to_string(org));
    return "members of " + std::to_string(org);
  });
  EXPECT_EQ(members(7), "members of 7");
  EXPECT_EQ(members(8), "members of 8");
  cache.invalidate(tag("org:7"));
  EXPECT_EQ(members(7), "members of 7");
  EXPECT_EQ(members(8), "members of 8");
  EXPECT_EQ(runs, 3);
}

}  // namespace
}  // namespace strata::testkit
