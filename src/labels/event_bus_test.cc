#include "strata/labels/event_bus.h"

#include <stdexcept>

#include "strata/core/limits.h"
#include "testkit/event_bus_bed.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

class EventBusTest : public testkit::EventBusBed {};

TEST_F(EventBusTest, HandlersAreCalledInTheOrderOfTheirSubscription) {
  const Subscription a = subscribe(EventKind::kEntityWrite, notes("a"));
  const Subscription b = subscribe(EventKinds::all(), notes("b"));
  const Subscription c = subscribe({EventKind::kEntityDelete, EventKind::kEntityWrite}, notes("c"));
  emit("1");
  emit("2");
  EXPECT_TRUE(bus_->emit(entity_delete("issue", "3")).ok());
  EXPECT_EQ(seen_, (Lines{"a 1", "b 1", "c 1", "a 2", "b 2", "c 2", "b 3", "c 3"}));
}

TEST_F(EventBusTest, EveryKindReachesWhoAskedForAll) {
  std::vector<EventKind> kinds;
  const Subscription all =
      subscribe(EventKinds::all(), [&](const Event& event) { kinds.push_back(event.kind); });
  for (const EventKind kind : kEventKinds) {
    EXPECT_TRUE(bus_->emit({.kind = kind, .type = "issue"}).ok());
  }
  EXPECT_EQ(kinds, std::vector<EventKind>(kEventKinds.begin(), kEventKinds.end()));
}

TEST_F(EventBusTest, ASubscriptionEndsWithItsObject) {
  {
    Subscription moved;
    EXPECT_FALSE(moved.is_open());
    {
      Subscription original = subscribe(EventKinds::all(), notes("a"));
      moved = std::move(original);
    }
    EXPECT_TRUE(moved.is_open());
    emit("1");
    moved = subscribe(EventKinds::all(), notes("b"));
    emit("2");
  }
  emit("3");
  EXPECT_EQ(seen_, (Lines{"a 1", "b 2"}));
}

TEST_F(EventBusTest, WhatAHandlerCapturedIsGoneWhenItIsClosed) {
  const auto captured = std::make_shared<int>(0);
  Subscription subscription = subscribe(EventKinds::all(), [captured](const Event&) {});
  EXPECT_EQ(captured.use_count(), 2);
  subscription.close();
  EXPECT_EQ(captured.use_count(), 1);
  EXPECT_FALSE(subscription.is_open());
  subscription.close();
}

TEST_F(EventBusTest, ASubscriptionMayOutliveItsBus) {
  Subscription subscription = subscribe(EventKinds::all(), notes("a"));
  bus_.reset();
  EXPECT_FALSE(subscription.is_open());
  EXPECT_FALSE(subscription.is_enabled());
  EXPECT_EQ(subscription.stats().name, "handler");
  subscription.close();
}

// The handler owns, through what it captured, the subscription that keeps it.
TEST_F(EventBusTest, AHandlerMayOwnItsOwnSubscription) {
  auto own = std::make_shared<Subscription>();
  const std::weak_ptr<Subscription> watch = own;
  *own = subscribe(EventKinds::all(), [own](const Event&) {});
  EXPECT_EQ(own.use_count(), 2);
  own->close();
  EXPECT_EQ(own.use_count(), 1);

  *own = subscribe(EventKinds::all(), [own](const Event&) {});
  own.reset();
  EXPECT_FALSE(watch.expired());
  bus_->close();
  EXPECT_TRUE(watch.expired());
}

TEST_F(EventBusTest, WhatOneHandlerThrowsDoesNotConcernTheOthers) {
  const Subscription a =
      subscribe(EventKinds::all(), [](const Event&) { throw std::runtime_error("out of paper"); },
                {.name = "printer"});
  const Subscription b = subscribe(EventKinds::all(), [](const Event&) { throw 7; });
  const Subscription c = subscribe(EventKinds::all(), notes("c"));
  emit("1");
  EXPECT_EQ(seen_, Lines{"c 1"});
  EXPECT_EQ(log_, (Lines{"error: event handler \"printer\" threw \"out of paper\"",
                         "error: event handler \"handler\" threw \"something that is no "
                         "std::exception\""}));
  EXPECT_EQ(a.stats().failures, 1u);
  EXPECT_EQ(c.stats().failures, 0u);
  EXPECT_EQ(writes().failures, 2u);
  EXPECT_EQ(writes().delivered, 3u);
}

