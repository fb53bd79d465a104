// The asynchronous forms: completion on the executor, futures, coroutines.
#include <atomic>
#include <coroutine>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache_fixture.h"
#include "strata/ports/executor.h"

namespace strata::testkit {
namespace {

class AsyncTest : public CacheFixture {};

// A coroutine that starts at once and is not waited for.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

TEST_F(AsyncTest, AHitCompletesAtOnce) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_TRUE(users.put("1", "ann").ok());
  std::string seen;
  users.get_or_load_async("1", [] { return std::string("no"); }).then([&](auto found) {
    seen = found.value();
  });
  EXPECT_EQ(seen, "ann");
  EXPECT_EQ(executor_->pending(), 0u);
}

TEST_F(AsyncTest, AMissLoadsOnTheExecutorAndNobodyWaits) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  int runs = 0;
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    users
        .get_or_load_async("1",
                           [&] {
                             ++runs;
                             return std::string("ann");
                           })
        .then([&](auto found) {
          EXPECT_EQ(found.value(), "ann");
          ++done;
        });
  }
  EXPECT_EQ(done, 0);
  executor_->run_all();
  EXPECT_EQ(runs, 1) << "the others joined";
  EXPECT_EQ(done, 3);
  EXPECT_EQ(cache.stats().keyspaces.at(0).joined, 2u);
}

TEST_F(AsyncTest, AJoinerThatArrivedAfterAnInvalidationLoadsAgain) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  std::string origin = "old";
  std::string second;
  const auto load = [&](Load& handle) {
    handle.tag("t");
    return origin;
  };
  users
      .get_or_load_async(
          "1",
          [&](Load& handle) {
            handle.tag("t");
            const std::string read = origin;
            origin = "new";
            cache.invalidate(tag("t"));
            users.get_or_load_async("1", load).then([&](auto found) { second = found.value(); });
            return read;
          })
      .then([](auto found) { EXPECT_EQ(found.value(), "old"); });
  executor_->run_all();
  EXPECT_EQ(second, "new");
}

TEST_F(AsyncTest, FuturesAndCoroutinesGetTheResult) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  auto future = users.get_or_load_async("1", [] { return std::string("ann"); }).future();
  executor_->run_all();
  EXPECT_EQ(future.get().value(), "ann");

  std::string seen;
  const auto coroutine = [&]() -> Detached {
    const auto found = co_await users.get_or_load_async("2", [] { return std::string("bob"); });
    const auto again = co_await users.get_async("2");
    const PutResult put = co_await users.put_async("2", "bobby");
    EXPECT_TRUE(put.stored());
    seen = found.value() + " " + again.value() + " " + users.get("2").value();
  };
  coroutine();
  EXPECT_EQ(seen, "");
  executor_->run_all();
  EXPECT_EQ(seen, "bob bob bobby");
}

TEST_F(AsyncTest, EveryCallThatMayWaitHasAnAsynchronousForm) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  auto loaded = users
                    .get_or_load_many_async(
                        {"1", "2"},
                        [](std::span<const std::string> missing,
                           Load& load) -> Result<std::vector<std::optional<std::string>>> {
                          load.tag("t");
                          return std::vector<std::optional<std::string>>(missing.size(), "ann");
                        })
                    .future();
  executor_->run_all();
  EXPECT_EQ(loaded.get().at(1).value(), "ann");

  auto found = users.get_many_async({"1", "3"}).future();
  auto touched = users.touch_async("1", minutes(1)).future();
  executor_->run_all();
  EXPECT_EQ(found.get().at(0).value(), "ann");
  EXPECT_EQ(touched.get().value(), true);

  auto erased = users.erase_async("1").future();
  auto key = users.key({.identifier = "2"});
  ASSERT_TRUE(key);
  auto invalidated = users.invalidate_async(*key).future();
  executor_->run_all();
  EXPECT_TRUE(erased.get().ok());
  EXPECT_TRUE(invalidated.get().ok());
  EXPECT_FALSE(users.get("1"));
  EXPECT_FALSE(users.get("2"));

  EXPECT_TRUE(users.put("3", "carl", {.labels = {tag("t")}}).ok());
  auto by_tag = cache.invalidate_async({tag("t")}).future();
  auto flushed = cache.flush_async().future();
  executor_->run_all();
  EXPECT_TRUE(by_tag.get().ok());
  EXPECT_TRUE(flushed.get().ok());
  EXPECT_FALSE(users.get("3"));
}

