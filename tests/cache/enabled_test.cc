// The switch of a keyspace: what is not done while it is off, and what is there when it is on
// again.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "cache/cache_fixture.h"
#include "testkit/sqlite_bed.h"

namespace strata::testkit {
namespace {

class EnabledTest : public CacheFixture {
 protected:
  void TearDown() override { check(cache_); }
  KeyspaceStats stats() { return cache_.stats().keyspaces.at(0); }
  std::uint64_t disabled_misses() {
    return stats().misses[static_cast<std::size_t>(MissReason::kDisabled)];
  }

  Cache cache_ = make_cache();
  Keyspace<std::string> users_ =
      cache_.keyspace<std::string>("user", {.ttl_jitter = 0, .keep_for = minutes(5)});
  CountingLoader loader_;
};

TEST_F(EnabledTest, WhileItIsOffEveryLookUpIsAMissThatSaysSo) {
  users_.put("1", "ann");
  EXPECT_TRUE(users_.set_enabled(false).ok());
  const auto found = users_.get("1");
  EXPECT_EQ(found.outcome(), Outcome::kMiss);
  EXPECT_TRUE(found.disabled());
  EXPECT_FALSE(users_.contains("1"));
  EXPECT_EQ(users_.visit("1", [](const std::string&) { FAIL(); }), Outcome::kMiss);
  EXPECT_TRUE(users_.get_many({"1"})[0].disabled());
  auto async = users_.get_async("1").future();
  executor_->run_all();
  EXPECT_TRUE(async.get().disabled());
  EXPECT_EQ(disabled_misses(), 4u);
  EXPECT_EQ(stats().enabled, Enabled(false));
  EXPECT_EQ(users_.enabled(), Enabled(false));
  EXPECT_TRUE(users_.set_enabled(true).ok());
  EXPECT_FALSE(users_.get("2").disabled());
  EXPECT_EQ(users_.get("1").value(), "ann") << "nothing made it wrong";
}

TEST_F(EnabledTest, WhileItIsOffLoadsRunEachTimeAndNothingIsStored) {
  EXPECT_TRUE(users_.set_enabled(false).ok());
  for (int i = 1; i <= 2; ++i) {
    const auto found = users_.get_or_load("1", loader_());
    EXPECT_EQ(found.outcome(), Outcome::kLoaded);
    EXPECT_TRUE(found.disabled());
    EXPECT_EQ(loader_.runs, i);
  }
  const std::vector<std::string> ids{"1", "2"};
  const auto many = users_.get_or_load_many(ids, [](std::span<const std::string> missing, Load&) {
    return std::vector<std::optional<std::string>>(missing.size(), "value");
  });
  EXPECT_EQ(many[1].value(), "value");
  auto async = users_.get_or_load_async("3", loader_()).future();
  executor_->run_all();
  EXPECT_TRUE(async.get().disabled());
  EXPECT_FALSE(users_.put("4", "put").stored());
  EXPECT_EQ(disabled_misses(), 5u);
  EXPECT_EQ(tiers_[0]->size(), 0u);
  EXPECT_TRUE(users_.set_enabled(true).ok());
  for (const char* id : {"1", "2", "3", "4"}) EXPECT_EQ(users_.get(id).outcome(), Outcome::kMiss);
}

TEST_F(EnabledTest, AFailedLoadHasNothingKeptToServeAndNoBackOff) {
  auto users = cache_.keyspace<std::string>(
      "other", {.ttl = seconds(1), .keep_for = minutes(5), .error_backoff = minutes(1)});
  users.put("1", "old");
  clock_->advance(seconds(2));
  EXPECT_TRUE(users.set_enabled(false).ok());
  for (int i = 1; i <= 2; ++i) {
    EXPECT_EQ(users.get_or_load("1", loader_.failing()).outcome(), Outcome::kError);
    EXPECT_EQ(loader_.runs, i);
  }
}

TEST_F(EnabledTest, AShareHasTheSameKeysAlwaysAndMoreWhenItGrows) {
  EXPECT_TRUE(users_.set_enabled(Enabled::percent(25)).ok());
  const auto load_all = [&] {
    for (int i = 0; i < 1000; ++i) (void)users_.get_or_load(std::to_string(i), loader_());
  };
  load_all();
  const auto stored = tiers_[0]->size();
  EXPECT_GT(stored, 180u);
  EXPECT_LT(stored, 320u);
  loader_.runs = 0;
  load_all();
  EXPECT_EQ(loader_.runs, 1000 - static_cast<int>(stored));
  EXPECT_TRUE(users_.set_enabled(Enabled::percent(50)).ok());
  loader_.runs = 0;
  load_all();
  EXPECT_EQ(loader_.runs, 1000 - static_cast<int>(stored))
      << "those of the quarter are still there";
  EXPECT_GT(tiers_[0]->size(), stored + 150);
}

TEST_F(EnabledTest, TenantsGoWithTheWholeKeyspace) {
  auto whole = cache_.keyspace<std::string>("kept", {.tenants = true});
  auto acme = whole.of_tenant("acme");
  acme.put("1", "ann");
  EXPECT_TRUE(whole.set_enabled(false).ok());
  EXPECT_TRUE(acme.get("1").disabled());
  EXPECT_TRUE(whole.of_tenant("other").get("1").disabled());
  EXPECT_TRUE(acme.set_enabled(true).ok());
  EXPECT_EQ(whole.enabled(), Enabled(true));
  EXPECT_EQ(acme.get("1").value(), "ann");
}

TEST_F(EnabledTest, OpenKeyspacesAreSwitchedByName) {
  users_.put("1", "ann");
  EXPECT_TRUE(cache_.set_enabled("user", false).ok());
  EXPECT_TRUE(users_.get("1").disabled());
  EXPECT_EQ(cache_.set_enabled("nobody", true).error().code, ErrorCode::kRejected);
  EXPECT_FALSE(cache_.keyspace<std::string>("not a name").set_enabled(true).ok());
  cache_.close();
  EXPECT_EQ(users_.set_enabled(true).error().code, ErrorCode::kClosed);
}

TEST_F(EnabledTest, ALoadThatIsOverWhenItIsOffIsNotStored) {
  EXPECT_TRUE(users_.get_or_load("1", [&] {
    EXPECT_TRUE(users_.set_enabled(false).ok());
    return std::string("ann");
  }));
  EXPECT_TRUE(users_.set_enabled(true).ok());
  EXPECT_EQ(users_.get("1").outcome(), Outcome::kMiss);
}

TEST_F(EnabledTest, ALoadThatBeganWhileItWasOffIsRefusedIfItWasMadeWrong) {
  EXPECT_TRUE(users_.set_enabled(false).ok());
  EXPECT_TRUE(users_.get_or_load("1", [&](Load& load) {
    load.tag("org:7");
    cache_.invalidate(tag("org:7"));
    EXPECT_TRUE(users_.set_enabled(true).ok());
    return std::string("old");
  }));
  EXPECT_EQ(users_.get("1").outcome(), Outcome::kMiss);
}

// Values of before, in memory and in the file or in the file alone; while the keyspace is off
// something makes them wrong.
TEST(EnabledWithSqlite, NothingOfBeforeIsServedThatWasMadeWrongMeanwhile) {
  sqlite::TestBed bed;
  CacheParts parts;
  parts.hot = memory_tier({}, bed.clock, seeded_random(1));
  parts.tiers.push_back(bed.open());
  parts.clock = bed.clock;
  parts.executor = std::make_shared<ManualExecutor>();
  parts.timer = std::make_shared<ManualTimer>(bed.clock);
  Cache cache(std::move(parts));
  auto users = cache.keyspace<std::string>("user", {.keep_for = minutes(5)});
  const std::vector<std::function<void()>> changes = {
      [&] { users.invalidate("put"), users.invalidate("loaded"); },
      [&] { users.erase("put"), users.erase("loaded"); },
      [&] { users.put("put", "new"), users.put("loaded", "new"); },
      [&] { cache.invalidate(tag("org:7")); },
      [&] { cache.expire(tag("org:7")); },
      [&] { users.clear(); },
      [&] { cache.clear(); },
  };
  for (std::size_t i = 0; i < 2 * changes.size(); ++i) {
    SCOPED_TRACE(i);
    users.put("put", "old", {.labels = {tag("org:7")}});
    EXPECT_TRUE(users.get_or_load("loaded", [](Load& load) {
      load.tag("org:7");
      return std::string("old");
    }));
    ASSERT_TRUE(cache.flush().ok());
    if (i % 2 == 1) empty_memory(cache);
    EXPECT_TRUE(users.set_enabled(false).ok());
    changes[i / 2]();
    EXPECT_TRUE(users.set_enabled(true).ok());
    EXPECT_EQ(users.get("put").outcome(), Outcome::kMiss);
    EXPECT_EQ(users.get("loaded").outcome(), Outcome::kMiss);
  }
}

// The origin counts up, and each new value is announced by an invalidation. Whoever reads after
// one has returned sees at least that value, however often the switch is turned meanwhile.
TEST(EnabledWithSqlite, TurningTheSwitchNeverBringsAnOlderValueBack) {
  sqlite::TestBed bed;
  CacheParts parts;
  parts.hot = memory_tier({}, bed.clock, seeded_random(1));
  parts.tiers.push_back(bed.open());
  parts.clock = bed.clock;
  parts.executor = std::make_shared<ManualExecutor>();
  parts.timer = std::make_shared<ManualTimer>(bed.clock);
  Cache cache(std::move(parts));
  auto numbers = cache.keyspace<int>("number");
  std::atomic<int> origin{0};
  std::atomic<int> announced{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        const int least = announced;
        const auto found = numbers.get_or_load("n", [&](Load& load) {
          load.tag("t");
          return origin.load();
        });
        EXPECT_GE(found.value(), least);
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; !stop; ++i) {
      const Enabled next = i % 3 == 0 ? Enabled(false) : i % 3 == 1 ? Enabled::percent(60) : true;
      EXPECT_TRUE(numbers.set_enabled(next).ok());
      std::this_thread::yield();
    }
  });
  for (int i = 1; i <= 300; ++i) {
    origin = i;
    if (i % 3 == 0) cache.invalidate(tag("t"));
    if (i % 3 == 1) numbers.invalidate("n");
    if (i % 3 == 2) numbers.put("n", i, {.labels = {tag("t")}});
    announced = i;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace strata::testkit
