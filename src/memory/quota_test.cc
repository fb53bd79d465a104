// Tests of quotas: a tenant keeps within its own. fairness_test.cc has what happens between
// tenants.
#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "memory/policy/policies.h"
#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/threads.h"

namespace strata::memory {
namespace {

KeyRef key_of(const std::string& text) { return {text, key_hash(text), {}}; }

// With one shard and with several.
class QuotaTest : public testing::TestWithParam<std::size_t> {
 protected:
  void start(MemoryOptions options) {
    options.shards = GetParam();
    tier = std::make_unique<MemoryTier>(options, clock, /*seed=*/7);
  }
  const LabelGroup* group_of(const std::string& name) {
    if (name.empty()) return nullptr;
    auto& group = groups[name];
    if (!group) group = std::make_unique<LabelGroup>(Labels{keyspace("k"), tenant(name)});
    return group.get();
  }
  EntryRef make(const std::string& name, const std::string& key, std::size_t bytes = 8) {
    EntryRef entry = Entry::make<std::string>(key_of(key), std::string(bytes, 'x'));
    entry->set_group(group_of(name));
    return entry;
  }
  FillOutcome fill(const std::string& name, const std::string& key, std::size_t bytes = 8) {
    return tier->fill(make(name, key, bytes), tier->position());
  }
  FillOutcome put(const std::string& name, const std::string& key, std::size_t bytes = 8) {
    return tier->put(key_of(key), make(name, key, bytes), tier->position(),
                     RemovalCause::kReplaced);
  }
  // Keys "<name><from>" and so on.
  void fill_many(const std::string& name, std::size_t count, std::size_t from = 0) {
    for (std::size_t i = from; i < from + count; ++i) {
      ASSERT_EQ(fill(name, name + std::to_string(i)), FillOutcome::kStored);
    }
  }
  bool has(const std::string& key) { return static_cast<bool>(tier->peek(key_of(key))); }
  std::size_t held(const std::string& name, std::size_t count) {
    std::size_t held = 0;
    for (std::size_t i = 0; i < count; ++i) held += has(name + std::to_string(i)) ? 1 : 0;
    return held;
  }
  TenantUse use(const std::string& name) {
    const TenantsStats stats = tier->tenants();
    if (name.empty()) return stats.rest;
    for (const TenantUse& one : stats.tenants) {
      if (one.name == name) return one;
    }
    return {};
  }
  void TearDown() override { tier->check_invariants(); }

