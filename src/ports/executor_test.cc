// Tests of what is particular to the thread pool. Its contract is
// tests/contract/executor_contract.h.
#include "strata/ports/executor.h"

#include <gtest/gtest.h>

#include <barrier>

#include "testkit/threads.h"

namespace strata {
namespace {

// Nothing but post() wakes the threads. In later rounds they have gone to sleep.
TEST(ThreadPool, AsManyTasksRunAtOnceAsThereAreThreads) {
  constexpr std::size_t kThreads = 5;
  std::barrier meeting(std::ptrdiff_t{kThreads + 1});
  const auto pool = thread_pool({.threads = kThreads});
  for (int round = 0; round < 50; ++round) {
    for (std::size_t task = 0; task < kThreads; ++task) {
      ASSERT_TRUE(pool->post([&] { meeting.arrive_and_wait(); }));
    }
    meeting.arrive_and_wait();
  }
  pool->close();
}

// The system reuses the ids of threads that have ended, and close() may be called again.
TEST(ThreadPool, AThreadWithTheIdOfAnEndedOneMayClose) {
  const auto pool = thread_pool({.threads = 4});
  pool->close();
  testkit::run_threads(8, [&](std::size_t) { pool->close(); });
}

TEST(ThreadPoolDeathTest, ClosingFromWithinATaskIsAProgrammersError) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(
      {
        const auto pool = thread_pool({.threads = 1});
        static_cast<void>(pool->post([&] { pool->close(); }));
        pool->close();
      },
      "from_within_a_task");
}

TEST(ThreadPoolDeathTest, WithoutThreadsIsAProgrammersError) {
  EXPECT_DEATH(static_cast<void>(thread_pool({.threads = 0})), "threads >= 1");
}

}  // namespace
}  // namespace strata
