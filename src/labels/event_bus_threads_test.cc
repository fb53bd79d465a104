// The event bus under several threads: ends that wait, orders that hold, no call that is lost.
#include <map>

#include "core/mutex.h"
#include "testkit/event_bus_bed.h"
#include "testkit/threads.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

Event numbered(std::size_t thread, std::size_t number) {
  return entity_write(std::to_string(thread), std::to_string(number));
}

TEST(EventBusThreads, EventsOfOneEmitterComeInItsOrder) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEvents = 2'000;
  EventBus bus({.clock = system_clock()});
  Mutex mutex;
  std::map<std::string, std::size_t> next;
  const Subscription a =
      bus.subscribe(EventKinds::all(),
                    [&](const Event& event) {
                      const MutexLock lock(mutex);
                      EXPECT_EQ(event.items[0].id, std::to_string(next[event.type]++));
                    })
          .value();
  testkit::run_threads(kThreads, [&](std::size_t thread) {
    for (std::size_t number = 0; number < kEvents; ++number) {
      ASSERT_TRUE(bus.emit(numbered(thread, number)).ok());
    }
  });
  EXPECT_EQ(next.size(), kThreads);
  EXPECT_EQ(a.stats().calls, kThreads * kEvents);
}

// The handler is held inside until the other thread is about to end its subscription.
TEST(EventBusThreads, TheEndOfASubscriptionWaitsForARunningCall) {
  EventBus bus({.clock = system_clock()});
  std::atomic<bool> inside{false};
  std::atomic<bool> may_end{false};
  std::atomic<bool> ended{false};
  Subscription a = bus.subscribe(EventKinds::all(),
                                 [&](const Event&) {
                                   inside = true;
                                   testkit::wait_until([&] { return may_end.load(); });
                                   ended = true;
                                 })
                       .value();
  testkit::run_threads(3, [&](std::size_t thread) {
    if (thread == 0) {
      EXPECT_TRUE(bus.emit(numbered(0, 0)).ok());
      return;
    }
    testkit::wait_until([&] { return inside.load(); });
    if (thread == 1) {
      a.close();
      EXPECT_TRUE(ended);
    } else {
      may_end = true;
    }
  });
}

// Goal: a handler that is closed is never called again, though emitters hold lists with it.
// Method: what it counts into is freed right after the close.
TEST(EventBusThreads, NoCallComesAfterTheEnd) {
  EventBus bus({.clock = system_clock()});
  std::atomic<bool> done{false};
  testkit::run_threads(3, [&](std::size_t thread) {
    if (thread > 0) {
      while (!done) ASSERT_TRUE(bus.emit(numbered(thread, 0)).ok());
      return;
    }
    for (int round = 0; round < 300; ++round) {
      auto count = std::make_unique<std::atomic<int>>(0);
      Subscription a =
          bus.subscribe(EventKinds::all(), [&count = *count](const Event&) { ++count; }).value();
      if (round % 2 == 0) testkit::wait_until([&] { return *count > 0; });
      a.close();
      count.reset();
    }
    done = true;
  });
}

TEST(EventBusThreads, AHandlerMayEndItselfWhileOthersRunIt) {
  for (int round = 0; round < 200; ++round) {
    EventBus bus({.clock = system_clock()});
    Subscription a;
    std::atomic<bool> first{true};
    const auto captured = std::make_shared<int>(0);
    a = bus.subscribe(EventKinds::all(),
                      [&, captured](const Event&) {
                        if (first.exchange(false)) a.close();
                      })
            .value();
    testkit::run_threads(
        2, [&](std::size_t thread) { EXPECT_TRUE(bus.emit(numbered(thread, 0)).ok()); });
    EXPECT_EQ(captured.use_count(), 1);
  }
}

TEST(EventBusThreads, SubscribersComeAndGoWhileEventsAreEmitted) {
  constexpr std::size_t kEvents = 2'000;
  const auto executor = thread_pool({.threads = 2});
  EventBus bus({.clock = system_clock(), .timer = system_timer(), .executor = executor});
  std::atomic<std::uint64_t> collected{0};
  const Subscription steady = bus.subscribe(EventKinds::all(), [](const Event&) {}).value();
  const Subscription batched =
      bus.subscribe_batched(EventKinds::all(),
                            [&](const EventBatch& batch) { collected += batch.items.size(); })
          .value();
  testkit::run_threads(4, [&](std::size_t thread) {
    for (std::size_t number = 0; number < kEvents; ++number) {
      if (thread < 2) {
        ASSERT_TRUE(bus.emit(numbered(thread, number)).ok());
      } else if (number % 8 == 0) {
        const Subscription brief = bus.subscribe(EventKinds::all(), [](const Event&) {}).value();
        if (number % 64 == 0) bus.flush();
      }
    }
  });
  EXPECT_EQ(steady.stats().calls, 2 * kEvents);
  bus.close();
  EXPECT_EQ(collected, 2 * kEvents);
}

}  // namespace
}  // namespace strata
