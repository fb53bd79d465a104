// The clocks, executors, timers and generators, and their stand-ins for tests, under their
// contracts.
#include "contract/clock_contract.h"
#include "contract/executor_contract.h"
#include "contract/random_contract.h"
#include "contract/timer_contract.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_timer.h"
#include "testkit/wait_until.h"

namespace strata::contract {
namespace {

std::shared_ptr<Clock> manual_clock() { return std::make_shared<ManualClock>(); }

INSTANTIATE_TEST_SUITE_P(System, ClockContract, ::testing::Values(ClockMaker(system_clock)));
INSTANTIATE_TEST_SUITE_P(Manual, ClockContract, ::testing::Values(ClockMaker(manual_clock)));

ExecutorMaker pool_of(std::size_t threads) {
  return [threads](std::size_t queue_limit) {
    return thread_pool({.threads = threads, .queue_limit = queue_limit});
  };
}

std::shared_ptr<Executor> manual_executor(std::size_t queue_limit) {
  return std::make_shared<ManualExecutor>(queue_limit);
}

INSTANTIATE_TEST_SUITE_P(PoolOfOne, ExecutorContract, ::testing::Values(pool_of(1)));
INSTANTIATE_TEST_SUITE_P(PoolOfFour, ExecutorContract, ::testing::Values(pool_of(4)));
INSTANTIATE_TEST_SUITE_P(Manual, ExecutorContract,
                         ::testing::Values(ExecutorMaker(manual_executor)));

INSTANTIATE_TEST_SUITE_P(System, RandomContract, ::testing::Values(RandomMaker(system_random)));
INSTANTIATE_TEST_SUITE_P(Seeded, RandomContract,
                         ::testing::Values(RandomMaker([] { return seeded_random(1); })));

TimerBed real_timer(std::size_t queue_limit) {
  const std::shared_ptr<Clock> clock = system_clock();
  return {system_timer(clock, {.queue_limit = queue_limit}), clock, testkit::wait_until};
}

// Time passes while the test waits, and does not while a task does.
TimerBed manual_timer(std::size_t queue_limit) {
  const auto clock = std::make_shared<ManualClock>();
  const auto timer = std::make_shared<ManualTimer>(clock, queue_limit);
  return {timer, clock, [timer](const std::function<bool()>& is_so) {
            while (!is_so()) timer->advance(std::chrono::milliseconds(1));
          }};
}

INSTANTIATE_TEST_SUITE_P(System, TimerContract, ::testing::Values(TimerMaker(real_timer)));
INSTANTIATE_TEST_SUITE_P(Manual, TimerContract, ::testing::Values(TimerMaker(manual_timer)));

}  // namespace
}  // namespace strata::contract
