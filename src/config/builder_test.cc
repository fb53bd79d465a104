// Tests of CacheBuilder: what it puts together, in which order, and what it refuses.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "strata/config/open.h"
#include "strata/sources/function_source.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_memory.h"
#include "strata/testing/manual_timer.h"
#include "strata/testing/record_tier.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<std::string> tier_names(Cache& cache) {
  std::vector<std::string> names;
  for (const TierTraffic& traffic : cache.stats().tiers) names.push_back(traffic.tier.name);
  return names;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wmissing-field-initializers"
// Compiles with -Wextra: who names some options has nothing to say about the others.
MemoryOptions only_a_bound() { return {.max_bytes = 1 << 20}; }
#pragma GCC diagnostic pop

TEST(MemoryOptions, HaveDefaults) {
  const MemoryOptions options = only_a_bound();
  EXPECT_EQ(options.max_bytes, 1u << 20);
  EXPECT_TRUE(options.tenants.empty());
  EXPECT_TRUE(options.each_tenant.is_none());
}

TEST(CacheBuilder, WithNothingItIsACacheInMemory) {
  Cache cache = CacheBuilder().build().value();
  EXPECT_EQ(tier_names(cache), std::vector<std::string>{"memory"});
  auto texts = cache.keyspace<std::string>("text");
  EXPECT_TRUE(texts.put("1", "one").stored());
  EXPECT_EQ(*texts.get("1"), "one");
}

TEST(CacheBuilder, TiersStandInTheOrderOfTheCalls) {
  const testkit::TempDir folder;
  Cache cache = CacheBuilder()
                    .tier(std::make_unique<RecordTier>("near"))
                    .sqlite({.path = folder.file("cache.db")})
                    .tier(std::make_unique<RecordTier>("far"))
                    .build()
                    .value();
  EXPECT_EQ(tier_names(cache), (std::vector<std::string>{"memory", "near", "sqlite", "far"}));
}

TEST(CacheBuilder, OptionsArriveWhereTheyBelong) {
  const auto clock = std::make_shared<ManualClock>();
  Cache cache = CacheBuilder()
                    .name("shop")
                    .memory({.max_entries = 2})
                    .clock(clock)
                    .defaults({.ttl = hours(1), .ttl_jitter = 0})
                    .keyspace("brief", {.ttl = seconds(1), .ttl_jitter = 0})
                    .build()
                    .value();
  EXPECT_EQ(cache.stats().name, "shop");
  EXPECT_EQ(cache.stats().tiers.at(0).tier.max_entries, 2u);

  auto brief = cache.keyspace<std::string>("brief");
  auto other = cache.keyspace<std::string>("other");
  brief.put("1", "one");
  other.put("1", "one");
  clock->advance(seconds(2));
  EXPECT_FALSE(brief.get("1"));
  EXPECT_TRUE(other.get("1"));
}

TEST(CacheBuilder, SourcesCanBeRead) {
  int calls = 0;
  auto source = function_source("twice", {{.name = "text"}}, [&](const SourceRequest& request) {
    ++calls;
    const std::string& text = request.params.at(0).second;
    return Result<SourceReply>(SourceReply{.body = text + text});
  });
  Cache cache = CacheBuilder().source(source.value(), {.tags = {"t:{text}"}}).build().value();
  EXPECT_EQ(*cache.read("twice", {{"text", "ab"}}), "abab");
  EXPECT_EQ(*cache.read("twice", {{"text", "ab"}}), "abab");
  EXPECT_EQ(calls, 1);
  cache.invalidate(tag("t:ab"));
  EXPECT_EQ(*cache.read("twice", {{"text", "ab"}}), "abab");
  EXPECT_EQ(calls, 2);
}

