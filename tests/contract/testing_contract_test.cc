// What users' tests are given keeps the contracts of the ports that it stands in for: the tier in a
// map, also behind a guard, and every port with a plan by which nothing fails.
#include "contract/clock_contract.h"
#include "contract/executor_contract.h"
#include "contract/random_contract.h"
#include "contract/tier_contract.h"
#include "contract/tier_contract_expiry.h"
#include "contract/tier_model.h"
#include "contract/timer_contract.h"
#include "strata/load/guarded_tier.h"
#include "strata/ports/random.h"
#include "strata/testing/manual_timer.h"
#include "strata/testing/record_tier.h"
#include "strata/testing/with_faults.h"

namespace strata::contract {
namespace {

SharedFaultPlan no_faults() { return std::make_shared<FaultPlan>(); }

TierMaker records(std::string name, bool with_plan) {
  return {.name = std::move(name),
          .make = [with_plan](const TierSetup& setup, const std::string&,
                              std::shared_ptr<Clock> clock) {
            auto records =
                std::make_unique<RecordTier>("records", std::move(clock), setup.remembered_labels);
            records->set_max_payload_bytes(setup.max_bytes);
            std::unique_ptr<Tier> tier = std::move(records);
            return with_plan ? with_faults(std::move(tier), no_faults()) : std::move(tier);
          }};
}

// Behind a guard whose breakers have no reason to open.
TierMaker guarded_records() {
  TierMaker maker = records("Guarded", true);
  maker.make = [unguarded = maker.make](const TierSetup& setup, const std::string& folder,
                                        std::shared_ptr<Clock> clock) {
    return guarded_tier(unguarded(setup, folder, clock), {}, {.clock = clock});
  };
  return maker;
}

const auto kTiers =
    testing::Values(records("Records", false), records("WithFaults", true), guarded_records());
constexpr auto kName = [](const auto& maker) { return maker.param.name; };

INSTANTIATE_TEST_SUITE_P(Testing, TierContract, kTiers, kName);
INSTANTIATE_TEST_SUITE_P(Testing, TierExpiry, kTiers, kName);
INSTANTIATE_TEST_SUITE_P(Testing, TierModelTest, kTiers, kName);

INSTANTIATE_TEST_SUITE_P(Testing, ClockContract, testing::Values(ClockMaker([] {
                           return with_faults(system_clock(), no_faults());
                         })));
INSTANTIATE_TEST_SUITE_P(
    Testing, ExecutorContract, testing::Values(ExecutorMaker([](std::size_t queue_limit) {
      return with_faults(thread_pool({.threads = 2, .queue_limit = queue_limit}), no_faults());
    })));
INSTANTIATE_TEST_SUITE_P(Testing, RandomContract, testing::Values(RandomMaker([] {
                           return with_faults(system_random(), no_faults());
                         })));

TimerBed timer_with_faults(std::size_t queue_limit) {
  const auto clock = std::make_shared<ManualClock>();
  const auto timer = std::make_shared<ManualTimer>(clock, queue_limit);
  return {with_faults(std::static_pointer_cast<Timer>(timer), no_faults()), clock,
          [timer](const std::function<bool()>& is_so) {
            while (!is_so()) timer->advance(std::chrono::milliseconds(1));
          }};
}

INSTANTIATE_TEST_SUITE_P(Testing, TimerContract, testing::Values(TimerMaker(timer_with_faults)));

}  // namespace
}  // namespace strata::contract
