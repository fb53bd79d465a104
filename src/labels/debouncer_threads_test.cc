// The debouncer with real threads: nothing is lost, batches do not overlap, ends wait.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "strata/labels/debouncer.h"
#include "testkit/threads.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

// Goal: nothing is lost or delivered twice, and batches never overlap, with real threads.
TEST(DebouncerThreads, EveryItemIsDeliveredOnceWhoeverDelivers) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kItems = 4'000;
  const auto clock = system_clock();
  const auto timer = system_timer(clock);
  const auto executor = thread_pool({.threads = 2});
  std::vector<int> seen(kThreads * kItems, 0);
  std::vector<std::size_t> last(kThreads, 0);
  std::atomic<int> inside{0};
  Debouncer<std::size_t> debouncer({.window = std::chrono::microseconds(50), .max_batch = 64},
                                   {clock, timer, executor},
                                   [&](const Debouncer<std::size_t>::Batch& batch) {
                                     EXPECT_EQ(inside.fetch_add(1), 0);
                                     for (const std::size_t item : batch.items) {
                                       ++seen[item];
                                       EXPECT_GE(item % kItems, last[item / kItems]);
                                       last[item / kItems] = item % kItems;
                                     }
                                     inside.fetch_sub(1);
                                   });
  testkit::run_threads(kThreads, [&](std::size_t thread) {
    for (std::size_t item = 0; item < kItems; ++item) {
      EXPECT_TRUE(debouncer.add(thread * kItems + item));
      if (item % 500 == 499) debouncer.flush();
    }
  });
  debouncer.close();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<int>(seen.size()));
}

// An executor that holds whoever posts until it is told.
class HoldingExecutor final : public Executor {
 public:
  [[nodiscard]] bool post(std::function<void()>) override {
    is_within = true;
    testkit::wait_until([&] { return may_leave.load(); });
    has_left = true;
    return true;
  }
  void close() override {}

  std::atomic<bool> is_within{false};
  std::atomic<bool> may_leave{false};
  std::atomic<bool> has_left{false};
};

// Goal: the debouncer does not end before the timer's task has let go of the executor.
TEST(DebouncerThreads, ItsEndWaitsForTheTasksThatUseItsPorts) {
  const auto executor = std::make_shared<HoldingExecutor>();
  const auto timer = system_timer();
  Debouncer<int>::Deliver deliver = [&](const Debouncer<int>::Batch&) {
    executor->may_leave = true;
  };
  auto debouncer = std::make_unique<Debouncer<int>>(
      DebounceOptions{.window = std::chrono::microseconds(1)},
      DebouncePorts{system_clock(), timer, executor}, std::move(deliver));
  debouncer->add(1);
  testkit::wait_until([&] { return executor->is_within.load(); });
  debouncer.reset();
  EXPECT_TRUE(executor->has_left);
}

TEST(DebouncerThreads, MayEndWhileTasksAreOnTheirWay) {
  for (int round = 0; round < 50; ++round) {
    auto timer = system_timer();
    auto executor = thread_pool({.threads = 2});
    std::atomic<int> delivered{0};
    {
      Debouncer<int> debouncer({.window = std::chrono::microseconds(round), .max_batch = 3},
                               {system_clock(), std::move(timer), std::move(executor)},
                               [&](const Debouncer<int>::Batch& batch) {
                                 delivered += static_cast<int>(batch.items.size());
                               });
      for (int item = 0; item < 10; ++item) debouncer.add(item);
    }
    EXPECT_EQ(delivered, 10);
  }
}

// The batch is held until the other thread is about to flush, which must wait for it.
TEST(DebouncerThreads, FlushWaitsForTheBatchThatIsBeingDelivered) {
  const auto executor = thread_pool({.threads = 1});
  const auto timer = system_timer();
  std::atomic<bool> begun{false};
  std::atomic<bool> may_end{false};
  std::atomic<bool> ended{false};
  Debouncer<int> debouncer({.window = Duration::zero()}, {system_clock(), timer, executor},
                           [&](const Debouncer<int>::Batch&) {
                             begun = true;
                             testkit::wait_until([&] { return may_end.load(); });
                             ended = true;
                           });
  debouncer.add(1);
  testkit::wait_until([&] { return begun.load(); });
  testkit::run_threads(2, [&](std::size_t thread) {
    if (thread == 0) {
      debouncer.flush();
      EXPECT_TRUE(ended);
    } else {
      may_end = true;
    }
  });
}

}  // namespace
}  // namespace strata
