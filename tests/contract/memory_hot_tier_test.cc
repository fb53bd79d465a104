// The memory tier keeps the contract of HotTier: with the shards it chooses, one, and many.
#include "contract/hot_tier_contract.h"
#include "contract/hot_tier_contract_expiry.h"
#include "contract/hot_tier_contract_upkeep.h"
#include "contract/hot_tier_model.h"
#include "contract/hot_tier_races.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/random.h"

namespace strata::contract {
namespace {

HotTierMaker with_shards(std::string name, std::size_t shards) {
  return {std::move(name), [shards](const HotTierSetup& setup, std::shared_ptr<Clock> clock) {
            return memory_tier({.max_entries = setup.max_entries,
                                .max_bytes = setup.max_bytes,
                                .remembered_labels = setup.remembered_labels,
                                .shards = shards},
                               std::move(clock), seeded_random(1));
          }};
}

const auto kMakers = testing::Values(with_shards("AutomaticShards", 0), with_shards("OneShard", 1),
                                     with_shards("ManyShards", 1000));
constexpr auto kName = [](const auto& maker) { return maker.param.name; };

INSTANTIATE_TEST_SUITE_P(Memory, HotTierContract, kMakers, kName);
INSTANTIATE_TEST_SUITE_P(Memory, HotTierExpiry, kMakers, kName);

}  // namespace
}  // namespace strata::contract
