// Tests of noticing Ctrl-C.
#include "cli/workload/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

namespace strata::workload {
namespace {

TEST(Interrupt, IsSeenOnceASignalCame) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Interrupt interrupt;
    EXPECT_FALSE(Interrupt::seen());
    std::raise(signal);
    EXPECT_TRUE(Interrupt::seen());
  }
}

TEST(Interrupt, IsForgottenWithTheOneThatSawIt) {
  {
    const Interrupt interrupt;
    std::raise(SIGTERM);
  }
  EXPECT_FALSE(Interrupt::seen());
}

TEST(Interrupt, LeavesTheSignalsAsTheyWere) {
  struct sigaction before {};
  struct sigaction after {};
  sigaction(SIGINT, nullptr, &before);
  { const Interrupt interrupt; }
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST(Interrupt, ASignalThatWasIgnoredStaysIgnored) {
  const auto former = std::signal(SIGINT, SIG_IGN);
  {
    const Interrupt interrupt;
    std::raise(SIGINT);
    EXPECT_FALSE(Interrupt::seen());
  }
  std::signal(SIGINT, former);
}

TEST(InterruptDeathTest, TheSecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        const Interrupt interrupt;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace strata::workload