TEST_F(AsyncTest, AfterCloseTheyAnswerThatItIsClosed) {
  std::optional<Keyspace<std::string>> users;
  {
    Cache cache = make_cache();
    users = cache.keyspace<std::string>("user");
  }
  EXPECT_EQ(users->get_async("1").future().get().error().code, ErrorCode::kClosed);
  EXPECT_EQ(users->get_many_async({"1"}).future().get().at(0).error().code, ErrorCode::kClosed);
  EXPECT_EQ(users->put_async("1", "ann").future().get().error->code, ErrorCode::kClosed);
  EXPECT_EQ(users->erase_async("1").future().get().error->code, ErrorCode::kClosed);
  EXPECT_EQ(executor_->pending(), 0u);
}

TEST_F(AsyncTest, ErrorsArriveLikeResults) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  auto failed = users.get_or_load_async("1", []() -> std::string { throw 7; }).future();
  executor_->run_all();
  EXPECT_EQ(failed.get().error().code, ErrorCode::kLoadFailed);
  EXPECT_EQ(users.get_async(std::string(5000, 'x')).future().get().error().code,
            ErrorCode::kRejected);
  auto put = users.put_async(std::string(5000, 'x'), "v").future();
  executor_->run_all();
  EXPECT_FALSE(put.get().ok());
}

TEST_F(AsyncTest, AnExecutorThatTakesNoMoreMeansTheCallersThread) {
  executor_ = std::make_shared<ManualExecutor>(0);
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  EXPECT_EQ(users.get_or_load_async("1", [] { return std::string("ann"); }).future().get().value(),
            "ann");
  EXPECT_TRUE(users.put_async("2", "bob").future().get().stored());
  EXPECT_EQ(users.get_async("2").future().get().value(), "bob");
}

TEST_F(AsyncTest, CloseWaitsForWhatIsRunning) {
  executor_.reset();
  auto pool = thread_pool({.threads = 2});
  CacheParts parts;
  parts.hot = memory_tier({}, clock_, seeded_random(1));
  parts.clock = clock_;
  parts.timer = timer_;
  parts.executor = pool;
  std::atomic<int> done{0};
  {
    Cache cache(std::move(parts));
    auto users = cache.keyspace<std::string>("user");
    for (int i = 0; i < 50; ++i) {
      users.get_or_load_async(i, [] { return std::string("x"); }).then([&](auto) { ++done; });
    }
  }
  EXPECT_EQ(done, 50);
}

// A load that runs in a thread of the pool until it is let go; the timer moves when told.
class AsyncTimeOutTest : public CacheFixture {
 protected:
  void TearDown() override {
    let_go_ = true;
    cache_.close();
  }
  Cache make_pooled() {
    CacheParts parts;
    parts.hot = memory_tier({}, clock_, seeded_random(1));
    parts.clock = clock_;
    parts.timer = timer_;
    parts.executor = thread_pool({.threads = 2});
    return Cache(std::move(parts));
  }
  std::future<Lookup<std::string>> slow(const CallOptions& call = kDefaultCall) {
    const auto load = [this] {
      while (!let_go_) std::this_thread::yield();
      return std::string("late");
    };
    return users_.get_or_load_async("1", load, call).future();
  }

  std::atomic<bool> let_go_{false};
  Cache cache_ = make_pooled();
  Keyspace<std::string> users_ = cache_.keyspace<std::string>("user", {.ttl = seconds(60),
                                                                       .ttl_jitter = 0,
                                                                       .keep_for = minutes(60),
                                                                       .soft_timeout = seconds(1),
                                                                       .hard_timeout = seconds(3)});
};