TEST(CacheBuilder, WithoutMemoryTheNextTierAnswers) {
  const testkit::TempDir folder;
  Cache cache =
      CacheBuilder().without_memory().sqlite({.path = folder.file("cache.db")}).build().value();
  auto texts = cache.keyspace<std::string>("text");
  texts.put("1", "one");
  const auto found = texts.get("1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found.tier(), "sqlite");
}

// A folder that is a file cannot be put right by waiting.
TEST(CacheBuilder, AGracefulCacheGoesOnWithoutSqlite) {
  const testkit::TempDir folder;
  std::vector<std::string> lines;
  Cache cache = CacheBuilder()
                    .sqlite({.path = "/dev/null/cache.db"})
                    .log([&](LogLevel level, std::string_view message) {
                      if (level == LogLevel::kError) lines.emplace_back(message);
                    })
                    .build()
                    .value();
  ASSERT_EQ(tier_names(cache), (std::vector<std::string>{"memory", "sqlite"}));
  const TierStats sqlite = cache.stats().tiers.at(1).tier;
  EXPECT_EQ(sqlite.state, TierState::kOff);
  EXPECT_NE(sqlite.reason.find("/dev/null"), std::string::npos) << sqlite.reason;
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "sqlite could not be opened; going on without it: " + sqlite.reason);

  auto texts = cache.keyspace<std::string>("text", {.tiers = {"memory", "sqlite"}});
  EXPECT_EQ(*texts.get_or_load("1", [] { return std::string("one"); }), "one");
  EXPECT_EQ(*texts.get("1"), "one");
  EXPECT_TRUE(texts.put("2", "two").stored());
  EXPECT_TRUE(cache.clear().ok());
  EXPECT_FALSE(texts.get("1"));
  EXPECT_FALSE(cache.flush().ok()) << "nothing was written";
}

TEST(CacheBuilder, ATierIsGuardedUnlessItsOptionsSayOtherwise) {
  const auto clock = std::make_shared<ManualClock>();
  for (const std::uint64_t failures : {5u, 2u, 0u}) {
    auto records = std::make_unique<RecordTier>("records", clock);
    RecordTier* const tier = records.get();
    TierGuardOptions guard;
    guard.breaker.failures = failures;
    Cache cache = CacheBuilder().clock(clock).tier(std::move(records), guard).build().value();
    auto texts = cache.keyspace<std::string>("text");
    tier->set_broken(true);
    const std::uint64_t before = tier->calls();
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(texts.get("1"));
    EXPECT_EQ(tier->calls() - before, failures == 0 ? 20 : failures);
    EXPECT_EQ(cache.stats().tiers.at(1).tier.reads.state,
              failures == 0 ? BreakerState::kOff : BreakerState::kOpen);
  }
}

TEST(CacheBuilder, AGuardOutOfRangeIsRefused) {
  TierGuardOptions guard;
  guard.max_waiting = 0;
  const auto cache = CacheBuilder().tier(std::make_unique<RecordTier>("near"), guard).build();
  ASSERT_FALSE(cache.ok());
  EXPECT_NE(cache.error().message.find("TierGuardOptions::max_waiting"), std::string::npos);
}

TEST(CacheBuilder, AStrictCacheDoesNot) {
  const auto cache = CacheBuilder().graceful(false).sqlite({.path = "/dev/null/cache.db"}).build();
  ASSERT_FALSE(cache.ok());
  EXPECT_EQ(cache.error().code, ErrorCode::kRejected);
}

TEST(CacheBuilder, ASecondOwnerOfTheFileIsSeen) {
  const testkit::TempDir folder;
  const SqliteOptions options{.path = folder.file("cache.db")};
  Cache first = CacheBuilder().sqlite(options).build().value();

  const auto strict = CacheBuilder().graceful(false).sqlite(options).build();
  ASSERT_FALSE(strict.ok());
  EXPECT_EQ(strict.error().code, ErrorCode::kUnavailable);

  Cache graceful = CacheBuilder().sqlite(options).build().value();
  EXPECT_EQ(graceful.stats().tiers.at(1).tier.state, TierState::kOff);
  EXPECT_EQ(graceful.stats().tiers.at(1).tier.reason, strict.error().message);
  EXPECT_EQ(first.stats().tiers.at(1).tier.state, TierState::kOk);
}

TEST(CacheBuilder, AFileThatMissedAnInvalidationIsClearedByWhoOpensItNext) {
  const testkit::TempDir folder;
  const SqliteOptions options{.path = folder.file("cache.db")};
  const auto read = [](Cache& cache) {
    return cache.keyspace<std::string>("text").get("1").value_or("-");
  };
  for (const bool invalidates : {false, true}) {
    SCOPED_TRACE(invalidates);
    Cache first = CacheBuilder().sqlite(options).build().value();
    first.keyspace<std::string>("text").put("1", "one");
    {
      Cache beside = CacheBuilder().sqlite(options).build().value();
      ASSERT_EQ(beside.stats().tiers.at(1).tier.state, TierState::kOff);
      if (invalidates) {
        EXPECT_TRUE(beside.clear().ok());
      }
    }
    first.close();
    Cache next = CacheBuilder().sqlite(options).build().value();
    EXPECT_EQ(read(next), invalidates ? "-" : "one");
    next.keyspace<std::string>("text").put("1", "one");
    next.close();
    Cache last = CacheBuilder().sqlite(options).build().value();
    EXPECT_EQ(read(last), "one") << "it is cleared once";
  }
}

