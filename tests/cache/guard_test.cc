// Tiers and sources behind their guards, as a cache sees them: it goes on without what fails, and
// nothing that was made wrong meanwhile is served when that is back.
#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cache/cache_fixture.h"
#include "strata/ports/thread.h"
#include "strata/sqlite/sqlite_tier.h"
#include "testkit/fault_loop.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata::testkit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CacheGuard : public CacheFixture {
 protected:
  CacheGuard() { guard_ = TierGuardOptions{}; }

  static TierStats tier_of(const Cache& cache) { return cache.stats().tiers[1].tier; }
  static std::uint64_t missed_by_error(const Cache& cache) {
    return cache.stats().keyspaces[0].misses[static_cast<std::size_t>(MissReason::kError)];
  }
  // Memory over the SQLite tier, whose reads fail as the plan says.
  Cache make_sqlite_cache() {
    CacheParts parts;
    parts.hot = memory_tier({}, clock_, seeded_random(1));
    const SqliteOptions options{.path = folder_.file("cache.db")};
    auto tier = open_sqlite_tier(options, clock_, seeded_random(2)).value();
    parts.tiers.push_back(with_guard(with_faults(std::move(tier), faults_)));
    parts.clock = clock_;
    parts.executor = executor_;
    parts.timer = timer_;
    return Cache(std::move(parts));
  }
  // The probe's time comes, and it runs.
  void try_again(Keyspace<std::string>& users) {
    clock_->advance(seconds(5));
    (void)users.get("nobody");
    executor_->run_all();
  }

  TempDir folder_;
};

TEST_F(CacheGuard, ReadsGoOnWithoutATierThatFailsAndOneProbeBringsItBack) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  int loads = 0;
  const auto load = [&] { return "v" + std::to_string(++loads); };
  faults_->add({.call = "records.get"}).value();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(users.get_or_load(std::to_string(i), load));
    EXPECT_EQ(users.get_or_load(std::to_string(i), load).outcome(), Outcome::kHit) << "in memory";
  }
  EXPECT_EQ(loads, 100);
  EXPECT_EQ(faults_->calls("records.get"), 5u);
  EXPECT_EQ(tier_of(cache).reads.state, BreakerState::kOpen);
  EXPECT_EQ(tier_of(cache).state, TierState::kDegraded);
  EXPECT_EQ(cache.stats().tier_errors, 5u) << "what is passed over is no error";
  EXPECT_EQ(missed_by_error(cache), 100u) << "and the reason of each miss";

  clock_->advance(seconds(5));
  for (int i = 100; i < 110; ++i) (void)users.get(std::to_string(i));
  executor_->run_all();
  EXPECT_EQ(faults_->calls("records.get"), 6u) << "one probe, which fails";
  faults_->clear();
  clock_->advance(seconds(10));
  (void)users.get("nobody");
  executor_->run_all();
  EXPECT_EQ(tier_of(cache).reads.state, BreakerState::kClosed);
  EXPECT_EQ(tier_of(cache).state, TierState::kOk);
  (void)users.get_or_load("new", load);
  empty_memory(cache);
  EXPECT_EQ(users.get("new").tier(), "records");
  EXPECT_LE(log_.size(), 5u) << testing::PrintToString(log_);
  check(cache);
}

TEST_F(CacheGuard, ABatchGoesOnWithoutTheTierToo) {
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  (void)users.put("1", "one");
  (void)users.put("2", "two");
  faults_->add({.call = "records"}).value();
  const std::vector<std::string> ids{"1", "2"};
  for (int i = 0; i < 10; ++i) {
    empty_memory(cache);
    for (const auto& one : users.get_many(ids)) EXPECT_EQ(one.outcome(), Outcome::kMiss);
  }
  EXPECT_EQ(faults_->calls("records.get_many"), 5u);
  EXPECT_EQ(missed_by_error(cache), 20u);
  faults_->clear();
  try_again(users);
  for (const auto& one : users.get_many(ids)) EXPECT_EQ(one.outcome(), Outcome::kHit);
}

