// The asynchronous forms: completion on the executor, futures, coroutines.
#include <coroutine>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache_fixture.h"

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

}  // namespace
}  // namespace strata::testkit