TEST_F(AsyncTimeOutTest, AfterTheHardTimeOutThereIsAnErrorAndTheLoadGoesOn) {
  auto leader = slow();
  auto joiner = slow();
  auto longer = slow({.hard_timeout = seconds(5)});
  timer_->advance(seconds(2));
  EXPECT_EQ(leader.wait_for(milliseconds(0)), std::future_status::timeout);
  timer_->advance(seconds(1));
  const auto found = leader.get();
  EXPECT_EQ(found.outcome(), Outcome::kError);
  EXPECT_EQ(found.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(joiner.get().error().code, ErrorCode::kDeadlineExceeded);
  let_go_ = true;
  EXPECT_EQ(longer.get().value(), "late");
  EXPECT_EQ(users_.get("1").value(), "late") << "it was stored";
  const KeyspaceStats stats = cache_.stats().keyspaces.at(0);
  EXPECT_EQ(stats.count(Outcome::kError), 2u) << "each call is counted once";
  EXPECT_EQ(stats.count(Outcome::kLoaded), 1u);
}

TEST_F(AsyncTimeOutTest, AfterTheSoftTimeOutTheKeptValueIsTheAnswer) {
  users_.put("1", "old");
  clock_->advance(seconds(61));
  auto found = slow();
  timer_->advance(seconds(1));
  const auto kept = found.get();
  EXPECT_EQ(kept.value(), "old");
  EXPECT_EQ(kept.outcome(), Outcome::kStaleHit);
  EXPECT_EQ(kept.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(AsyncTimeOutTest, TheDeadlineOfTheCallIsATimeOutToo) {
  auto found = slow({.deadline = {saturating_add(clock_->now(), milliseconds(10))}});
  timer_->advance(milliseconds(10));
  EXPECT_EQ(found.get().error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(AsyncTimeOutTest, TheTimerHasSoManyAlarmsAndRoomForOthers) {
  const CallOptions call{.soft_timeout = kForever, .hard_timeout = seconds(3)};
  std::vector<std::future<Lookup<std::string>>> bounded;
  for (std::size_t i = 0; i < limits::kLoadAlarms; ++i) bounded.push_back(slow(call));
  auto beyond = slow(call);
  timer_->advance(seconds(3));
  for (auto& one : bounded) ASSERT_EQ(one.get().error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(beyond.wait_for(milliseconds(0)), std::future_status::timeout) << "without a bound";
  // Their places are free again.
  EXPECT_EQ(
      [&] {
        auto next = slow(call);
        timer_->advance(seconds(3));
        return next.get().error().code;
      }(),
      ErrorCode::kDeadlineExceeded);
  let_go_ = true;
  EXPECT_EQ(beyond.get().value(), "late");
}

TEST_F(AsyncTimeOutTest, ALoadInTimeIsAnsweredOnceAndItsAlarmsFindNothing) {
  let_go_ = true;
  auto found = slow();
  EXPECT_EQ(found.get().value(), "late");
  timer_->advance(seconds(10));
  cache_.close();
  EXPECT_EQ(cache_.stats().keyspaces.at(0).lookups(), 1u);
}

// Loads that end, time-outs and the end of the cache at once: every call is answered once.
TEST_F(AsyncTimeOutTest, EveryCallIsAnsweredOnceWhateverThreadsDo) {
  let_go_ = true;
  std::atomic<int> answers{0};
  constexpr int kCalls = 2'000;
  std::atomic<bool> stop{false};
  std::thread time([&] {
    while (!stop) timer_->advance(milliseconds(1));
  });
  for (int i = 0; i < kCalls; ++i) {
    users_
        .get_or_load_async(std::to_string(i % 7), [] { return std::string("value"); },
                           {.hard_timeout = milliseconds(1), .bypass = i % 2 == 0})
        .then([&](const auto&) { ++answers; });
  }
  { const Cache ended = std::move(cache_); }
  stop = true;
  time.join();
  EXPECT_EQ(answers, kCalls);
  cache_ = make_pooled();
}

}  // namespace
}  // namespace strata::testkit