TEST_F(EventBusTest, AFailureIsLoggedOnceInAWhile) {
  const Subscription a =
      subscribe(EventKinds::all(), [](const Event&) { throw std::runtime_error("no"); });
  for (int time = 0; time < 5; ++time) emit("1");
  EXPECT_EQ(log_.size(), 1u);
  clock_->advance(seconds(30));
  emit("1");
  ASSERT_EQ(log_.size(), 2u);
  EXPECT_EQ(log_[1],
            "error: event handler \"handler\" threw \"no\" (and 4 times since the last such line)");
}

TEST_F(EventBusTest, WhatAHandlerEmitsIsHandledBeforeItsOwnEventGoesOn) {
  const Subscription a = subscribe(EventKind::kEntityWrite, [&](const Event& event) {
    seen_.push_back("a " + event.items[0].id);
    EXPECT_TRUE(bus_->emit(entity_delete("issue", "inner")).ok());
  });
  const Subscription b = subscribe(EventKinds::all(), notes("b"));
  emit("outer");
  EXPECT_EQ(seen_, (Lines{"a outer", "b inner", "b outer"}));
}

TEST_F(EventBusTest, EmissionsNestUpToTheLimit) {
  std::size_t calls = 0;
  std::vector<Result<void>> results;
  const Subscription a = subscribe(EventKinds::all(), [&](const Event&) {
    ++calls;
    results.push_back(bus_->emit(entity_write("issue", "again")));
  });
  emit("first");
  EXPECT_EQ(calls, limits::kEventDepth);
  ASSERT_EQ(results.size(), limits::kEventDepth);
  ASSERT_FALSE(results[0].ok());  // The innermost ends first.
  EXPECT_EQ(results[0].error().code, ErrorCode::kRejected);
  EXPECT_NE(results[0].error().message.find("16 events"), std::string::npos);
  for (std::size_t outer = 1; outer < results.size(); ++outer) EXPECT_TRUE(results[outer].ok());
  EXPECT_EQ(bus_->stats().refused, 1u);
  emit("and again");
  EXPECT_EQ(calls, 2 * limits::kEventDepth);
}

TEST_F(EventBusTest, WhoSubscribesWithinAHandlerHearsTheNextEvent) {
  Subscription late;
  const Subscription a = subscribe(EventKinds::all(), [&](const Event&) {
    if (!late.is_open()) late = subscribe(EventKinds::all(), notes("late"));
  });
  emit("1");
  emit("2");
  EXPECT_EQ(seen_, Lines{"late 2"});
}

