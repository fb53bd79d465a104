// Tests of waiting.
#include "cli/workload/pause.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "cli/workload/interrupt.h"

namespace strata::workload {
namespace {

TEST(Pause, IsNoShorterThanAskedFor) {
  const auto clock = system_clock();
  for (const auto how_long : {std::chrono::microseconds(1), std::chrono::microseconds(3'000)}) {
    const Instant began = clock->now();
    pause(how_long, *clock);
    EXPECT_GE(between(began, clock->now()), how_long);
  }
}

// It would take longer than the test may.
TEST(Pause, EndsAtAnInterrupt) {
  const Interrupt interrupt;
  std::raise(SIGTERM);
  pause(std::chrono::hours(1), *system_clock());
  EXPECT_TRUE(Interrupt::seen());
}

}  // namespace
}  // namespace strata::workload
