// Tests of what a memory tier aims at: the load time that its entries carry counts.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"

namespace strata::memory {
namespace {

using std::chrono::milliseconds;

// How many of 100 entries that took long to load, and were never used, are there after a scan
// over a tier of 400.
int expensive_that_stay(const MemoryOptions& options) {
  MemoryTier tier(options, std::make_shared<ManualClock>(), /*seed=*/7);
  const auto fill = [&](const std::string& key, Duration cost) {
    EntryRef entry = entry_with_key(key);
    entry->set_load_cost(cost);
    EXPECT_EQ(tier.fill(std::move(entry), tier.position()), FillOutcome::kStored);
  };
  for (int i = 0; i < 400; ++i) {
    fill("cheap" + std::to_string(i), milliseconds(1));
    if (i % 4 == 0) fill("expensive" + std::to_string(i), milliseconds(1'000));
  }
  for (int i = 400; i < 1'000; ++i) fill("cheap" + std::to_string(i), milliseconds(1));
  int there = 0;
  for (int i = 0; i < 400; i += 4) {
    const std::string key = "expensive" + std::to_string(i);
    there += tier.peek({key, key_hash(key), {}}) ? 1 : 0;
  }
  tier.check_invariants();
  return there;
}

TEST(Aim, OfCostKeepsWhatTookLongToLoad) {
  for (const EvictionPolicy policy : {EvictionPolicy::kHorizon, EvictionPolicy::kAdaptive}) {
    const MemoryOptions requests{.max_entries = 400, .policy = policy};
    MemoryOptions cost = requests;
    cost.aim = EvictionAim::kCost;
    EXPECT_EQ(expensive_that_stay(cost), 100);
    EXPECT_LT(expensive_that_stay(requests), 95);
  }
}

}  // namespace
}  // namespace strata::memory
