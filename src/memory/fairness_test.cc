// Tests of what tenants take from each other when the whole tier is full, and what they do not.
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "memory/policy/policies.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

KeyRef key_of(const std::string& text) { return {text, key_hash(text), {}}; }

// With one shard and with several.
class FairnessTest : public testing::TestWithParam<std::size_t> {
 protected:
  void start(MemoryOptions options) {
    options.shards = GetParam();
    tier = std::make_unique<MemoryTier>(options, clock, /*seed=*/7);
  }
  void fill(const std::string& name, const std::string& key) {
    EntryRef entry = Entry::make<std::string>(key_of(key), "value");
    auto& group = groups[name];
    if (!group) group = std::make_unique<LabelGroup>(Labels{keyspace("k"), tenant(name)});
    if (!name.empty()) entry->set_group(group.get());
    ASSERT_EQ(tier->fill(std::move(entry), tier->position()), FillOutcome::kStored);
  }
  // Keys "<name><from>" and so on.
  void fill_many(const std::string& name, std::size_t count, std::size_t from = 0) {
    for (std::size_t i = from; i < from + count; ++i) fill(name, name + std::to_string(i));
  }
  TenantUse use(const std::string& name) {
    const TenantsStats stats = tier->tenants();
    for (const TenantUse& one : stats.tenants) {
      if (one.name == name) return one;
    }
    return stats.rest;
  }
  void TearDown() override { tier->check_invariants(); }

  std::map<std::string, std::unique_ptr<LabelGroup>> groups;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<MemoryTier> tier;
};

INSTANTIATE_TEST_SUITE_P(Shards, FairnessTest, testing::Values(1, 16));

// Both tenants could fill the tier; who holds more of what it may hold gives up.
TEST_P(FairnessTest, AFullTierTakesFromWhoHoldsTheLargestShareOfItsQuota) {
  start({.max_entries = 1'000,
         .tenants = {{"a", {.max_entries = 1'000}}, {"b", {.max_entries = 500}}}});
  const std::size_t slack = GetParam() == 1 ? 0 : GetParam();
  fill_many("a", 600);
  fill_many("b", 200);
  fill_many("", 200);  // The tier is full: 0.6, 0.4, 0.2.
  fill_many("", 100, 200);
  EXPECT_NEAR(static_cast<double>(use("a").entries), 500, static_cast<double>(slack));
  EXPECT_EQ(use("b").entries, 200u);
  EXPECT_NEAR(static_cast<double>(use("").entries), 300, static_cast<double>(slack));

  // A flood grows until its share is the largest: a, b and the rest then hold equal shares, of
  // 1,000, 500 and 1,000 entries, and b never had more than that.
  fill_many("", 5'000, 300);
  EXPECT_NEAR(static_cast<double>(use("a").entries), 400, 4 + static_cast<double>(slack));
  EXPECT_NEAR(static_cast<double>(use("b").entries), 200, 4 + static_cast<double>(slack));
  EXPECT_NEAR(static_cast<double>(use("").entries), 400, 4 + 2 * static_cast<double>(slack));
}

// The quiet tenant asks for 400 keys again and again while another one scans. Without quotas the
// scan takes its place; with them the quiet one hits as if it were alone.
TEST_P(FairnessTest, ANoisyTenantDoesNotCostAQuietOneItsHits) {
  const auto quiet_hits = [&](MemoryOptions options, bool is_noisy) {
    options.max_entries = 1'000;
    options.policy = EvictionPolicy::kLru;
    start(options);
    testkit::Random random(5);
    std::size_t hits = 0;
    std::size_t scanned = 0;
    constexpr std::size_t kRequests = 10'000;
    for (std::size_t i = 0; i < kRequests; ++i) {
      const std::string key = "q" + std::to_string(random.below(400));
      if (tier->get(key_of(key))) {
        ++hits;
      } else {
        fill("quiet", key);
      }
      for (int n = 0; is_noisy && n < 5; ++n) fill("noisy", "n" + std::to_string(scanned++));
    }
    return static_cast<double>(hits) / kRequests;
  };
  const MemoryOptions quotas{
      .tenants = {{"quiet", {.max_entries = 500}}, {"noisy", {.max_entries = 500}}}};
  // They may hold more than there is: then each is sure of as large a part of its quota as there
  // is.
  const MemoryOptions overbooked{
      .tenants = {{"quiet", {.max_entries = 900}}, {"noisy", {.max_entries = 900}}}};
  const double alone = quiet_hits({}, false);
  EXPECT_GT(alone, 0.95);
  EXPECT_LT(quiet_hits({}, true), 0.5) << "or there is nothing to protect it from";
  EXPECT_EQ(quiet_hits(quotas, true), alone);
  EXPECT_GE(quiet_hits(overbooked, true), alone - 0.01);
}

// With quotas of 900 and room for 1,000, each of two tenants that ask alike can hold 500, and hits
// as often as it would alone in so much room: its policy divides what is there, not the quota.
TEST_P(FairnessTest, APolicyIsToldWhatItsTenantCanHold) {
  for (const EvictionPolicy policy :
       {EvictionPolicy::kAdaptive, EvictionPolicy::kS3Fifo, EvictionPolicy::kLirs}) {
    SCOPED_TRACE(to_string(policy));
    const auto hits_of_a = [&](MemoryOptions options, bool has_others) {
      options.policy = policy;
      start(options);
      testkit::Random random(5);
      std::size_t hits = 0;
      constexpr std::size_t kRequests = 60'000;
      for (std::size_t i = 0; i < kRequests; ++i) {
        // Few keys are asked for often, and most of them hardly ever.
        const std::size_t key = random.below(1 + random.below(1 + random.below(8'000)));
        for (const std::string name : {"a", "b"}) {
          if (name == "b" && !has_others) continue;
          const std::string text = name + std::to_string(key);
          if (!tier->get(key_of(text))) {
            fill(name, text);
          } else if (name == "a") {
            ++hits;
          }
        }
      }
      return static_cast<double>(hits) / kRequests;
    };
    const double alone = hits_of_a({.max_entries = 500}, false);
    const double beside =
        hits_of_a({.max_entries = 1'000,
                   .tenants = {{"a", {.max_entries = 900}}, {"b", {.max_entries = 900}}}},
                  true);
    EXPECT_GT(alone, 0.3);
    EXPECT_GE(beside, alone - 0.02);
  }
}

}  // namespace
}  // namespace strata::memory
