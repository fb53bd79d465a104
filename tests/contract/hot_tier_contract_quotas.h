// The contract of HotTier about quotas of tenants. Which of its entries a tenant gives up is the
// tier's choice, and so is whether a tier that is full takes from one tenant or another.
#pragma once

#include "contract/hot_tier_fixture.h"

namespace strata::contract {

class HotTierQuotas : public HotTierContract {
 protected:
  const LabelGroup of_a{{keyspace("user"), tenant("a")}};
  const LabelGroup of_b{{keyspace("user"), tenant("b")}};

  void fill_many(const std::string& prefix, const LabelGroup* group, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(fill({.key = prefix + std::to_string(i), .group = group}), FillOutcome::kStored);
    }
  }
  std::size_t held(const std::string& prefix, std::size_t count) {
    std::size_t held = 0;
    for (std::size_t i = 0; i < count; ++i) {
      held += value(prefix + std::to_string(i)) == "-" ? 0 : 1;
    }
    return held;
  }
  [[nodiscard]] TenantUse use(std::string_view name) const {
    for (const TenantUse& one : tier->tenants().tenants) {
      if (one.name == name) return one;
    }
    return {};
  }
  void TearDown() override {
    HotTierContract::TearDown();
    tier.reset();  // Groups outlive it.
  }
};

TEST_P(HotTierQuotas, ATenantAtItsQuotaGivesUpItsOwnEntries) {
  ASSERT_TRUE(tier->set_quota("a", {.max_entries = 10}).ok());
  fill_many("rest", nullptr, 40);
  fill_many("b", &of_b, 40);
  fill_many("a", &of_a, 40);
  EXPECT_EQ(held("a", 40), 10u);
  EXPECT_EQ(held("b", 40), 40u);
  EXPECT_EQ(held("rest", 40), 40u);
  EXPECT_EQ(use("a").entries, 10u);
  EXPECT_EQ(use("a").evictions, 30u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kEvicted), 30u);
  EXPECT_EQ(removals.take().size(), 30u) << "the listener is told of each";
}

TEST_P(HotTierQuotas, AQuotaOfBytesIsOneToo) {
  ASSERT_TRUE(tier->set_quota("a", {.max_bytes = 50'000}).ok());
  for (int i = 0; i < 40; ++i) {
    const std::string key = "a" + std::to_string(i);
    ASSERT_EQ(fill({.key = key, .value = std::string(3'000, 'x'), .group = &of_a}),
              FillOutcome::kStored);
    EXPECT_NE(value(key), "-");
    EXPECT_LE(use("a").bytes, 50'000u);
  }
  EXPECT_GT(use("a").bytes, 40'000u);
  EXPECT_EQ(fill({.key = "large", .value = std::string(60'000, 'x'), .group = &of_a}),
            FillOutcome::kDeclined);
}

TEST_P(HotTierQuotas, AQuotaHoldsForWhatIsThereWhenItIsSet) {
  fill_many("a", &of_a, 700);
  fill_many("b", &of_b, 100);
  ASSERT_TRUE(tier->set_quota("a", {.max_entries = 20}).ok());
  EXPECT_EQ(held("a", 700), 20u);
  EXPECT_EQ(use("a").entries, 20u);
  ASSERT_TRUE(tier->set_quota("a", {.max_entries = 5}).ok());
  EXPECT_EQ(held("a", 700), 5u);
  EXPECT_EQ(held("b", 100), 100u);
  ASSERT_TRUE(tier->set_quota("a", {}).ok());
  fill_many("a", &of_a, 100);
  EXPECT_EQ(held("a", 100), 100u) << "there is none any more";
}

TEST_P(HotTierQuotas, ANameThatIsNoneIsRefused) {
  const auto outcome = tier->set_quota("", {.max_entries = 1});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::kRejected);
}

}  // namespace strata::contract
