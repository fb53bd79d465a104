// Handlers, batches and the graph, with the first, second, third ... allocation failing, once and
// from then on: nothing is thrown, nobody waits for ever, and what is lost is said.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "strata/core/limits.h"
#include "strata/labels/dependency_graph.h"
#include "strata/labels/event_bus.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_timer.h"
#include "testkit/failing_allocations.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using testkit::fail_each_allocation;
using testkit::FailingAllocations;

// A time and threads of its own for each run.
struct World {
  void pass(Duration time) {
    timer->advance(time);
    executor->run_all();
  }
  [[nodiscard]] DebouncePorts ports() const { return {clock, timer, executor}; }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<ManualTimer> timer = std::make_shared<ManualTimer>(clock);
  std::shared_ptr<ManualExecutor> executor = std::make_shared<ManualExecutor>();
};

// The bus has seen an event: the first one of a thread takes some memory for the thread.
std::unique_ptr<EventBus> make_bus(const World& world) {
  auto bus = std::make_unique<EventBus>(
      EventBusOptions{.clock = world.clock,
                      .log = [](LogLevel, std::string_view line) { std::string copy(line); },
                      .timer = world.timer,
                      .executor = world.executor});
  EXPECT_TRUE(bus->emit({.kind = EventKind::kSchemaModified}).ok());
  return bus;
}

// Text that a string keeps outside of itself.
const Event event = entity_write("issue", "an id of more than fifteen bytes", {{"name", "value"}});

// The calling thread can still emit as deep as it may, and the bus comes to its end.
void expect_usable(EventBus& bus) {
  for (std::size_t time = 0; time <= limits::kEventDepth; ++time) {
    EXPECT_TRUE(bus.emit(event).ok());
  }
  bus.close();
}

// A batched handler that takes no memory itself.
struct Collected {
  [[nodiscard]] EventBatchHandler handler() {
    return [this](const EventBatch& batch) {
      events += batch.items.size();
      dropped += batch.dropped;
    };
  }
  std::uint64_t events = 0;
  std::uint64_t dropped = 0;
};

TEST(HandlersOutOfMemory, WhatOneThrowsDoesNotConcernTheOthers) {
  const long failed = fail_each_allocation([](FailingAllocations& failing) {
    const World world;
    const auto bus = make_bus(world);
    int calls = 0;
    const Subscription throwing =
        bus->subscribe(EventKinds::all(),
                       [](const Event&) {
                         throw std::runtime_error("a message of more than fifteen bytes");
                       })
            .value();
    const Subscription counting =
        bus->subscribe(EventKinds::all(), [&](const Event&) { ++calls; }).value();
    failing.begin();
    const Result<void> told = bus->emit(event);
    failing.end();
    EXPECT_TRUE(told.ok());
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(throwing.stats().failures, 1u);
    EXPECT_EQ(counting.stats().failures, 0u);
    expect_usable(*bus);
  });
  EXPECT_GT(failed, 4);
}

TEST(HandlersOutOfMemory, AnEventThatIsRefusedIsRefused) {
  fail_each_allocation([](FailingAllocations& failing) {
    const World world;
    const auto bus = make_bus(world);
    const Event wrong = entity_write("issue", "");
    failing.begin();
    const Result<void> told = bus->emit(wrong);
    failing.end();
    EXPECT_FALSE(told.ok());
  });
}

TEST(HandlersOutOfMemory, ASubscriptionIsThereOrNot) {
  const long failed = fail_each_allocation([](FailingAllocations& failing) {
    const World world;
    const auto bus = make_bus(world);
    Collected collected;
    int calls = 0;
    failing.begin();
    const Result<Subscription> plain =
        bus->subscribe(EventKinds::all(), [&](const Event&) { ++calls; });
    const Result<Subscription> batched =
        bus->subscribe_batched(EventKinds::all(), collected.handler());
    failing.end();
    EXPECT_TRUE(bus->emit(event).ok());
    bus->flush();
    EXPECT_EQ(calls, plain.ok() ? 1 : 0);
    EXPECT_EQ(collected.events, batched.ok() ? 1u : 0u);
  });
  EXPECT_GT(failed, 8);
}

