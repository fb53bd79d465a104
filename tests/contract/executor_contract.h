// What every Executor promises: strata/ports/executor.h as tests.
//
//   INSTANTIATE_TEST_SUITE_P(ThreadPool, ExecutorContract, testing::Values(...));
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "core/mutex.h"
#include "strata/ports/executor.h"
#include "strata/ports/thread.h"

namespace strata::contract {

// Makes an executor that holds at most `queue_limit` tasks that have not begun.
using ExecutorMaker = std::function<std::shared_ptr<Executor>(std::size_t queue_limit)>;

class ExecutorContract : public ::testing::TestWithParam<ExecutorMaker> {
 protected:
  static std::shared_ptr<Executor> make(std::size_t queue_limit = 65'536) {
    return GetParam()(queue_limit);
  }
};

TEST_P(ExecutorContract, EveryAcceptedTaskRunsOnceBeforeCloseReturns) {
  constexpr std::size_t kTasks = 2'000;
  const auto executor = make();
  std::vector<std::atomic<int>> runs(kTasks);
  for (std::atomic<int>& run : runs) {
    ASSERT_TRUE(executor->post([&run] { ++run; }));
  }
  executor->close();
  for (const std::atomic<int>& run : runs) ASSERT_EQ(run, 1);
}

TEST_P(ExecutorContract, PostRefusesAfterClose) {
  const auto executor = make();
  executor->close();
  bool ran = false;
  EXPECT_FALSE(executor->post([&] { ran = true; }));
  executor->close();
  EXPECT_FALSE(ran);
}

TEST_P(ExecutorContract, DestructionClosesIt) {
  std::atomic<int> runs{0};
  auto executor = make();
  for (int task = 0; task < 100; ++task) ASSERT_TRUE(executor->post([&] { ++runs; }));
  executor.reset();
  EXPECT_EQ(runs, 100);
}

// Goal: each of the calls returns only when all has run, the second one too.
TEST_P(ExecutorContract, SeveralThreadsMayCloseIt) {
  const auto executor = make();
  std::atomic<int> runs{0};
  for (int task = 0; task < 500; ++task) ASSERT_TRUE(executor->post([&] { ++runs; }));
  std::vector<Thread> threads;
  for (int index = 0; index < 3; ++index) {
    threads.emplace_back("closer", [&] {
      executor->close();
      EXPECT_EQ(runs, 500);
      EXPECT_FALSE(executor->post([] {}));
    });
  }
  threads.clear();
  EXPECT_EQ(runs, 500);
}

TEST_P(ExecutorContract, TasksMayPost) {
  constexpr int kDepth = 50;
  const auto executor = make();
  std::atomic<int> accepted{0};
  std::atomic<int> runs{0};
  std::function<void(int)> post_chain = [&](int left) {
    ++runs;
    if (left > 0 && executor->post([&, left] { post_chain(left - 1); })) ++accepted;
  };
  ASSERT_TRUE(executor->post([&] { post_chain(kDepth); }));
  executor->close();
  // close() may cut the chain short, but not between acceptance and running.
  EXPECT_EQ(runs, accepted + 1);
}

TEST_P(ExecutorContract, WhatExceedsTheQueueIsRefusedAndDoesNotRun) {
  constexpr std::size_t kLimit = 3;
  const auto executor = make(kLimit);
  std::atomic<int> runs{0};
  // However many threads the executor has, they and the queue do not hold so many.
  int accepted = 0;
  Mutex gate;
  {
    const MutexLock closed(gate);
    for (int task = 0; task < 1'000; ++task) {
      const bool posted = executor->post([&] {
        const MutexLock opened(gate);
        ++runs;
      });
      if (posted) ++accepted;
    }
  }
  EXPECT_GE(accepted, static_cast<int>(kLimit));
  EXPECT_LT(accepted, 1'000);
  executor->close();
  EXPECT_EQ(runs, accepted);
}

TEST_P(ExecutorContract, PostsFromManyThreadsAllRunOrAreRefused) {
  const auto executor = make(16);
  std::atomic<int> accepted{0};
  std::atomic<int> runs{0};
  std::vector<Thread> threads;
  for (int index = 0; index < 4; ++index) {
    threads.emplace_back("poster", [&] {
      for (int task = 0; task < 2'000; ++task) {
        if (executor->post([&] { ++runs; })) ++accepted;
      }
    });
  }
  Thread closer("closer", [&] {
    while (accepted < 10) {
    }
    executor->close();
  });
  threads.clear();
  closer.join();
  EXPECT_EQ(runs, accepted);
}

// What a task holds is let go of in good time, not when the executor is closed.
TEST_P(ExecutorContract, TasksAreDestroyedAfterTheyRan) {
  const auto executor = make();
  const auto held = std::make_shared<int>(7);
  ASSERT_TRUE(executor->post([held] {}));
  executor->close();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace strata::contract