TEST_F(EventBusTest, AHandlerMayEndItselfAndOthers) {
  Subscription a;
  Subscription c;
  const auto captured = std::make_shared<int>(0);
  a = subscribe(EventKinds::all(), [&, captured](const Event&) {
    seen_.emplace_back("a");
    a.close();
    c.close();
    EXPECT_EQ(captured.use_count(), 2);  // What it captured stays until it has returned.
  });
  const Subscription b = subscribe(EventKinds::all(), notes("b"));
  c = subscribe(EventKinds::all(), notes("c"));
  emit("1");
  emit("2");
  EXPECT_EQ(seen_, (Lines{"a", "b 1", "b 2"}));
  EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(EventBusTest, AHandlerMayCloseTheBus) {
  const Subscription a = subscribe(EventKinds::all(), [&](const Event&) { bus_->close(); });
  const Subscription b = subscribe(EventKinds::all(), notes("b"));
  emit("1");
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(bus_->emit(entity_write("issue", "2")).error().code, ErrorCode::kClosed);
  EXPECT_EQ(bus_->subscribe(EventKinds::all(), notes("c")).error().code, ErrorCode::kClosed);
  EXPECT_EQ(bus_->stats().refused, 1u);
}

TEST_F(EventBusTest, WhileItIsDisabledEventsAreOnlyCounted) {
  const Subscription a = subscribe(EventKinds::all(), notes("a"));
  bus_->disable();
  emit("1");
  EXPECT_FALSE(bus_->stats().is_enabled);
  bus_->enable();
  emit("2");
  EXPECT_EQ(seen_, Lines{"a 2"});
  EXPECT_EQ(writes().emitted, 2u);
  EXPECT_EQ(writes().delivered, 1u);
  EXPECT_EQ(writes().dropped, 1u);
  EXPECT_EQ(a.stats().dropped, 1u);
}

TEST_F(EventBusTest, AnInvalidEventIsRefused) {
  const Subscription a = subscribe(EventKinds::all(), notes("a"));
  const Result<void> emitted = bus_->emit(entity_write("", "1"));
  ASSERT_FALSE(emitted.ok());
  EXPECT_EQ(emitted.error().code, ErrorCode::kRejected);
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(bus_->stats().refused, 1u);
  EXPECT_EQ(writes().emitted, 0u);
}

TEST_F(EventBusTest, ASubscriptionNeedsAKindAndAHandler) {
  EXPECT_EQ(bus_->subscribe({}, notes("a")).error().code, ErrorCode::kRejected);
  EXPECT_EQ(bus_->subscribe(EventKinds::all(), nullptr).error().code, ErrorCode::kRejected);
  EXPECT_EQ(bus_->subscribe_batched(EventKinds::all(), nullptr).error().code, ErrorCode::kRejected);
}

TEST_F(EventBusTest, SubscriptionsAreLimited) {
  std::vector<Subscription> subscriptions;
  for (std::size_t number = 0; number < limits::kSubscriptions; ++number) {
    subscriptions.push_back(subscribe(EventKinds::all(), [](const Event&) {}));
  }
  const Result<Subscription> refused = bus_->subscribe(EventKinds::all(), notes("a"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "an event bus has 1024 subscriptions already; the limit is 1024");
  subscriptions.pop_back();
  EXPECT_TRUE(bus_->subscribe(EventKinds::all(), notes("a")).ok());
}

TEST_F(EventBusTest, ASlowCallIsCountedAndLoggedOnceInAWhile) {
  const Subscription a =
      subscribe(EventKinds::all(), [&](const Event&) { clock_->advance(milliseconds(1'500)); },
                {.name = "mailer"});
  const Subscription b = subscribe(EventKinds::all(), [&](const Event&) {
    clock_->advance(seconds(1));  // not over its limit
  });
  emit("1");
  emit("2");
  EXPECT_EQ(a.stats().slow, 2u);
  EXPECT_EQ(b.stats().slow, 0u);
  EXPECT_EQ(writes().slow, 2u);
  EXPECT_EQ(log_, Lines{"warning: event handler \"mailer\" took 1.5 s; its limit is 1 s"});
}

TEST_F(EventBusTest, AHandlerThatIsSlowTooOftenInARowIsDisabledUntilItIsEnabled) {
  bool is_slow = true;
  Subscription a = subscribe(EventKinds::all(), [&](const Event& event) {
    seen_.push_back(event.items[0].id);
    if (is_slow) clock_->advance(seconds(2));
  });
  for (std::size_t call = 1; call < limits::kSlowHandlerCalls; ++call) emit("slow");
  is_slow = false;
  emit("quick");  // begins the count again
  is_slow = true;
  for (std::size_t call = 1; call < limits::kSlowHandlerCalls; ++call) emit("slow");
  EXPECT_TRUE(a.is_enabled());
  emit("one too many");
  EXPECT_FALSE(a.is_enabled());
  ASSERT_FALSE(log_.empty());
  EXPECT_EQ(log_.back(),
            "error: event handler \"handler\" is disabled: 10 calls in a row were over its limit "
            "of 1 s; enable its subscription when it is well again");
  seen_.clear();
  emit("not seen");
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(a.stats().dropped, 1u);

  a.enable();
  for (std::size_t call = 1; call < limits::kSlowHandlerCalls; ++call) emit("slow");
  EXPECT_TRUE(a.is_enabled());
  EXPECT_EQ(seen_.size(), limits::kSlowHandlerCalls - 1);
}

TEST_F(EventBusTest, AHandlerWithoutALimitMayTakeItsTime) {
  const Subscription a =
      subscribe(EventKinds::all(), [&](const Event&) { clock_->advance(std::chrono::hours(1)); },
                {.slow_after = kForever});
  for (std::size_t call = 0; call < 2 * limits::kSlowHandlerCalls; ++call) emit("1");
  EXPECT_EQ(a.stats().slow, 0u);
  EXPECT_TRUE(a.is_enabled());
}

TEST_F(EventBusTest, ADisabledSubscriptionIsNotCalled) {
  Subscription a = subscribe(EventKinds::all(), notes("a"));
  a.disable();
  emit("1");
  a.enable();
  emit("2");
  EXPECT_EQ(seen_, Lines{"a 2"});
  const HandlerStats stats = a.stats();
  EXPECT_EQ(stats.calls, 1u);
  EXPECT_EQ(stats.dropped, 1u);
  EXPECT_EQ(bus_->stats().handlers.size(), 1u);
}

}  // namespace
}  // namespace strata