// A database in a folder where neither it nor its journal can be made.
class BrokenDatabase {
 public:
  BrokenDatabase() {
    for (const std::string& name : in_the_way_) std::filesystem::create_directory(name);
  }
  void heal() {
    for (const std::string& name : in_the_way_) std::filesystem::remove(name);
  }
  [[nodiscard]] std::string path() const { return folder_.file("cache.db"); }

 private:
  testkit::TempDir folder_;
  std::vector<std::string> in_the_way_{path() + ".journal.new", path() + ".new"};
};

TEST(CacheBuilder, ASqliteTierThatCanComeBackIsGuarded) {
  BrokenDatabase database;
  Cache cache = CacheBuilder().sqlite({.path = database.path()}).build().value();
  const auto sqlite = [&] { return cache.stats().tiers.at(1).tier; };
  EXPECT_EQ(sqlite().state, TierState::kOff);
  EXPECT_NE(sqlite().reads.state, BreakerState::kOff);
  database.heal();
  testkit::wait_until([&] { return sqlite().state == TierState::kOk; });
  EXPECT_EQ(sqlite().reads.state, BreakerState::kClosed);
}

TEST(CacheBuilder, AMarkOfDoubtStaysUntilTheFileIsOpen) {
  BrokenDatabase database;
  const std::string mark = database.path() + ".doubt";
  std::ofstream(mark).flush();
  {
    Cache cache = CacheBuilder().sqlite({.path = database.path()}).build().value();
    EXPECT_EQ(cache.stats().tiers.at(1).tier.state, TierState::kOff);
  }
  EXPECT_TRUE(std::filesystem::exists(mark));
  database.heal();
  Cache cache = CacheBuilder().sqlite({.path = database.path()}).build().value();
  EXPECT_EQ(cache.stats().tiers.at(1).tier.state, TierState::kOk);
  EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST(CacheBuilder, WhatCannotWorkIsRefused) {
  const auto error_of = [](CacheBuilder& builder) {
    const auto cache = builder.build();
    if (cache) return std::string();
    EXPECT_EQ(cache.error().code, ErrorCode::kRejected);
    return cache.error().message;
  };
  const auto record_tier = [](const char* name) { return std::make_unique<RecordTier>(name); };
  EXPECT_EQ(error_of(CacheBuilder().sqlite({})), "CacheBuilder::sqlite() needs a path");
  EXPECT_EQ(error_of(CacheBuilder().tier(nullptr)), "CacheBuilder::tier() was given no tier");
  EXPECT_EQ(error_of(CacheBuilder().source(nullptr)), "CacheBuilder::source() was given no source");
  EXPECT_EQ(error_of(CacheBuilder().tier(record_tier("a")).tier(record_tier("a"))),
            "two tiers have the name a");
  EXPECT_EQ(error_of(CacheBuilder().tier(record_tier("memory"))), "two tiers have the name memory");
  EXPECT_NE(error_of(CacheBuilder().name("a b")), "");
  EXPECT_NE(error_of(CacheBuilder().keyspace("a b", {})), "");
  CacheBuilder many;
  for (int tier = 0; tier < 8; ++tier) many.tier(record_tier(("t" + std::to_string(tier)).c_str()));
  EXPECT_EQ(error_of(many), "a cache has at most 7 tiers below memory");
}

TEST(CacheBuilder, RulesAreInForceFromTheStart) {
  Cache cache = CacheBuilder()
                    .rules({.rules = {{.name = "issue-written",
                                       .on = {"write issue"},
                                       .invalidate = {"issue:{id}"}}}})
                    .build()
                    .value();
  auto texts = cache.keyspace<std::string>("text");
  texts.put("1", "one", {.labels = {tag("issue:1")}});
  const EventResult done = cache.emit(entity_write("issue", "1"));
  EXPECT_EQ(done.rules, std::vector<std::string>{"issue-written"});
  EXPECT_FALSE(texts.get("1"));
}

TEST(CacheBuilder, WrongRulesAreAnErrorOfBuild) {
  const auto cache =
      CacheBuilder().rules({.rules = {{.name = "a", .on = {"write issue"}}}}).build();
  ASSERT_FALSE(cache.ok());
  EXPECT_EQ(cache.error().code, ErrorCode::kRejected);
  EXPECT_EQ(cache.error().message, "rule \"a\": neither invalidate nor expire has a label");
}

TEST(CacheBuilder, TheJournalHasTheGivenSize) {
  const auto recorded = [](CauseJournalOptions options) {
    Cache cache = CacheBuilder().journal(options).build().value();
    cache.invalidate(tag("a"));
    return cache.journal().stats().causes_recorded;
  };
  EXPECT_EQ(recorded({}), 1u);
  EXPECT_EQ(recorded({.removals = 0, .causes = 0}), 0u);
}

TEST(CacheBuilder, BatchesGoByTheGivenTimer) {
  const auto clock = std::make_shared<ManualClock>();
  const auto timer = std::make_shared<ManualTimer>(clock);
  Cache cache = CacheBuilder().clock(clock).timer(timer).build().value();
  const std::size_t upkeep = timer->pending();
  const Subscription subscription =
      cache.events().subscribe_batched(EventKind::kEntityWrite, [](const EventBatch&) {}).value();
  EXPECT_TRUE(cache.emit(entity_write("issue", "1")).ok());
  EXPECT_EQ(timer->pending(), upkeep + 1);
}

TEST(CacheBuilder, MemorysPressureIsReadFromTheGivenMachine) {
  const auto clock = std::make_shared<ManualClock>();
  const auto timer = std::make_shared<ManualTimer>(clock);
  const auto executor = std::make_shared<ManualExecutor>();
  const auto machine = std::make_shared<ManualMemory>();
  machine->set_left(0.2);
  const auto reads = [&](double pressure) {
    Cache cache = CacheBuilder()
                      .memory({.max_bytes = 64u << 20, .pressure = pressure})
                      .clock(clock)
                      .timer(timer)
                      .executor(executor)
                      .machine_memory(machine)
                      .build()
                      .value();
    timer->advance(seconds(1));
    executor->run_all();
    return cache.stats().pressure.state;
  };
  EXPECT_EQ(reads(0), MemoryPressure::kOff);
  EXPECT_EQ(reads(0.1), MemoryPressure::kNone);
  EXPECT_EQ(reads(0.3), MemoryPressure::kPressed);
}

TEST(CacheBuilder, APressureThatIsNoShareIsRejected) {
  for (const double share : {-0.1, 1.0, 10.0, std::numeric_limits<double>::quiet_NaN()}) {
    const auto cache = CacheBuilder().memory({.pressure = share}).build();
    ASSERT_FALSE(cache.ok());
    EXPECT_EQ(cache.error().code, ErrorCode::kRejected);
    EXPECT_EQ(cache.error().message.find("MemoryOptions::pressure is "), 0u);
  }
}

TEST(CacheBuilder, QuotasOfTenantsAreInForceAndSeen) {
  Cache cache = CacheBuilder().memory({.tenants = {{"acme", {.max_entries = 2}}}}).build().value();
  auto acme = cache.keyspace<std::string>("user").of_tenant("acme");
  for (int i = 0; i < 5; ++i) acme.put(std::to_string(i), "x");
  const TenantsStats stats = cache.stats().tenants;
  ASSERT_EQ(stats.tenants.size(), 1u);
  EXPECT_EQ(stats.tenants[0].name, "acme");
  EXPECT_EQ(stats.tenants[0].entries, 2u);
  EXPECT_EQ(stats.tenants[0].evictions, 3u);

  const auto wrong = CacheBuilder().memory({.tenants = {{"a b", {}}}}).build();
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().message,
            "the name of tenant \"a b\" contains \" \"; allowed are A-Z a-z 0-9 _ . -");
}

TEST(CacheBuilder, BuildsOnce) {
  CacheBuilder builder;
  EXPECT_TRUE(builder.build().ok());
  const auto second = builder.build();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message, "CacheBuilder::build() was called before; make a new one");
}

}  // namespace
}  // namespace strata
