// Refresh ahead: when it begins, what it asks, and what it leaves alone.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache_fixture.h"
#include "strata/ports/executor.h"

namespace strata::testkit {
namespace {

class RefreshAheadTest : public CacheFixture {
 protected:
  void TearDown() override { check(cache_); }

  // What a reader gets; the loader is what a refresh would run.
  std::string read(const std::string& id = "1") {
    return users_.get_or_load(id, loader_()).value_or("nothing");
  }
  // Loads, and lets so many seconds of the ttl pass. All keys are due from 62.5 on.
  void load_and_wait(int passed) {
    loader_.value = "old";
    (void)read();
    loader_.value = "new";
    clock_->advance(seconds(passed));
  }
  KeyspaceStats stats() { return cache_.stats().keyspaces.at(0); }

  const KeyspaceOptions options_{.ttl = seconds(100), .ttl_jitter = 0, .refresh_ahead = 0.5};
  Cache cache_ = make_cache(2);
  Keyspace<std::string> users_ = cache_.keyspace<std::string>("user", options_);
  CountingLoader loader_;
  RecordTier* shared_ = nullptr;
};

TEST_F(RefreshAheadTest, AHitLateInTheTtlStartsOneLoadBehind) {
  load_and_wait(49);
  EXPECT_EQ(read(), "old");
  EXPECT_EQ(executor_->run_all(), 0u) << "it is too early";
  clock_->advance(seconds(14));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(read(), "old");
  EXPECT_EQ(executor_->pending(), 1u);
  executor_->run_all();
  EXPECT_EQ(loader_.runs, 2);
  EXPECT_EQ(read(), "new");
  EXPECT_EQ(stats().refreshes_ahead, 1u);
  clock_->advance(seconds(49));
  EXPECT_EQ(read(), "new") << "with a ttl of its own";
  EXPECT_EQ(executor_->run_all(), 0u);
  for (const RecordTier* tier : tiers_) EXPECT_TRUE(tier->holds("1:user::1:"));
}

TEST_F(RefreshAheadTest, IsOffUnlessItIsAskedFor) {
  auto plain = cache_.keyspace<std::string>("plain", {.ttl = seconds(100)});
  (void)plain.get_or_load("1", loader_());
  clock_->advance(seconds(94));
  EXPECT_EQ(plain.get_or_load("1", loader_()).outcome(), Outcome::kHit);
  EXPECT_EQ(executor_->run_all(), 0u);
  EXPECT_FALSE(cache_.keyspace<std::string>("all", {.refresh_ahead = 1}).status());
  EXPECT_FALSE(cache_.keyspace<std::string>("below", {.refresh_ahead = -0.1}).status());
}

TEST_F(RefreshAheadTest, KeysThatWereLoadedTogetherAreDueOneAfterTheOther) {
  for (int i = 0; i < 100; ++i) (void)read(std::to_string(i));
  std::vector<std::size_t> due;
  for (int second = 0; second < 64; ++second) {
    for (int i = 0; i < 100; ++i) (void)read(std::to_string(i));
    const std::size_t ran = executor_->run_all();
    EXPECT_TRUE(second >= 50 || ran == 0) << second;
    due.push_back(ran);
    clock_->advance(seconds(1));
  }
  EXPECT_LT(*std::max_element(due.begin(), due.end()), 30u);
  EXPECT_EQ(loader_.runs, 200) << "each once";
}

TEST_F(RefreshAheadTest, AFailureLeavesTheEntryAsItIsAndIsNotRepeatedAtOnce) {
  load_and_wait(63);
  const auto fail = [&] { return users_.get_or_load("1", loader_.failing()).value_or("nothing"); };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(fail(), "old");
    executor_->run_all();
  }
  EXPECT_EQ(loader_.runs, 2);
  EXPECT_EQ(stats().load_failures, 1u);
  clock_->advance(seconds(30));
  EXPECT_EQ(fail(), "old");
  executor_->run_all();
  EXPECT_EQ(loader_.runs, 3) << "after retry_after";
  clock_->advance(seconds(7));
  EXPECT_EQ(read(), "new") << "its ttl has ended when it would have";
}

TEST_F(RefreshAheadTest, AValueThatWasInvalidatedMeanwhileStaysAway) {
  load_and_wait(63);
  (void)read();
  users_.invalidate("1");
  executor_->run_all();
  EXPECT_EQ(loader_.runs, 1) << "nobody wants it";
  EXPECT_EQ(users_.get("1").outcome(), Outcome::kMiss);

  load_and_wait(63);
  const auto invalidated = users_.get_or_load("1", [&](Load&) {
    users_.invalidate("1");
    return std::string("read before");
  });
  EXPECT_EQ(invalidated.value(), "old");
  executor_->run_all();
  EXPECT_EQ(users_.get("1").outcome(), Outcome::kMiss);
}

// The time of the next renewal keeps nobody from a load.
TEST_F(RefreshAheadTest, AnotherVersionIsLoadedAlsoWhileItIsRenewed) {
  load_and_wait(63);
  EXPECT_EQ(read(), "old");
  const auto found = users_.get_or_load("1", loader_(), {.version = "2"});
  EXPECT_EQ(found.value_or("nothing"), "new");
  EXPECT_NE(found.outcome(), Outcome::kStaleHit);
  executor_->run_all();
}

TEST_F(RefreshAheadTest, AValueThatWasPutMeanwhileStays) {
  load_and_wait(63);
  (void)read();
  users_.put("1", "put");
  executor_->run_all();
  EXPECT_EQ(read(), "put");
  EXPECT_EQ(loader_.runs, 1);
}

TEST_F(RefreshAheadTest, AnotherValueMakesWhatWasMadeFromTheFormerOneWrong) {
  auto pages = cache_.keyspace<std::string>("page", {.ttl = minutes(30)});
  std::vector<Outcome> outcomes;
  for (const char* value : {"old", "new"}) {
    load_and_wait(0);
    loader_.value = value;
    (void)pages.get_or_load("page",
                            [&](Load& load) { return "page of " + load.get(users_, "1").value(); });
    clock_->advance(seconds(63));
    (void)read();
    executor_->run_all();
    outcomes.push_back(pages.get("page").outcome());
    users_.erase("1");
  }
  EXPECT_EQ(outcomes[0], Outcome::kHit) << "the same value";
  EXPECT_EQ(outcomes[1], Outcome::kMiss);
}

// Another process, or a look-up of this one that memory could not keep, has loaded it since.
TEST_F(RefreshAheadTest, AFresherRecordBelowIsPromotedAndTheSourceIsNotAsked) {
  load_and_wait(63);
  auto pages = cache_.keyspace<std::string>("page", {.ttl = minutes(30)});
  const auto page = [&](Load& load) { return "page of " + load.get(users_, "1").value(); };
  EXPECT_TRUE(pages.get_or_load("page", page));
  Cache other = [&] {
    CacheParts parts;
    parts.hot = memory_tier({}, clock_, seeded_random(1));
    parts.clock = clock_;
    parts.executor = executor_;
    parts.timer = timer_;
    auto tier = std::make_unique<RecordTier>("records", clock_);
    shared_ = tier.get();
    parts.tiers.push_back(std::move(tier));
    return Cache(std::move(parts));
  }();
  auto theirs = other.keyspace<std::string>("user", options_);
  EXPECT_TRUE(theirs.get_or_load("1", [] { return std::string("theirs"); }));
  const Key key = theirs.key({.identifier = "1"}).value();
  const Record record = **shared_->get(key.ref(), {});
  ASSERT_EQ(*tiers_[1]->fill(record, tiers_[1]->position(), {}), FillOutcome::kStored);
  EXPECT_EQ(read(), "old");
  executor_->run_all();
  EXPECT_EQ(read(), "theirs");
  EXPECT_EQ(loader_.runs, 1);
  EXPECT_EQ(pages.get("page").outcome(), Outcome::kMiss) << "it was made from another value";
  clock_->advance(seconds(63));
  EXPECT_EQ(read(), "theirs") << "with the life that it has left";
  executor_->run_all();
  EXPECT_EQ(read(), "new");
}

TEST_F(RefreshAheadTest, WhatIsHeldByAFullExecutorIsTriedAgainAndNeverRunsInTheReader) {
  CacheParts parts;
  parts.hot = memory_tier({}, clock_, seeded_random(1));
  parts.clock = clock_;
  parts.timer = timer_;
  auto narrow = std::make_shared<ManualExecutor>(1);
  parts.executor = narrow;
  Cache cache(std::move(parts));
  auto users = cache.keyspace<std::string>("user", options_);
  (void)users.get_or_load("1", loader_());
  clock_->advance(seconds(63));
  ASSERT_TRUE(narrow->post([] {}));
  for (int i = 0; i < 10; ++i) (void)users.get_or_load("1", loader_());
  EXPECT_EQ(loader_.runs, 1);
  narrow->run_all();
  clock_->advance(seconds(5));
  (void)users.get_or_load("1", loader_());
  narrow->run_all();
  EXPECT_EQ(loader_.runs, 2);
}

// Readers, refreshes and invalidations at once: nobody reads less than what was announced before.
TEST_F(RefreshAheadTest, NeverBringsAnOlderValueBackWhateverThreadsDo) {
  CacheParts parts;
  parts.hot = memory_tier({}, clock_, seeded_random(1));
  parts.tiers.push_back(std::make_unique<RecordTier>("records", clock_));
  parts.clock = clock_;
  parts.timer = timer_;
  parts.executor = thread_pool({.threads = 2});
  Cache cache(std::move(parts));
  auto numbers = cache.keyspace<int>(
      "number", {.ttl = seconds(10), .retry_after = milliseconds(1), .refresh_ahead = 0.01});
  std::atomic<int> origin{0};
  std::atomic<int> announced{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      while (!stop) {
        const int least = announced;
        EXPECT_GE(numbers.get_or_load("n", [&origin] { return origin.load(); }).value(), least);
      }
    });
  }
  const auto refreshes = [&] { return cache.stats().keyspaces.at(0).refreshes_ahead; };
  for (int i = 1; i <= 400 || (refreshes() == 0 && i < 100'000); ++i) {
    clock_->advance(milliseconds(500));
    std::this_thread::yield();
    if (i % 10 != 0) continue;
    origin = i;
    numbers.invalidate("n");
    announced = i;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(refreshes(), 0u);
}

}  // namespace
}  // namespace strata::testkit
