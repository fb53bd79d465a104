// How many callers may wait for one load, and what becomes of the others.
#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache_fixture.h"
#include "strata/ports/executor.h"

namespace strata::testkit {
namespace {

using testing::HasSubstr;

// A load that runs in a thread of its own until it is let go.
class HeldLoad {
 public:
  HeldLoad(Keyspace<std::string> keyspace, const std::string& id) {
    thread_ = std::thread([this, keyspace, id]() mutable {
      found_ = keyspace.get_or_load(id, [this] {
        runs_ = true;
        while (!let_go_) std::this_thread::yield();
        return std::string("value");
      });
    });
    while (!runs_) std::this_thread::yield();
  }
  ~HeldLoad() { static_cast<void>(end()); }
  HeldLoad(const HeldLoad&) = delete;
  HeldLoad& operator=(const HeldLoad&) = delete;
  Lookup<std::string> end() {
    let_go_ = true;
    if (thread_.joinable()) thread_.join();
    return found_;
  }

 private:
  std::atomic<bool> runs_{false};
  std::atomic<bool> let_go_{false};
  Lookup<std::string> found_;
  std::thread thread_;
};

class WaitersTest : public CacheFixture {};

TEST_F(WaitersTest, BesideAsManyAsMayWaitACallerGetsAnErrorAtOnce) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.max_waiters = 2});
  HeldLoad load(users, "1");
  CountingLoader other;
  int completed = 0;
  for (int i = 0; i < 2; ++i) {
    users.get_or_load_async("1", other()).then([&](const auto& found) {
      completed += found.value() == "value" ? 1 : 0;
    });
  }
  const auto refused = users.get_or_load("1", other());
  EXPECT_EQ(refused.outcome(), Outcome::kError);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().message,
            "keyspace 'user': 2 callers (max_waiters) wait for the load of '1:user::1:' already");
  std::string async;
  users.get_or_load_async("1", other()).then([&](const auto& found) {
    async = found.error().message;
  });
  EXPECT_EQ(async, refused.error().message) << "it does not wait either";
  const std::vector<std::string> ids{"1", "2"};
  const auto many = users.get_or_load_many(ids, [](std::span<const std::string> missing, Load&) {
    return std::vector<std::optional<std::string>>(missing.size(), "two");
  });
  EXPECT_EQ(many[0].error().message, refused.error().message);
  EXPECT_EQ(many[1].value(), "two");
  EXPECT_EQ(load.end().value(), "value");
  executor_->run_all();
  EXPECT_EQ(completed, 2);
  EXPECT_EQ(users.get_or_load("1", other()).value(), "value");
  EXPECT_EQ(other.runs, 0);
  EXPECT_EQ(cache.stats().keyspaces.at(0).turned_away, 3u);
  check(cache);
}

TEST_F(WaitersTest, TheKeptValueIsServedInPlaceOfTheError) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>(
      "user", {.ttl = seconds(1), .keep_for = minutes(1), .max_waiters = 1});
  users.put("1", "old");
  clock_->advance(seconds(2));
  HeldLoad load(users, "1");
  users.get_or_load_async("1", [] { return std::string("other"); }).then([](const auto&) {});
  const auto kept = users.get_or_load("1", [] { return std::string("other"); });
  EXPECT_EQ(kept.value(), "old");
  EXPECT_EQ(kept.outcome(), Outcome::kStaleHit);
  EXPECT_THAT(kept.error().message, HasSubstr("max_waiters"));
  EXPECT_EQ(load.end().value(), "value");
  executor_->run_all();
}

TEST_F(WaitersTest, WhoLeadsALoadWithATimeOutIsNotOneOfThem) {
  CacheParts parts;
  parts.hot = memory_tier({}, clock_, seeded_random(1));
  parts.clock = clock_;
  parts.timer = timer_;
  parts.executor = thread_pool({.threads = 1});
  Cache cache(std::move(parts));
  auto users = cache.keyspace<std::string>("user", {.hard_timeout = minutes(1), .max_waiters = 1});
  std::atomic<bool> joined{false};
  std::thread joiner;
  const auto found = users.get_or_load("1", [&] {
    joiner = std::thread([&] {
      auto waits = users.get_or_load_async("1", [] { return std::string("other"); });
      joined = true;
      EXPECT_EQ(waits.future().get().value_or("turned away"), "value");
    });
    while (!joined) std::this_thread::yield();
    return std::string("value");
  });
  joiner.join();
  EXPECT_EQ(found.value(), "value");
  EXPECT_EQ(cache.stats().keyspaces.at(0).turned_away, 0u);
}

TEST_F(WaitersTest, EveryThreadOfACrowdIsAnsweredOrTurnedAway) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user", {.max_waiters = 5});
  std::atomic<int> came{0};
  std::atomic<int> answered{0};
  std::atomic<int> refused{0};
  constexpr int kThreads = 40;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ++came;
      const auto found = users.get_or_load("1", [&] {
        while (refused == 0 || came < kThreads) std::this_thread::yield();
        return std::string("value");
      });
      (found ? answered : refused) += 1;
      EXPECT_TRUE(found || found.error().code == ErrorCode::kUnavailable);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered + refused, kThreads);
  EXPECT_GT(refused, 0);
  // Who was turned away may find the value, if it has come meanwhile.
  EXPECT_GE(cache.stats().keyspaces.at(0).turned_away, static_cast<std::uint64_t>(refused));
  check(cache);
}

TEST_F(WaitersTest, AKeyspaceHasALimitWithinThatOfLoads) {
  Cache cache = make_cache();
  EXPECT_FALSE(cache.keyspace<std::string>("none", {.max_waiters = 0}).status());
  const std::size_t many = limits::kWaitersPerLoad + 1;
  EXPECT_FALSE(cache.keyspace<std::string>("many", {.max_waiters = many}).status());
}

}  // namespace
}  // namespace strata::testkit
