// What a cache does by itself while nobody calls it: entries leave when they are out of time.
#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache_fixture.h"
#include "strata/ports/timer.h"
#include "testkit/wait_until.h"

namespace strata {

// A value of which can be seen whether it is still there. Only memory holds it.
struct Held {
  std::shared_ptr<int> what;
};

template <>
struct Codec<Held> {
  static constexpr std::string_view kName = "held";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const Held&) { return std::string(); }
  static Result<Held> decode(std::string_view) { return Held(); }
};

namespace testkit {
namespace {

using testing::Each;
using testing::SizeIs;

class UpkeepTest : public CacheFixture {
 protected:
  // Time passes, and the executor has its thread.
  void let_pass(Duration by) {
    for (Duration left = by; left > Duration::zero(); left -= milliseconds(100)) {
      timer_->advance(std::min<Duration>(left, milliseconds(100)));
      executor_->run_all();
    }
  }
  static std::uint64_t entries(Cache& cache) { return cache.hot_tier().stats().entries; }

  const KeyspaceOptions brief_{.ttl = seconds(10), .ttl_jitter = 0};
};

TEST_F(UpkeepTest, ExpiredEntriesLeaveAnIdleCacheWithinASecond) {
  std::vector<RemovalCause> causes;
  CacheOptions options;
  options.on_removal = [&](const EntryRef&, RemovalCause cause) { causes.push_back(cause); };
  Cache cache = make_cache(0, options);
  auto users = cache.keyspace<std::string>("user", brief_);
  auto pages = cache.keyspace<std::string>("page", {.ttl = kForever});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(users.put(i, "x").ok());
  ASSERT_TRUE(pages.put("1", "y").ok());

  let_pass(milliseconds(9'900));
  EXPECT_EQ(entries(cache), 101u);
  let_pass(milliseconds(1'100));
  EXPECT_EQ(entries(cache), 1u);
  EXPECT_THAT(causes, SizeIs(100));
  EXPECT_THAT(causes, Each(RemovalCause::kExpired));
  EXPECT_EQ(pages.get("1").value(), "y");
  check(cache);
}

TEST_F(UpkeepTest, WhatTheyHeldIsGivenBack) {
  Cache cache = make_cache(0);
  auto values = cache.keyspace<Held>("held", {.ttl = seconds(10), .ttl_jitter = 0});
  std::weak_ptr<int> held;
  {
    auto what = std::make_shared<int>(1);
    held = what;
    ASSERT_TRUE(values.put("1", Held{std::move(what)}).ok());
  }
  let_pass(seconds(9));
  EXPECT_FALSE(held.expired());
  let_pass(seconds(2));
  EXPECT_TRUE(held.expired());
}

TEST_F(UpkeepTest, OtherTasksComeBetweenManyRemovals) {
  Cache cache = make_cache(0);
  auto users = cache.keyspace<std::string>("user", brief_);
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(users.put(i, "x").ok());
  clock_->advance(seconds(11));
  timer_->run_due();
  ASSERT_TRUE(executor_->run_one());
  const std::uint64_t after_one = entries(cache);
  EXPECT_GT(after_one, 5'000u);
  EXPECT_LT(after_one, 10'000u);
  EXPECT_EQ(executor_->pending(), 1u);
  executor_->run_all();
  EXPECT_EQ(entries(cache), 0u);
}

TEST_F(UpkeepTest, CloseStopsIt) {
  Cache cache = make_cache(0);
  auto users = cache.keyspace<std::string>("user", brief_);
  ASSERT_TRUE(users.put("1", "x").ok());
  clock_->advance(seconds(11));
  timer_->run_due();
  EXPECT_EQ(executor_->pending(), 1u);
  cache.close();
  let_pass(seconds(11));
  EXPECT_EQ(entries(cache), 1u) << "not by what was posted before, either";
  EXPECT_EQ(timer_->pending(), 0u);
  EXPECT_EQ(executor_->pending(), 0u);
}

TEST_F(UpkeepTest, ItDoesNotKeepTheCacheAlive) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = held;
  {
    CacheOptions options;
    options.on_removal = [held](const EntryRef&, RemovalCause) {};
    held.reset();
    const Cache cache = make_cache(0, options);
    options = {};
    clock_->advance(seconds(1));
    timer_->run_due();
    EXPECT_FALSE(seen.expired());
  }
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(executor_->run_all(), 1u) << "what was posted comes too late";
  let_pass(seconds(2));
}

TEST_F(UpkeepTest, ARemovalListenerMayCloseTheCache) {
  std::optional<Cache> cache;
  CacheOptions options;
  options.on_removal = [&](const EntryRef&, RemovalCause) { cache->close(); };
  cache.emplace(make_cache(0, options));
  ASSERT_TRUE(cache->keyspace<std::string>("user", brief_).put("1", "x").ok());
  let_pass(seconds(11));
  EXPECT_EQ(cache->invalidate(tag("t")).error->code, ErrorCode::kClosed);
  EXPECT_EQ(entries(*cache), 0u);
}

// The parts that a cache has by default, in their own threads.
TEST_F(UpkeepTest, TheSystemsTimerDoesIt) {
  CacheParts parts;
  parts.clock = system_clock();
  parts.hot = memory_tier({}, parts.clock, seeded_random(1));
  parts.executor = thread_pool({.threads = 1});
  Cache cache(std::move(parts));
  auto users = cache.keyspace<std::string>("user", {.ttl = milliseconds(50), .ttl_jitter = 0});
  ASSERT_TRUE(users.put("1", "x").ok());
  wait_until([&] { return cache.hot_tier().stats().removed(RemovalCause::kExpired) == 1; });
  EXPECT_EQ(entries(cache), 0u);
}

}  // namespace
}  // namespace testkit
}  // namespace strata