TEST(HandlersOutOfMemory, ASubscriptionEnds) {
  const long failed = fail_each_allocation([](FailingAllocations& failing) {
    const World world;
    const auto bus = make_bus(world);
    int calls = 0;
    const auto counts = [&](const Event&) { ++calls; };
    Subscription ending = bus->subscribe(EventKinds::all(), counts).value();
    const Subscription staying = bus->subscribe(EventKinds::all(), counts).value();
    failing.begin();
    ending.close();
    failing.end();
    EXPECT_TRUE(bus->emit(event).ok());
    EXPECT_EQ(calls, 1);
    const Subscription another = bus->subscribe(EventKinds::all(), counts).value();
    EXPECT_EQ(bus->stats().handlers.size(), 2u);
    expect_usable(*bus);
    EXPECT_FALSE(staying.is_open());
  });
  EXPECT_GT(failed, 1);
}

TEST(HandlersOutOfMemory, TheBusEnds) {
  fail_each_allocation([](FailingAllocations& failing) {
    const World world;
    const auto bus = make_bus(world);
    Collected collected;
    const Subscription plain = bus->subscribe(EventKinds::all(), [](const Event&) {}).value();
    const Subscription batched =
        bus->subscribe_batched(EventKinds::all(), collected.handler()).value();
    EXPECT_TRUE(bus->emit(event).ok());
    failing.begin();
    bus->close();
    failing.end();
    EXPECT_FALSE(plain.is_open());
    EXPECT_EQ(collected.events + collected.dropped, 1u);
  });
}

// Emits three events, then time passes; within `ends` with the allocations of that failing, too.
void expect_all_told(const std::function<void(World&, EventBus&)>& ends) {
  const long failed = fail_each_allocation([&](FailingAllocations& failing) {
    World world;
    Collected collected;
    const auto bus = make_bus(world);
    const Subscription batched =
        bus->subscribe_batched(EventKinds::all(), collected.handler()).value();
    failing.begin();
    for (int time = 0; time < 3; ++time) EXPECT_TRUE(bus->emit(event).ok());
    ends(world, *bus);
    failing.end();
    world.pass(milliseconds(100));
    bus->flush();
    EXPECT_EQ(collected.events + collected.dropped, 3u);
    EXPECT_EQ(batched.stats().dropped, collected.dropped);
    EXPECT_EQ(batched.stats().failures, 0u);
    expect_usable(*bus);
  });
  EXPECT_GT(failed, 8);
}

TEST(BatchesOutOfMemory, EveryEventIsDeliveredOrSaidToBeLost) {
  expect_all_told([](World&, EventBus&) {});
  expect_all_told([](World&, EventBus& bus) { bus.flush(); });
}

using Texts = Debouncer<std::string>;
const std::string text = "a text of more than fifteen bytes";

struct Delivered {
  [[nodiscard]] Texts::Deliver deliver() {
    return [this](const Texts::Batch& batch) {
      items += batch.items.size();
      dropped += batch.dropped;
      ++batches;
    };
  }
  std::uint64_t items = 0;
  std::uint64_t dropped = 0;
  int batches = 0;
};

TEST(DebouncerOutOfMemory, EveryItemIsDeliveredOrSaidToBeLost) {
  const long failed = fail_each_allocation([](FailingAllocations& failing) {
    World world;
    Delivered delivered;
    Texts texts({}, world.ports(), delivered.deliver());
    failing.begin();
    for (int time = 0; time < 3; ++time) EXPECT_TRUE(texts.add(text));
    failing.end();
    // Whether or not a task was refused: the next item is tried, and brings the others.
    EXPECT_TRUE(texts.add(std::string()));
    world.pass(milliseconds(100));
    EXPECT_EQ(delivered.items + delivered.dropped, 4u);
    EXPECT_EQ(texts.stats().delivered, delivered.items);
    EXPECT_EQ(texts.stats().dropped, delivered.dropped);
    EXPECT_EQ(texts.stats().pending, 0u);
  });
  EXPECT_GT(failed, 4);
}

