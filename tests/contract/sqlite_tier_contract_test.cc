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

TierMaker sqlite_maker(std::string name, Durability durability, bool commits_every_call,
                       bool sharing = false) {
  return {.name = std::move(name),
          .make =
              [durability, sharing](const TierSetup& setup, const std::string& folder,
                                    std::shared_ptr<Clock> clock) {
                SqliteOptions options;
                options.path = folder + "/cache.db";
                options.max_bytes = setup.max_bytes;
                options.remembered_labels = setup.remembered_labels;
                options.durability = durability;
                options.sharing = sharing;
                return open_sqlite_tier(options, std::move(clock), seeded_random(1)).value();
              },
          .commits_every_call = commits_every_call,
          .is_kept = true,
          .race_calls = sharing ? std::size_t{200} : std::size_t{2'000}};
}

const auto kMakers = testing::Values(sqlite_maker("Pending", Durability::kNormal, false),
                                     sqlite_maker("Committed", Durability::kNormal, true),
                                     sqlite_maker("Sync", Durability::kSync, false),
                                     sqlite_maker("Shared", Durability::kNormal, false, true));
constexpr auto kName = [](const auto& maker) { return maker.param.name; };

INSTANTIATE_TEST_SUITE_P(Sqlite, TierContract, kMakers, kName);
INSTANTIATE_TEST_SUITE_P(Sqlite, TierExpiry, kMakers, kName);
INSTANTIATE_TEST_SUITE_P(Sqlite, TierModelTest, kMakers, kName);

}  // namespace
}  // namespace strata::contract
