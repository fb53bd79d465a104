// The memory tier keeps the contract of HotTier: with one table and with many, and with policies
// that are told of hits in another way than the default.
#include "contract/hot_tier_contract.h"
#include "contract/hot_tier_contract_expiry.h"
#include "contract/hot_tier_contract_quotas.h"
#include "contract/hot_tier_contract_upkeep.h"
#include "contract/hot_tier_model.h"
#include "contract/hot_tier_races.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/random.h"
#include "strata/testing/with_faults.h"

namespace strata::contract {
namespace {

HotTierMaker maker(std::string name, EvictionPolicy policy, std::size_t shards) {
  return {std::move(name), [=](const HotTierSetup& setup, std::shared_ptr<Clock> clock) {
            return memory_tier({.max_entries = setup.max_entries,
                                .max_bytes = setup.max_bytes,
                                .policy = policy,
                                .remembered_labels = setup.remembered_labels,
                                .shards = shards},
                               std::move(clock), seeded_random(1));
          }};
}

// A tier in which tenants are told apart from the beginning.
HotTierMaker maker_with_quotas() {
  return {"Quotas", [](const HotTierSetup& setup, std::shared_ptr<Clock> clock) {
            return memory_tier({.max_entries = setup.max_entries,
                                .max_bytes = setup.max_bytes,
                                .tenants = {{"x", {.max_bytes = 8 << 20}}},
                                .each_tenant = {.max_entries = 1'000, .max_bytes = 8 << 20},
                                .remembered_labels = setup.remembered_labels,
                                .shards = 4},
                               std::move(clock), seeded_random(1));
          }};
}

// With a plan by which nothing fails, nothing is different.
HotTierMaker maker_with_faults() {
  return {"WithFaults", [](const HotTierSetup& setup, std::shared_ptr<Clock> clock) {
            return with_faults(memory_tier({.max_entries = setup.max_entries,
                                            .max_bytes = setup.max_bytes,
                                            .remembered_labels = setup.remembered_labels},
                                           std::move(clock), seeded_random(1)),
                               std::make_shared<FaultPlan>());
          }};
}

const auto kMakers = testing::Values(maker("Adaptive", EvictionPolicy::kAdaptive, 0),
                                     maker("AdaptiveManyShards", EvictionPolicy::kAdaptive, 64),
                                     maker("Lru", EvictionPolicy::kLru, 1),
                                     maker("Lirs", EvictionPolicy::kLirs, 0), maker_with_quotas());
constexpr auto kName = [](const auto& maker) { return maker.param.name; };

INSTANTIATE_TEST_SUITE_P(Memory, HotTierContract, kMakers, kName);
INSTANTIATE_TEST_SUITE_P(Faulty, HotTierContract, testing::Values(maker_with_faults()), kName);
INSTANTIATE_TEST_SUITE_P(Memory, HotTierExpiry, kMakers, kName);
INSTANTIATE_TEST_SUITE_P(Memory, HotTierQuotas, kMakers, kName);

}  // namespace
}  // namespace strata::contract
