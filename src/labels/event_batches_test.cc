// Subscriptions to batches of events.
#include <cmath>
#include <stdexcept>

#include "strata/core/limits.h"
#include "testkit/event_bus_bed.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

class BatchedTest : public testkit::EventBusBed {
 protected:
  [[nodiscard]] Subscription subscribe_batched(DebounceOptions debounce = {}) {
    return bus_
        ->subscribe_batched(
            EventKind::kEntityWrite,
            [this](const EventBatch& batch) {
              std::string line = batch.dropped > 0 ? "lost" + std::to_string(batch.dropped) : "";
              for (const Event& event : batch.items) line += " " + event.items[0].id;
              seen_.push_back(line);
              if (on_batch_) on_batch_();
            },
            debounce)
        .value();
  }
  std::function<void()> on_batch_;
};

TEST_F(BatchedTest, EventsComeTogetherOnTheExecutor) {
  const Subscription a = subscribe_batched();
  emit("1");
  emit("2");
  EXPECT_TRUE(bus_->emit(entity_delete("issue", "not asked for")).ok());
  timer_->advance(milliseconds(10));
  EXPECT_TRUE(seen_.empty());
  executor_->run_all();
  EXPECT_EQ(seen_, Lines{" 1 2"});
  EXPECT_EQ(a.stats().calls, 1u);
  EXPECT_EQ(writes().delivered, 2u);
}

TEST_F(BatchedTest, FlushDeliversNow) {
  const Subscription a = subscribe_batched();
  emit("1");
  bus_->flush();
  EXPECT_EQ(seen_, Lines{" 1"});
}

TEST_F(BatchedTest, ItsEndDeliversWhatWasCollected) {
  Subscription a = subscribe_batched();
  emit("1");
  a.close();
  EXPECT_EQ(seen_, Lines{" 1"});
  emit("2");
  pass(seconds(1));
  EXPECT_EQ(seen_.size(), 1u);
}

TEST_F(BatchedTest, TheEndOfTheBusDeliversWhatWasCollected) {
  const Subscription a = subscribe_batched();
  emit("1");
  bus_->close();
  EXPECT_EQ(seen_, Lines{" 1"});
}

TEST_F(BatchedTest, ABatchHandlerMayEndItself) {
  Subscription a = subscribe_batched({.max_batch = 2});
  on_batch_ = [&] { a.close(); };
  emit("1");
  emit("2");
  emit("3");
  executor_->run_all();
  EXPECT_EQ(seen_, (Lines{" 1 2", " 3"}));
  a = subscribe_batched();
  emit("4");
  bus_->flush();
  emit("5");
  pass(seconds(1));
  EXPECT_EQ(seen_, (Lines{" 1 2", " 3", " 4"}));
}

TEST_F(BatchedTest, WhatThereWasNoRoomForIsSaidAndCounted) {
  const Subscription a = subscribe_batched({.max_pending = 2});
  for (const char* id : {"1", "2", "3", "4", "5"}) emit(id);
  pass(milliseconds(10));
  EXPECT_EQ(seen_, Lines{"lost3 4 5"});
  EXPECT_EQ(a.stats().dropped, 3u);
}

TEST_F(BatchedTest, WhatItThrowsIsCountedAndLogged) {
  const Subscription a = subscribe_batched();
  on_batch_ = [] { throw std::runtime_error("no"); };
  emit("1");
  emit("2");
  pass(milliseconds(10));
  EXPECT_EQ(a.stats().failures, 1u);
  EXPECT_EQ(writes().failures, 2u);
  EXPECT_EQ(log_, Lines{"error: event handler \"handler\" threw \"no\""});
}

TEST_F(BatchedTest, WhileItIsDisabledNothingIsCollectedOrDelivered) {
  Subscription a = subscribe_batched();
  emit("1");
  a.disable();
  emit("2");
  pass(milliseconds(10));
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(a.stats().dropped, 2u);
  a.enable();
  emit("3");
  pass(milliseconds(10));
  EXPECT_EQ(seen_, Lines{" 3"});
}

