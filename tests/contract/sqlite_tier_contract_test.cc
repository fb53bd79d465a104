// The SQLite tier keeps the contract of Tier.
#include "contract/tier_contract.h"
#include "contract/tier_contract_expiry.h"
#include "contract/tier_contract_upkeep.h"
#include "contract/tier_model.h"
#include "contract/tier_races.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"

namespace strata::contract {
namespace {

TierMaker sqlite_maker(std::string name, Durability durability, bool commits_every_call) {
  return {.name = std::move(name),
          .make =
              [durability](const TierSetup& setup, const std::string& folder,
                           std::shared_ptr<Clock> clock) {
                SqliteOptions options;
                options.path = folder + "/cache.db";
                options.max_bytes = setup.max_bytes;
                options.remembered_labels = setup.remembered_labels;
                options.durability = durability;
                return open_sqlite_tier(options, std::move(clock), seeded_random(1)).value();
              },
          .commits_every_call = commits_every_call,
          .is_kept = true};
}

const auto kMakers = testing::Values(sqlite_maker("Pending", Durability::kNormal, false),
                                     sqlite_maker("Committed", Durability::kNormal, true),
                                     sqlite_maker("Sync", Durability::kSync, false));
constexpr auto kName = [](const auto& maker) { return maker.param.name; };

INSTANTIATE_TEST_SUITE_P(Sqlite, TierContract, kMakers, kName);
INSTANTIATE_TEST_SUITE_P(Sqlite, TierExpiry, kMakers, kName);
INSTANTIATE_TEST_SUITE_P(Sqlite, TierModelTest, kMakers, kName);

}  // namespace
}  // namespace strata::contract