// The promise of docs/consistency.md, with the real file: while the tier is passed over nothing of
// it is served, and what was made wrong then is not served afterwards.
TEST_F(CacheGuard, WhatIsMadeWrongWhileSqliteIsPassedOverIsNotServedWhenItIsBack) {
  Cache cache = make_sqlite_cache();
  auto users = cache.keyspace<std::string>("user");
  const std::vector<std::pair<std::string, std::function<void()>>> changes = {
      {"invalidate", [&] { cache.invalidate(tag("t")); }},
      {"erase", [&] { users.erase("1"); }},
      {"put", [&] { (void)users.put("1", "new"); }},
      {"expire", [&] { cache.expire(tag("t")); }},
      {"clear", [&] { cache.clear(); }},
  };
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(users.put("1", "old", {.labels = {tag("t")}}).ok());
    ASSERT_TRUE(users.put("other", "stays").ok());
    ASSERT_TRUE(cache.flush().ok());
    empty_memory(cache);
    EXPECT_EQ(*users.get("1"), "old");
    empty_memory(cache);
    faults_->add({.call = "sqlite.get", .times = 5}).value();
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(users.get("1"));
    ASSERT_EQ(tier_of(cache).reads.state, BreakerState::kOpen);

    change();
    EXPECT_NE(users.get("1").value_or("nothing"), "old") << "while it is passed over";
    try_again(users);
    ASSERT_EQ(tier_of(cache).reads.state, BreakerState::kClosed);
    empty_memory(cache);
    EXPECT_EQ(users.get("1").value_or("nothing"), name == "put" ? "new" : "nothing");
    if (name != "clear") {
      EXPECT_EQ(users.get("other").value_or("nothing"), "stays");
    }
  }
}

// A load that began before is refused by the tier that was passed over meanwhile.
TEST_F(CacheGuard, ALoadFromBeforeAnInvalidationDoesNotFillTheTierThatIsBack) {
  Cache cache = make_sqlite_cache();
  auto users = cache.keyspace<std::string>("user");
  const auto found = users.get_or_load("1", [&](Load& load) {
    load.tag("t");
    faults_->add({.call = "sqlite.get", .times = 5}).value();
    for (int i = 0; i < 5; ++i) (void)users.get("2");
    cache.invalidate(tag("t"));
    try_again(users);
    return std::string("old");
  });
  EXPECT_EQ(*found, "old");
  EXPECT_EQ(tier_of(cache).reads.state, BreakerState::kClosed);
  empty_memory(cache);
  EXPECT_FALSE(users.get("1"));
}

TEST_F(CacheGuard, WithoutGraceASkippedTierIsAnError) {
  guard_.reset();
  Cache cache = [&] {
    CacheParts parts;
    parts.hot = memory_tier({}, clock_, seeded_random(1));
    parts.tiers.push_back(
        guarded_tier(with_faults(std::make_unique<RecordTier>("records", clock_), faults_), {},
                     {.clock = clock_, .graceful = false}));
    parts.clock = clock_;
    parts.executor = executor_;
    parts.timer = timer_;
    parts.options.graceful = false;
    return Cache(std::move(parts));
  }();
  auto users = cache.keyspace<std::string>("user");
  faults_->add({.call = "records.get"}).value();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(users.get("1").outcome(), Outcome::kError);
  EXPECT_EQ(faults_->calls("records.get"), 5u);
}

class CacheGuardFault : public CacheGuard, public testing::WithParamInterface<FaultKind> {};