TEST(DebouncerOutOfMemory, ABatchForWhichThereIsNoneIsTriedAgain) {
  const long failed = fail_each_allocation([](FailingAllocations& failing) {
    World world;
    Delivered delivered;
    Texts texts({}, world.ports(), delivered.deliver());
    for (int time = 0; time < 3; ++time) EXPECT_TRUE(texts.add(text));
    world.timer->advance(milliseconds(10));
    failing.begin();
    world.executor->run_all();
    failing.end();
    world.pass(milliseconds(20));
    if (delivered.batches == 0) texts.flush();  // No memory for the timer either.
    EXPECT_EQ(delivered.items, 3u);
    EXPECT_EQ(delivered.dropped, 0u);
    EXPECT_EQ(delivered.batches, 1);
  });
  EXPECT_GT(failed, 1);
}

TEST(DebouncerOutOfMemory, ThatTheOnlyItemIsLostIsSaidWithoutOthers) {
  World world;
  Delivered delivered;
  Texts texts({}, world.ports(), delivered.deliver());
  FailingAllocations failing(0, false);
  failing.begin();
  EXPECT_TRUE(texts.add(text));
  failing.end();
  ASSERT_TRUE(failing.failed());
  world.pass(milliseconds(10));
  EXPECT_EQ(delivered.batches, 1);
  EXPECT_EQ(delivered.items, 0u);
  EXPECT_EQ(delivered.dropped, 1u);
}

TEST(DebouncerOutOfMemory, ItsEndNeedsNone) {
  const long failed = fail_each_allocation([](FailingAllocations& failing) {
    World world;
    Delivered delivered;
    auto texts = std::make_unique<Texts>(DebounceOptions{.max_batch = 2}, world.ports(),
                                         delivered.deliver());
    for (int time = 0; time < 3; ++time) EXPECT_TRUE(texts->add(text));
    failing.begin();
    texts.reset();
    failing.end();
    EXPECT_EQ(delivered.items + delivered.dropped, 3u);
  });
  EXPECT_GT(failed, 1);
}

TEST(GraphOutOfMemory, WhatIsAddedIsAnnouncedWhenItIsRepeated) {
  const long failed = fail_each_allocation([](FailingAllocations& failing) {
    int announced = 0;
    DependencyGraph graph([&](std::span<const Label>) { ++announced; });
    const Label derived = tag("a report that is computed");
    const std::array sources{tag("orders"), tag("prices"), tag("customers")};
    failing.begin();
    const Result<bool> added = graph.add(derived, sources);
    failing.end();
    graph.check_invariants();
    if (!added) {
      EXPECT_EQ(announced, 0);
      EXPECT_TRUE(graph.add(derived, sources).ok());
    }
    EXPECT_EQ(announced, 1);
    EXPECT_EQ(graph.sources_of(derived).size(), 3u);
  });
  EXPECT_GT(failed, 4);
}

TEST(GraphOutOfMemory, AClosureIsCompleteOrHasFailed) {
  long kept = 0;
  const long failed = fail_each_allocation([&](FailingAllocations& failing) {
    DependencyGraph graph([](std::span<const Label>) {});
    const Label derived = tag("report");
    for (int number = 0; number < 20; ++number) {
      const Label source = tag("source " + std::to_string(number));
      ASSERT_TRUE(graph.add(derived, {&source, 1}).ok());
    }
    Labels labels{derived};
    failing.begin();
    const Closure closed = graph.close(labels);
    failing.end();
    graph.check_invariants();
    EXPECT_NE(closed, Closure::kCut);
    if (closed == Closure::kComplete) {
      ++kept;
      EXPECT_EQ(labels.size(), 21u);
    }
    Labels again{derived};
    EXPECT_EQ(graph.close(again), Closure::kComplete);
    EXPECT_EQ(again.size(), 21u);
  });
  EXPECT_GT(failed, 2);
  EXPECT_GT(kept, 0);
}

}  // namespace
}  // namespace strata
