// Memory pressure through the cache: a real tier that shrinks, and grows back.
#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache_fixture.h"
#include "strata/core/limits.h"
#include "strata/testing/manual_memory.h"
#include "testkit/wait_until.h"

namespace strata::testkit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint64_t kConfigured = 64 * kMiB;

class PressureTest : public CacheFixture {
 protected:
  void start(double share = 0.1) {
    CacheParts parts;
    parts.hot = memory_tier({.max_bytes = kConfigured}, clock_, seeded_random(1));
    parts.clock = clock_;
    parts.timer = timer_;
    parts.executor = executor_;
    parts.pressure = {.share = share, .machine = machine_};
    parts.options.log = [this](LogLevel level, std::string_view line) {
      log_.emplace_back(std::string(to_string(level)) + ": " + std::string(line));
    };
    cache_.emplace(std::move(parts));
  }
  // Values of 4 KiB until memory is full.
  void fill() {
    auto pages = cache_->keyspace<std::string>("page", {.ttl = kForever});
    for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(pages.put(i, std::string(4'096, 'x')).ok());
  }
  void let_pass(Duration by) {
    for (Duration left = by; left > Duration::zero(); left -= milliseconds(500)) {
      timer_->advance(milliseconds(500));
      executor_->run_all();
    }
  }
  TierStats memory() { return cache_->stats().tiers.at(0).tier; }

  std::shared_ptr<ManualMemory> machine_ = std::make_shared<ManualMemory>();
  std::optional<Cache> cache_;
};

TEST_F(PressureTest, MemoryShrinksWhileLittleIsLeftAndGrowsBack) {
  start();
  fill();
  EXPECT_GT(memory().bytes, kConfigured - kMiB);
  let_pass(seconds(10));
  EXPECT_EQ(memory().max_bytes, kConfigured);
  EXPECT_EQ(cache_->stats().pressure.state, MemoryPressure::kNone);

  machine_->set_left(0.05);
  let_pass(seconds(4));
  CacheStats stats = cache_->stats();
  EXPECT_EQ(stats.pressure.state, MemoryPressure::kPressed);
  EXPECT_EQ(stats.pressure.max_bytes, stats.tiers.at(0).tier.max_bytes);
  EXPECT_LE(stats.pressure.max_bytes, kConfigured * 12 / 16);
  EXPECT_GT(stats.pressure.max_bytes, kConfigured * 11 / 16);
  EXPECT_EQ(stats.pressure.configured_max_bytes, kConfigured);
  EXPECT_EQ(stats.pressure.limit_bytes, ManualMemory::kLimitBytes);
  EXPECT_LE(stats.tiers.at(0).tier.bytes, stats.pressure.max_bytes);
  EXPECT_EQ(stats.tiers.at(0).tier.state, TierState::kDegraded);
  EXPECT_THAT(stats.tiers.at(0).tier.reason,
              testing::AllOf(StartsWith("it may hold 4"), HasSubstr(" instead of 64 MiB: "),
                             HasSubstr("5 % of 1 GiB are left by the test")));
  EXPECT_EQ(machine_->given_back(), 4);

  let_pass(seconds(100));
  EXPECT_EQ(memory().max_bytes, limits::kPressedMemoryBytes);
  EXPECT_LE(memory().bytes, limits::kPressedMemoryBytes);
  const int given_back = machine_->given_back();
  let_pass(seconds(10));
  EXPECT_EQ(machine_->given_back(), given_back) << "nothing was freed";

  machine_->set_left(0.5);
  let_pass(seconds(10));
  EXPECT_EQ(cache_->stats().pressure.state, MemoryPressure::kRecovering);
  EXPECT_GT(memory().max_bytes, limits::kPressedMemoryBytes);
  EXPECT_LT(memory().max_bytes, kConfigured);
  let_pass(seconds(60));
  stats = cache_->stats();
  EXPECT_EQ(stats.pressure.state, MemoryPressure::kNone);
  EXPECT_EQ(stats.tiers.at(0).tier.max_bytes, kConfigured);
  EXPECT_EQ(stats.tiers.at(0).tier.state, TierState::kOk);
  EXPECT_THAT(stats.tiers.at(0).tier.reason, IsEmpty());
  fill();
  EXPECT_GT(memory().bytes, kConfigured - kMiB);
  check(*cache_);
}

TEST_F(PressureTest, TheLogHasALineForEachChangeOfStateAndNoneForAStep) {
  start();
  fill();
  let_pass(seconds(5));
  EXPECT_THAT(log_, IsEmpty());
  machine_->set_left(0.05);
  let_pass(seconds(8));
  EXPECT_THAT(log_, ElementsAre("warning: memory is short: 5 % of 1 GiB are left by the test, "
                                "10 % are to stay free; the bound of memory shrinks from 64 MiB"));
  log_.clear();
  machine_->set_left(0.5);
  let_pass(seconds(60));
  ASSERT_THAT(log_, SizeIs(2));
  EXPECT_THAT(log_[0], testing::AllOf(StartsWith("info: there is memory again: 50 % of 1 GiB"),
                                      HasSubstr("grows from 3"), HasSubstr(" to 64 MiB")));
  EXPECT_THAT(log_[1], testing::AllOf(StartsWith("info: memory is no longer short: 50 %"),
                                      HasSubstr("; the bound of memory is 64 MiB")));
  log_.clear();
  machine_->set(Error{ErrorCode::kUnavailable, "/proc/meminfo is missing or empty", {}});
  let_pass(seconds(60));
  EXPECT_THAT(log_, ElementsAre("warning: how much memory is left cannot be read: /proc/meminfo is "
                                "missing or empty; the bound of memory stays 64 MiB"));
  EXPECT_EQ(cache_->stats().pressure.state, MemoryPressure::kUnknown);
  EXPECT_EQ(cache_->stats().pressure.reason, "/proc/meminfo is missing or empty");
  EXPECT_EQ(memory().state, TierState::kOk);
}

// So that a writer, which has to hold to the bound, never has to make room for a whole step.
TEST_F(PressureTest, TheBoundGoesDownInPieces) {
  start();
  fill();
  machine_->set_left(0.05);
  timer_->advance(seconds(1));
  std::uint64_t pieces = 0;
  std::uint64_t bound = memory().max_bytes;
  while (executor_->run_one()) {
    const std::uint64_t next = cache_->hot_tier().stats().max_bytes;
    if (next == bound) continue;
    EXPECT_LE(bound - next, kMiB);
    bound = next;
    ++pieces;
  }
  EXPECT_GE(pieces, 7u);
  EXPECT_EQ(machine_->reads(), 1);
}

TEST_F(PressureTest, IsOffByDefault) {
  start(0);
  fill();
  machine_->set_left(0);
  let_pass(seconds(10));
  EXPECT_EQ(machine_->reads(), 0);
  const MemoryPressureStats stats = cache_->stats().pressure;
  EXPECT_EQ(stats.state, MemoryPressure::kOff);
  EXPECT_EQ(stats.max_bytes, kConfigured);
  EXPECT_EQ(stats.configured_max_bytes, kConfigured);
}

TEST_F(PressureTest, AMemoryThatIsOffStaysOff) {
  start();
  cache_->hot_tier().resize(0, 0);
  machine_->set_left(0.05);
  let_pass(seconds(3));
  EXPECT_EQ(memory().max_bytes, 0u);
  EXPECT_EQ(memory().state, TierState::kOff);
  EXPECT_EQ(cache_->stats().pressure.state, MemoryPressure::kOff);
}

TEST_F(PressureTest, ABoundThatSomebodyElseSetsIsTheOneToGrowBackTo) {
  start();
  fill();
  machine_->set_left(0.05);
  let_pass(seconds(3));
  cache_->hot_tier().resize(5'000, 32 * kMiB);
  machine_->set_left(0.5);
  let_pass(seconds(3));
  EXPECT_EQ(cache_->stats().pressure.configured_max_bytes, 32 * kMiB);
  EXPECT_EQ(memory().max_bytes, 32 * kMiB);
  machine_->set_left(0.05);
  let_pass(seconds(3));
  EXPECT_LT(memory().max_bytes, 32 * kMiB);
  EXPECT_EQ(memory().max_entries, 5'000u);
}

TEST_F(PressureTest, CloseStopsIt) {
  start();
  fill();
  machine_->set_left(0.05);
  timer_->advance(seconds(1));
  EXPECT_GT(executor_->pending(), 0u);
  cache_->close();
  let_pass(seconds(5));
  EXPECT_EQ(machine_->reads(), 0);
  EXPECT_EQ(memory().max_bytes, kConfigured);
}

// The system's files, timer and threads: nothing is short here.
TEST_F(PressureTest, TheMachineItselfIsAsked) {
  CacheParts parts;
  parts.clock = system_clock();
  parts.hot = memory_tier({.max_bytes = kConfigured}, parts.clock, seeded_random(1));
  parts.executor = thread_pool({.threads = 1});
  parts.pressure = {.share = 1e-9};
  Cache cache(std::move(parts));
  wait_until([&] { return cache.stats().pressure.limit_bytes != 0; });
  const MemoryPressureStats stats = cache.stats().pressure;
  EXPECT_EQ(stats.state, MemoryPressure::kNone) << stats.reason;
  EXPECT_GT(stats.limit_bytes, kMiB);
  EXPECT_EQ(stats.max_bytes, kConfigured);
}

}  // namespace
}  // namespace strata::testkit