  std::map<std::string, std::unique_ptr<LabelGroup>> groups;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<MemoryTier> tier;
};

INSTANTIATE_TEST_SUITE_P(Shards, QuotaTest, testing::Values(1, 16));

TEST_P(QuotaTest, ATenantAtItsQuotaGivesUpItsOwnEntriesOnly) {
  start({.tenants = {{"a", {.max_entries = 20}}, {"b", {.max_entries = 20}}}});
  fill_many("", 100);
  fill_many("b", 20);
  for (std::size_t i = 0; i < 500; ++i) {
    const std::string key = "a" + std::to_string(i);
    ASSERT_EQ(i % 2 == 0 ? fill("a", key) : put("a", key), FillOutcome::kStored);
    ASSERT_TRUE(has(key)) << "what was stored last is there";
    ASSERT_EQ(use("a").entries, std::min<std::size_t>(i + 1, 20));
  }
  EXPECT_EQ(held("", 100), 100u);
  EXPECT_EQ(held("b", 20), 20u);
  EXPECT_EQ(use("a").evictions, 480u);
  EXPECT_EQ(use("b").evictions, 0u);
}

TEST_P(QuotaTest, AQuotaOfBytesHoldsForWhateverSizes) {
  constexpr std::uint64_t kBytes = 20'000;
  start({.tenants = {{"a", {.max_bytes = kBytes}}}});
  fill_many("", 100);
  testkit::Random random(1);
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = "a" + std::to_string(random.below(60));
    ASSERT_EQ(fill("a", key, random.below(8'000)), FillOutcome::kStored);
    ASSERT_TRUE(has(key));
    ASSERT_LE(use("a").bytes, kBytes);
    ASSERT_GT(use("a").entries, 0u);
  }
  EXPECT_EQ(held("", 100), 100u);
}

TEST_P(QuotaTest, AValueLargerThanItsTenantsQuotaIsDeclinedAndEvictsNothing) {
  start({.tenants = {{"a", {.max_bytes = 10'000}}}});
  fill_many("a", 10);
  EXPECT_EQ(fill("a", "large", 20'000), FillOutcome::kDeclined);
  EXPECT_EQ(fill("", "large", 20'000), FillOutcome::kStored) << "the quota is the tenant's";
  EXPECT_EQ(fill("a", "a0", 20'000), FillOutcome::kDeclined);
  EXPECT_FALSE(has("a0")) << "it was replaced";
  EXPECT_EQ(use("a").entries, 9u);
}

TEST_P(QuotaTest, AKeyMayChangeItsTenant) {
  start({.tenants = {{"a", {.max_entries = 2}}, {"b", {.max_entries = 2}}}});
  for (const std::string name : {"a", "b", "", "b", "a", "a"}) {
    ASSERT_EQ(fill(name, "key"), FillOutcome::kStored);
    EXPECT_EQ(use(name).entries, 1u);
    EXPECT_EQ(use("a").entries + use("b").entries + use("").entries, 1u);
  }
  // Even if whom it comes to has to give up another for it.
  fill("b", "b0");
  fill("b", "b1");
  ASSERT_EQ(put("b", "key"), FillOutcome::kStored);
  EXPECT_EQ(use("b").entries, 2u);
  EXPECT_EQ(use("a").entries, 0u);
}

TEST_P(QuotaTest, AReplacedValueTakesTheRoomOfTheFormerOne) {
  start({.tenants = {{"a", {.max_entries = 1, .max_bytes = 4'000}}}});
  for (const std::size_t bytes : {8u, 3'000u, 100u, 3'500u}) {
    ASSERT_EQ(fill("a", "key", bytes), FillOutcome::kStored);
    ASSERT_EQ(put("a", "key", bytes), FillOutcome::kStored);
    EXPECT_EQ(use("a").entries, 1u);
  }
  EXPECT_EQ(use("a").evictions, 0u);
}

TEST_P(QuotaTest, WhatLeavesGivesItsRoomBack) {
  start({.tenants = {{"a", {.max_entries = 20}}}});
  fill_many("a", 20);
  tier->put(key_of("a0"), {}, tier->position(), RemovalCause::kErased);
  EXPECT_EQ(use("a").entries, 19u);
  EntryRef entry = make("a", "brief");
  entry->set_times(saturating_add(clock->now(), std::chrono::seconds(1)),
                   saturating_add(clock->now(), std::chrono::seconds(1)));
  ASSERT_EQ(tier->fill(std::move(entry), tier->position()), FillOutcome::kStored);
  clock->advance(std::chrono::seconds(2));
  tier->remove_expired();
  EXPECT_EQ(use("a").entries, 19u);
  const Label all_of_a = tenant("a");
  tier->invalidate({&all_of_a, 1});
  tier->remove_expired();
  EXPECT_EQ(use("a").entries, 0u);
  EXPECT_EQ(use("a").bytes, 0u);
  EXPECT_EQ(use("a").evictions, 0u);
}

TEST_P(QuotaTest, EachTenantHasAQuotaThatIsNotNamed) {
  start(
      {.tenants = {{"a", {.max_entries = 30}}, {"free", {}}}, .each_tenant = {.max_entries = 10}});
  for (const std::string name : {"a", "b", "c", "free", ""}) fill_many(name, 50);
  EXPECT_EQ(use("a").entries, 30u);
  EXPECT_EQ(use("b").entries, 10u);
  EXPECT_EQ(use("c").entries, 10u);
  EXPECT_EQ(use("free").entries, 50u) << "named without a bound";
  EXPECT_EQ(use("").entries, 50u);
  EXPECT_EQ(tier->tenants().tenants.size(), 4u);
}

TEST_P(QuotaTest, TenantsBeyondTheLimitCountWithTheRest) {
  start({.each_tenant = {.max_entries = 1}});
  const std::size_t count = limits::kOtherTenants + 20;
  for (std::size_t i = 0; i < count; ++i) {
    fill_many("t" + std::to_string(i) + "-", 3);
  }
  TenantsStats stats = tier->tenants();
  EXPECT_EQ(stats.tenants.size(), limits::kOtherTenants);
  EXPECT_EQ(stats.untold, 60u);
  EXPECT_EQ(stats.rest.entries, 60u);
  EXPECT_EQ(stats.tenants.front().entries, 1u);

  // One of them can be named, and what it had counts for it.
  const std::string late = "t" + std::to_string(count - 1) + "-";
  EXPECT_EQ(use(late).name, "");
  ASSERT_TRUE(tier->set_quota(late, {.max_entries = 2}).ok());
  EXPECT_EQ(use(late).entries, 2u);
  EXPECT_EQ(use("").entries, 57u);
}

TEST_P(QuotaTest, AQuotaSetWhileRunningFindsWhatIsThere) {
  start({});
  EXPECT_TRUE(tier->tenants().tenants.empty());
  fill_many("a", 3'000);
  fill_many("", 1'000);
  tier->check_invariants();
  ASSERT_TRUE(tier->set_quota("a", {.max_entries = 2'000}).ok());
  EXPECT_EQ(use("a").entries, 2'000u);
  EXPECT_EQ(use("a").quota, (TenantQuota{.max_entries = 2'000}));
  EXPECT_EQ(use("").entries, 1'000u);
  EXPECT_EQ(held("", 1'000), 1'000u);
  tier->check_invariants();

  ASSERT_TRUE(tier->set_quota("a", {.max_entries = 10}).ok());
  EXPECT_EQ(use("a").entries, 1'000u) << "the rest goes with the next calls, and by upkeep";
  EXPECT_EQ(tier->remove_due(SIZE_MAX), 990u);
  EXPECT_EQ(use("a").entries, 10u);
  EXPECT_EQ(held("a", 3'000), 10u);
  EXPECT_EQ(use("a").evictions, 2'990u);
  ASSERT_TRUE(tier->set_quota("a", {}).ok());
  fill_many("a", 100, 3'000);
  EXPECT_EQ(use("a").entries, 110u);
}

TEST_P(QuotaTest, AQuotaThatCannotBeSaysWhy) {
  start({});
  const auto error = [&](const std::string& name) {
    const auto outcome = tier->set_quota(name, {.max_entries = 1});
    return outcome ? std::string() : outcome.error().message;
  };
  EXPECT_EQ(error(""), "the tenant has no name");
  EXPECT_EQ(error("a b"),
            "the name of tenant \"a b\" contains \" \"; allowed are A-Z a-z 0-9 _ . -");
  EXPECT_TRUE(tier->tenants().tenants.empty());
  for (std::size_t i = 0; i < limits::kNamedTenants; ++i) EXPECT_EQ(error(std::to_string(i)), "");
  EXPECT_EQ(error("5"), "") << "again";
  EXPECT_EQ(error("x"),
            "tenant \"x\": 64 tenants have quotas by name, which is the most (kNamedTenants); "
            "each_tenant gives one to all others");
}

// Whatever the policy, the order of calls and the quotas: no bound is exceeded after any call.
// What the rest has beside them is not counted twice.
TEST_P(QuotaTest, ACurveIsThatOfTheTierThatTenantsShare) {
  start({.max_entries = 1'000, .each_tenant = {.max_entries = 600}, .curve = true});
  testkit::Random random(1);
  for (int step = 0; step < 200'000; ++step) {
    const std::uint64_t number = random.below(2'000);
    const std::string key = "k" + std::to_string(number);
    if (tier->get(key_of(key))) continue;
    ASSERT_EQ(fill(number % 2 == 0 ? "a" : "b", key), FillOutcome::kStored);
  }
  const Curve curve = tier->curve().value();
  constexpr std::array kTruth{0.125, 0.25, 0.5, 1.0, 1.0, 1.0};
  for (std::size_t i = 0; i < kTruth.size(); ++i) {
    EXPECT_NEAR(curve.points[i].hit_ratio, kTruth[i], 0.07) << i;
  }
}

TEST_P(QuotaTest, EveryPolicyKeepsWithinTheQuotas) {
  for (const EvictionPolicy policy :
       {EvictionPolicy::kLru, EvictionPolicy::kLfu, EvictionPolicy::kS3Fifo,
        EvictionPolicy::kWTinyLfu, EvictionPolicy::kLirs, EvictionPolicy::kHorizon,
        EvictionPolicy::kAdaptive}) {
    SCOPED_TRACE(to_string(policy));
    start({.max_entries = 60,
           .max_bytes = 64'000,
           .policy = policy,
           .tenants = {{"a", {.max_entries = 20}}, {"b", {.max_bytes = 9'000}}},
           .each_tenant = {.max_entries = 15, .max_bytes = 9'000}});
    testkit::Random random(3);
    const std::vector<std::string> names{"a", "b", "c", "d", ""};
    const Labels labels{tenant("a"), keyspace("k"), everything()};
    for (int step = 0; step < 3'000; ++step) {
      const std::string& name = random.pick(names);
      const std::string key = std::to_string(random.below(120));
      switch (random.below(24)) {
        case 0:
          ASSERT_TRUE(tier->set_quota("d", {.max_entries = random.below(20)}).ok());
          break;
        case 1:
          tier->invalidate({&random.pick(labels), random.one_in(9) ? 1u : 0u});
          break;
        case 2:
          tier->put(key_of(key), {}, tier->position(), RemovalCause::kErased);
          break;
        case 3:
        case 4:
        case 5:
        case 6:
          tier->get(key_of(key));
          break;
        case 7:
          put(name, key, random.below(3'000));
          break;
        default:
          fill(name, key, random.below(3'000));
          break;
      }
      for (const TenantUse& one : tier->tenants().tenants) {
        ASSERT_TRUE(one.quota.max_entries == 0 || one.entries <= one.quota.max_entries);
        ASSERT_TRUE(one.quota.max_bytes == 0 || one.bytes <= one.quota.max_bytes);
      }
      if (step % 16 == 0) tier->check_invariants();
    }
    const TierStats stats = tier->stats();
    EXPECT_GT(stats.removed(RemovalCause::kEvicted), 100u);
    tier->check_invariants();
  }
}

// While threads fill, a tenant never holds more than its quota.
TEST_P(QuotaTest, QuotasHoldWhileThreadsFill) {
  constexpr std::size_t kFills = 3'000;
  start({.max_entries = 200, .tenants = {{"a", {.max_entries = 50}}}});
  for (const std::string name : {"a", "b", ""}) group_of(name);
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> wrong{0};
  testkit::run_threads(4, [&](std::size_t index) {
    testkit::Random random(index + 1);
    if (index == 0) {
      std::uint64_t looks = 0;
      while (!over.load()) {
        if (use("a").entries > 50) wrong.fetch_add(1);
        if (++looks == 50) {
          EXPECT_TRUE(tier->set_quota("b", {.max_entries = 30}).ok());
        }
        std::this_thread::yield();
      }
      return;
    }
    for (std::size_t i = 0; i < kFills; ++i) {
      const std::string name = random.one_in(3) ? "" : random.one_in(2) ? "a" : "b";
      const std::string key = std::to_string(random.below(1'000));
      EntryRef entry = entry_with_key(key);
      entry->set_group(name.empty() ? nullptr : groups.at(name).get());
      if (random.one_in(4)) {
        tier->put(key_of(key), std::move(entry), tier->position(), RemovalCause::kReplaced);
      } else {
        tier->fill(std::move(entry), tier->position());
      }
      tier->get(key_of(std::to_string(random.below(1'000))));
    }
    over.store(true);
  });
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_LE(use("a").entries, 50u);
  EXPECT_LE(use("b").entries, 30u);
  EXPECT_LE(tier->stats().entries, 200u);
}

// Nor does one whose quota was lowered, once that call has returned, whatever threads had given up
// for what they bring by a former one.
TEST_P(QuotaTest, ALoweredQuotaHoldsAtOnceWhileThreadsFill) {
  constexpr std::uint64_t kMost = 40;
  constexpr int kTimes = 1'000;
  start({.tenants = {{"a", {.max_entries = kMost}}}});
  group_of("a");
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> wrong{0};
  testkit::run_threads(4, [&](std::size_t index) {
    testkit::Random random(index + 1);
    for (int i = 0; index == 0 && i < kTimes; ++i) {
      const std::uint64_t most = random.between(1, kMost);
      EXPECT_TRUE(tier->set_quota("a", {.max_entries = most}).ok());
      for (int look = 0; look < 3; ++look) {
        if (use("a").entries > most) wrong.fetch_add(1);
        std::this_thread::yield();
      }
    }
    if (index == 0) over.store(true);
    while (!over.load()) {
      const std::string key = std::to_string(random.below(3 * kMost));
      EntryRef entry = entry_with_key(key);
      entry->set_group(groups.at("a").get());
      if (random.one_in(4)) {
        tier->put(key_of(key), std::move(entry), tier->position(), RemovalCause::kReplaced);
      } else {
        tier->fill(std::move(entry), tier->position());
      }
      if (random.one_in(8)) std::this_thread::yield();
    }
  });
  EXPECT_EQ(wrong.load(), 0u);
  tier->check_invariants();
}

}  // namespace
}  // namespace strata::memory