// Whichever call fails opens the breaker at once, and it closes and opens again on the way.
TEST_P(CacheGuardFault, NothingStaleIsServedWhicheverCallOpensTheBreaker) {
  guard_->breaker = {.failures = 1, .open_for = seconds(1), .open_for_max = seconds(1)};
  fail_each_call(GetParam(), [this](const std::shared_ptr<FaultPlan>& plan) {
    faults_ = plan;
    Cache cache = make_cache(2);
    auto users = cache.keyspace<std::string>("user", {.keep_for = minutes(60)});
    int version = 0;
    const auto load = [&](Load& handle) {
      handle.tag("t");
      return "v" + std::to_string(version);
    };
    const auto expect = [&] {
      for (int i = 0; i < 3; ++i) {
        const auto found = users.get_or_load("1", load);
        ASSERT_TRUE(found);
        EXPECT_GE(std::stoi(found->substr(1)), version);
        empty_memory(cache);
        clock_->advance(milliseconds(700));
        executor_->run_all();
      }
    };
    expect();
    version = 1;
    cache.invalidate(tag("t"));
    expect();
    version = 2;
    EXPECT_TRUE(users.put("1", "v2").ok());
    expect();
    version = 3;
    users.erase("1");
    expect();
    version = 4;
    cache.clear();
    expect();
    check(cache);
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, CacheGuardFault,
                         testing::Values(FaultKind::kOnce, FaultKind::kFromThenOn),
                         [](const auto& kind) {
                           return kind.param == FaultKind::kOnce ? "Once" : "FromThenOn";
                         });

// A source that answers what it is told, or nothing while `gone`.
class GuardedSourceOfCache : public CacheFixture {
 protected:
  class Numbers final : public Source {
   public:
    [[nodiscard]] std::string_view name() const override { return "numbers"; }
    [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
      static const std::vector<SourceParameter> kParameters{{.name = "id"}};
      return kParameters;
    }
    [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override {
      SourceReply reply;
      reply.body = "number " + request.params[0].second;
      return reply;
    }
    void close() override {}
  };

  Cache make(SourceOptions options) {
    Cache cache = make_cache(0);
    EXPECT_TRUE(
        cache.add_source(with_faults(std::make_shared<Numbers>(), faults_), std::move(options))
            .ok());
    return cache;
  }
};

TEST_F(GuardedSourceOfCache, ASourceThatFailsIsLeftAloneAndItsValuesAreKept) {
  SourceOptions options;
  options.keyspace.ttl = seconds(10);
  options.keyspace.keep_for = minutes(60);
  options.keyspace.retry_after = Duration(0);
  Cache cache = make(options);
  EXPECT_EQ(*cache.read("numbers", {{"id", "1"}}), "number 1");
  clock_->advance(seconds(20));
  faults_->add({.call = "numbers.fetch"}).value();
  for (int i = 0; i < 50; ++i) {
    const auto kept = cache.read("numbers", {{"id", "1"}});
    EXPECT_EQ(kept.outcome(), Outcome::kStaleHit);
    EXPECT_EQ(*kept, "number 1");
    EXPECT_FALSE(cache.read("numbers", {{"id", "2"}}));
  }
  EXPECT_EQ(faults_->calls("numbers.fetch"), 6u) << "one that worked, five that did not";
  const SourceStats stats = cache.stats().sources.at(0);
  EXPECT_EQ(stats.name, "numbers");
  EXPECT_EQ(stats.breaker.state, BreakerState::kOpen);
  EXPECT_EQ(stats.breaker.skipped, 95u);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("source numbers: it is left alone for 5")));

  faults_->clear();
  clock_->advance(seconds(5));
  EXPECT_EQ(*cache.read("numbers", {{"id", "2"}}), "number 2");
  EXPECT_EQ(cache.read("numbers", {{"id", "1"}}).outcome(), Outcome::kRefreshed);
}

TEST_F(GuardedSourceOfCache, CallersBeyondTheBoundsAreRefusedAndTheOthersServed) {
  SourceOptions options;
  options.guard.max_concurrent = 2;
  options.guard.max_waiting = 3;
  Cache cache = make(options);
  faults_->add({.call = "numbers.fetch", .effect = FaultEffect::kHang}).value();
  constexpr int kCallers = 20;  // ten times as many as run
  std::atomic<int> served{0};
  std::atomic<int> refused{0};
  std::vector<Thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back("caller", [&cache, &served, &refused, i] {
      const auto found = cache.read("numbers", {{"id", std::to_string(i)}});
      if (found) {
        ++served;
        return;
      }
      EXPECT_THAT(found.error().message, HasSubstr("cache.sources.numbers.max_waiting"));
      ++refused;
    });
  }
  faults_->wait_until_hanging(2);
  wait_until([&] { return refused.load() == kCallers - 5; });
  const SourceStats stats = cache.stats().sources.at(0);
  EXPECT_EQ(stats.running, 2u);
  EXPECT_EQ(stats.waiting, 3u);
  faults_->clear();
  callers.clear();
  EXPECT_EQ(served.load(), 5);
  EXPECT_EQ(cache.stats().sources.at(0).refused, static_cast<std::uint64_t>(kCallers - 5));
  EXPECT_TRUE(cache.read("numbers", {{"id", "after"}})) << "it has recovered";
}

TEST_F(GuardedSourceOfCache, AGuardOutOfRangeIsRefused) {
  Cache cache = make_cache(0);
  SourceOptions options;
  options.guard.max_waiting = limits::kGuardedCalls + 1;
  const auto added = cache.add_source(std::make_shared<Numbers>(), options);
  ASSERT_FALSE(added.ok());
  EXPECT_THAT(added.error().message, HasSubstr("max_waiting"));
}

}  // namespace
}  // namespace strata::testkit
