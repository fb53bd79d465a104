// The memory tier keeps the contract of HotTier: with one table and with many, and with policies
// that are told of hits in another way than the default.
#include "contract/hot_tier_contract.h"
#include "contract/hot_tier_contract_expiry.h"
#include "contract/hot_tier_contract_upkeep.h"
#include "contract/hot_tier_model.h"
#include "contract/hot_tier_races.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/random.h"

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

const auto kMakers =
    testing::Values(maker("Adaptive", EvictionPolicy::kAdaptive, 0),
                    maker("AdaptiveManyShards", EvictionPolicy::kAdaptive, 1000),
                    maker("Lru", EvictionPolicy::kLru, 1), maker("Lirs", EvictionPolicy::kLirs, 0));
constexpr auto kName = [](const auto& maker) { return maker.param.name; };

INSTANTIATE_TEST_SUITE_P(Memory, HotTierContract, kMakers, kName);
INSTANTIATE_TEST_SUITE_P(Memory, HotTierExpiry, kMakers, kName);

}  // namespace
}  // namespace strata::contract
