// CacheFixture: a cache over a real memory tier and tiers of the test's choice, on a clock and
// an executor that move when told. Every test ends with the invariants checked.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "strata/load/guarded_tier.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/random.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_timer.h"
#include "strata/testing/record_tier.h"
#include "strata/testing/with_faults.h"
#include "strata/tiered/cache.h"

namespace strata::testkit {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Forgets what memory holds, as eviction does: nothing is invalidated.
inline void empty_memory(Cache& cache) {
  HotTier& memory = cache.hot_tier();
  memory.resize(0, 0);
  while (memory.stats().entries > 0) (void)memory.remove_due(1'000);
  memory.resize(0, 64u << 20);
}

class CacheFixture : public testing::Test {
 protected:
  // Memory over `tier_count` RecordTiers, named "records" and "deep".
  Cache make_cache(std::size_t tier_count = 1, CacheOptions options = {},
                   MemoryOptions memory = {}) {
    CacheParts parts;
    parts.hot = memory_tier(memory, clock_, seeded_random(1));
    if (memory_fails_) parts.hot = with_faults(std::move(parts.hot), faults_);
    tiers_.clear();
    for (std::size_t i = 0; i < tier_count; ++i) {
      auto tier = std::make_unique<RecordTier>(i == 0 ? "records" : "deep", clock_);
      tiers_.push_back(tier.get());
      parts.tiers.push_back(with_guard(with_faults(std::move(tier), faults_)));
    }
    parts.clock = clock_;
    parts.executor = executor_;
    parts.timer = timer_;
    parts.keys = keys_;
    parts.options = std::move(options);
    if (!parts.options.log) {
      parts.options.log = [this](LogLevel, std::string_view line) { log_.emplace_back(line); };
    }
    return Cache(std::move(parts));
  }

  std::unique_ptr<Tier> with_guard(std::unique_ptr<Tier> tier) {
    if (!guard_) return tier;
    const LogSink log = [this](LogLevel, std::string_view line) { log_.emplace_back(line); };
    return guarded_tier(std::move(tier), *guard_,
                        {.clock = clock_, .executor = executor_, .log = log});
  }

  // What must hold whenever nothing is running.
  static void check(Cache& cache) {
    cache.hot_tier().check_invariants();
    for (const KeyspaceStats& stats : cache.stats().keyspaces) {
      EXPECT_LE(stats.load_failures, stats.loads) << stats.name;
      EXPECT_LE(stats.join_refused, stats.joined) << stats.name;
    }
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<ManualExecutor> executor_ = std::make_shared<ManualExecutor>();
  std::shared_ptr<ManualTimer> timer_ = std::make_shared<ManualTimer>(clock_);
  std::shared_ptr<FaultPlan> faults_ = std::make_shared<FaultPlan>(1, clock_);  // of the tiers
  std::optional<TierGuardOptions> guard_;  // of the tiers; none: nothing guards them
  bool memory_fails_ = false;              // by the same plan
  std::shared_ptr<const KeyRing> keys_;
  std::vector<RecordTier*> tiers_;
  std::vector<std::string> log_;
};

// A loader that counts its runs and returns what it is told.
struct CountingLoader {
  std::string value = "value";
  int runs = 0;
  auto operator()() {
    return [this](Load&) -> Result<std::string> {
      ++runs;
      return value;
    };
  }
  auto failing() {
    return [this](Load&) -> Result<std::string> {
      ++runs;
      return Error{ErrorCode::kLoadFailed, "the origin is down", {}};
    };
  }
};

}  // namespace strata::testkit