TEST_F(BatchedTest, AnEventTakesTheRoomOfItsItems) {
  Event bulk{.kind = EventKind::kEntityBulkWrite, .type = "issue"};
  const auto with_items = [&](std::size_t count) {
    bulk.items.assign(count, {std::to_string(count), {}, {}});
    return bulk;
  };
  const Subscription bulks = bus_->subscribe_batched(EventKind::kEntityBulkWrite,
                                                     [this](const EventBatch& batch) {
                                                       std::string line =
                                                           "lost" + std::to_string(batch.dropped);
                                                       for (const Event& event : batch.items)
                                                         line += " " + event.items[0].id;
                                                       seen_.push_back(line);
                                                     },
                                                     {.max_pending = 10})
                                 .value();
  for (const std::size_t count : {4, 4, 2}) EXPECT_TRUE(bus_->emit(with_items(count)).ok());
  pass(milliseconds(10));
  for (const std::size_t count : {4, 4, 3}) EXPECT_TRUE(bus_->emit(with_items(count)).ok());
  pass(milliseconds(10));
  for (const std::size_t count : {4, 11}) EXPECT_TRUE(bus_->emit(with_items(count)).ok());
  pass(milliseconds(10));
  EXPECT_EQ(seen_, (Lines{"lost0 4 4 2", "lost1 4 3", "lost1 11"}));
}

TEST_F(BatchedTest, OptionsOutOfTheirRangeAreRefused) {
  const auto problem = [&](DebounceOptions debounce, SubscriptionOptions options = {}) {
    const auto subscribed = bus_->subscribe_batched(
        EventKinds::all(), [](const EventBatch&) {}, debounce, options);
    if (subscribed.ok()) return std::string();
    EXPECT_EQ(subscribed.error().code, ErrorCode::kRejected);
    return subscribed.error().message;
  };
  EXPECT_EQ(problem({.window = Duration::zero(),
                     .max_delay = kForever,
                     .max_batch = 1,
                     .batches_per_second = 0.5,
                     .max_pending = limits::kPendingItems}),
            "");
  const std::string range = "; it must be 1 to 1048576";
  EXPECT_EQ(problem({.max_batch = 0}), "max_batch is 0" + range);
  EXPECT_EQ(problem({.max_batch = limits::kPendingItems + 1}), "max_batch is 1048577" + range);
  EXPECT_EQ(problem({.max_pending = 0}), "max_pending is 0" + range);
  EXPECT_EQ(problem({.max_pending = limits::kPendingItems + 1}), "max_pending is 1048577" + range);
  EXPECT_EQ(problem({.window = milliseconds(-1)}), "window of a batch is negative: -1 ms");
  EXPECT_EQ(problem({.max_delay = milliseconds(-1)}), "max_delay of a batch is negative: -1 ms");
  const std::string rate = "; it must be a number from 0 on, and 0 is for no limit";
  EXPECT_EQ(problem({.batches_per_second = -2}), "batches_per_second is -2.000000" + rate);
  EXPECT_EQ(problem({.batches_per_second = std::nan("")}), "batches_per_second is nan" + rate);
  EXPECT_EQ(problem({.batches_per_second = HUGE_VAL}), "batches_per_second is inf" + rate);
  const SubscriptionOptions slow{.name = "a", .slow_after = milliseconds(-1)};
  EXPECT_EQ(problem({}, slow), "slow_after of handler \"a\" is negative: -1 ms");
  EXPECT_FALSE(bus_->subscribe(EventKinds::all(), notes("a"), slow).ok());
}

TEST_F(BatchedTest, NeedsATimerAndAnExecutor) {
  EventBus bare({.clock = clock_});
  const auto refused = bare.subscribe_batched(EventKinds::all(), [](const EventBatch&) {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
}

}  // namespace
}  // namespace strata
