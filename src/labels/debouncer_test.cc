#include "strata/labels/debouncer.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_timer.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Numbers = Debouncer<int>;
using Batches = std::vector<std::vector<int>>;

// A debouncer of numbers whose time and threads the test moves.
class DebouncerTest : public ::testing::Test {
 protected:
  void make(DebounceOptions options) {
    numbers_ = std::make_unique<Numbers>(options, ports(), [this](Numbers::Batch batch) {
      dropped_.push_back(batch.dropped);
      batches_.push_back(std::move(batch.items));
      delivered_at_.push_back(clock_->now());
      if (on_batch_) on_batch_();
    });
  }
  [[nodiscard]] DebouncePorts ports() const { return {clock_, timer_, executor_}; }

  // Time passes in steps that are smaller than any delay here, and the executor keeps up.
  void pass(Duration time) {
    for (Duration done{}; done < time; done += milliseconds(1)) {
      timer_->advance(milliseconds(1));
      executor_->run_all();
    }
  }
  [[nodiscard]] Duration since_start(std::size_t batch) const {
    return between(ManualClock::kStart, delivered_at_.at(batch));
  }

  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  const std::shared_ptr<ManualTimer> timer_ = std::make_shared<ManualTimer>(clock_, 100);
  const std::shared_ptr<ManualExecutor> executor_ = std::make_shared<ManualExecutor>(100);
  Batches batches_;
  std::vector<std::uint64_t> dropped_;
  std::vector<Instant> delivered_at_;
  std::function<void()> on_batch_;
  std::unique_ptr<Numbers> numbers_;
};

TEST_F(DebouncerTest, ABatchComesAWindowAfterItsLastItem) {
  make({});
  numbers_->add(1);
  pass(milliseconds(6));
  numbers_->add(2);
  pass(milliseconds(9));
  EXPECT_TRUE(batches_.empty());
  pass(milliseconds(1));
  EXPECT_EQ(batches_, (Batches{{1, 2}}));
  EXPECT_EQ(since_start(0), milliseconds(16));
  pass(seconds(1));
  EXPECT_EQ(batches_.size(), 1u);
}

TEST_F(DebouncerTest, AndNoLaterThanTheMaximumDelayAfterItsFirst) {
  make({});
  for (int number = 0; number < 30; ++number) {
    numbers_->add(number);
    pass(milliseconds(5));
  }
  ASSERT_EQ(batches_.size(), 1u);
  EXPECT_EQ(since_start(0), milliseconds(100));
  EXPECT_EQ(batches_[0].size(), 20u);
}

TEST_F(DebouncerTest, AFullBatchIsDueAtOnce) {
  make({.max_batch = 3});
  for (const int number : {1, 2, 3, 4}) numbers_->add(number);
  executor_->run_all();
  EXPECT_EQ(batches_, (Batches{{1, 2, 3}}));
  pass(milliseconds(10));
  EXPECT_EQ(batches_, (Batches{{1, 2, 3}, {4}}));
}

TEST_F(DebouncerTest, WithoutAWindowEveryItemIsDueAtOnce) {
  make({.window = Duration::zero()});
  numbers_->add(1);
  EXPECT_TRUE(batches_.empty());
  executor_->run_all();
  EXPECT_EQ(batches_, (Batches{{1}}));
}

TEST_F(DebouncerTest, WhatComesTooSoonForTheRateJoinsTheNextBatch) {
  make({.batches_per_second = 4});
  numbers_->add(1);
  pass(milliseconds(10));
  ASSERT_EQ(batches_, (Batches{{1}}));
  for (const int number : {2, 3, 4}) {
    numbers_->add(number);
    pass(milliseconds(80));
  }
  EXPECT_EQ(batches_.size(), 1u);
  pass(milliseconds(10));
  EXPECT_EQ(batches_, (Batches{{1}, {2, 3, 4}}));
  EXPECT_EQ(between(delivered_at_[0], delivered_at_[1]), milliseconds(250));
}

TEST_F(DebouncerTest, TheRateHoldsForFullBatchesToo) {
  make({.max_batch = 2, .batches_per_second = 10});
  for (int number = 0; number < 6; ++number) numbers_->add(number);
  executor_->run_all();
  pass(milliseconds(250));
  EXPECT_EQ(batches_, (Batches{{0, 1}, {2, 3}, {4, 5}}));
  EXPECT_EQ(since_start(2), milliseconds(200));
}

TEST_F(DebouncerTest, WithoutRoomTheOldestAreDroppedAndTheNextBatchSaysSo) {
  make({.max_pending = 3});
  for (const int number : {1, 2, 3}) numbers_->add(number);
  EXPECT_EQ(numbers_->stats().dropped, 0u);
  numbers_->add(4);
  numbers_->add(5);
  pass(milliseconds(10));
  numbers_->add(6);
  pass(milliseconds(10));
  EXPECT_EQ(batches_, (Batches{{3, 4, 5}, {6}}));
  EXPECT_EQ(dropped_, (std::vector<std::uint64_t>{2, 0}));
  const DebounceStats stats = numbers_->stats();
  EXPECT_EQ(stats.added, 6u);
  EXPECT_EQ(stats.dropped, 2u);
  EXPECT_EQ(stats.delivered, 4u);
  EXPECT_EQ(stats.batches, 2u);
  EXPECT_EQ(stats.pending, 0u);
}

TEST_F(DebouncerTest, FlushDeliversNowInTheCallersThread) {
  make({.max_batch = 2, .batches_per_second = 1});
  numbers_->add(1);
  numbers_->flush();
  EXPECT_EQ(batches_, (Batches{{1}}));
  for (const int number : {2, 3, 4}) numbers_->add(number);
  numbers_->flush();
  EXPECT_EQ(batches_, (Batches{{1}, {2, 3}, {4}}));
  numbers_->flush();
  pass(seconds(3));
  EXPECT_EQ(batches_.size(), 3u);
}

// The task was on its way when a flush took its items. What came since waits for its own time.
TEST_F(DebouncerTest, ATaskThatAFlushOvertookTakesNothingEarly) {
  make({});
  numbers_->add(1);
  timer_->advance(milliseconds(10));
  ASSERT_EQ(executor_->pending(), 1u);
  numbers_->flush();
  numbers_->add(2);
  executor_->run_all();
  EXPECT_EQ(batches_, (Batches{{1}}));
  pass(milliseconds(10));
  EXPECT_EQ(batches_, (Batches{{1}, {2}}));
}

TEST_F(DebouncerTest, CloseDeliversWhatIsPendingAndRefusesMore) {
  make({.max_batch = 2});
  for (const int number : {1, 2, 3}) EXPECT_TRUE(numbers_->add(number));
  numbers_->close();
  EXPECT_EQ(batches_, (Batches{{1, 2}, {3}}));
  EXPECT_FALSE(numbers_->add(4));
  numbers_->close();
  numbers_.reset();
  pass(seconds(1));
  EXPECT_EQ(batches_.size(), 2u);
}

TEST_F(DebouncerTest, DestructionClosesIt) {
  make({});
  numbers_->add(1);
  numbers_.reset();
  EXPECT_EQ(batches_, (Batches{{1}}));
}

TEST_F(DebouncerTest, WhatDeliverThrowsIsCountedAndTheNextBatchComes) {
  make({.max_batch = 1});
  on_batch_ = [] { throw std::runtime_error("no"); };
  numbers_->add(1);
  numbers_->add(2);
  executor_->run_all();
  EXPECT_EQ(batches_.size(), 2u);
  EXPECT_EQ(numbers_->stats().failures, 2u);
}

TEST_F(DebouncerTest, WhatDeliverAddsIsANewBatch) {
  make({});
  on_batch_ = [&] {
    if (batches_.size() == 1) numbers_->add(2);
    numbers_->flush();  // does nothing here
  };
  numbers_->add(1);
  pass(milliseconds(10));
  EXPECT_EQ(batches_, (Batches{{1}}));
  pass(milliseconds(10));
  EXPECT_EQ(batches_, (Batches{{1}, {2}}));
}

TEST_F(DebouncerTest, DeliverMayEndTheDebouncer) {
  make({.max_batch = 2});
  on_batch_ = [&] { numbers_.reset(); };
  for (const int number : {1, 2, 3}) numbers_->add(number);
  executor_->run_all();
  EXPECT_EQ(batches_, (Batches{{1, 2}, {3}}));
}

TEST_F(DebouncerTest, ARefusedTaskIsTriedAgain) {
  while (executor_->post([] {})) continue;
  make({});
  numbers_->add(1);
  timer_->advance(milliseconds(15));
  EXPECT_TRUE(batches_.empty());
  executor_->run_all();
  pass(milliseconds(10));
  EXPECT_EQ(batches_, (Batches{{1}}));
}

TEST_F(DebouncerTest, WithoutATimerItemsAreDeliveredAtOnce) {
  timer_->close();
  make({});
  numbers_->add(1);
  executor_->run_all();
  numbers_->add(2);
  executor_->run_all();
  EXPECT_EQ(batches_, (Batches{{1}, {2}}));
}

TEST_F(DebouncerTest, WithoutTimerAndExecutorAFlushDelivers) {
  timer_->close();
  executor_->close();
  make({.max_batch = 1});
  numbers_->add(1);
  numbers_->add(2);
  EXPECT_TRUE(batches_.empty());
  numbers_->flush();
  EXPECT_EQ(batches_, (Batches{{1}, {2}}));
}

TEST_F(DebouncerTest, FewWakeUpsServeABurst) {
  make({});
  std::size_t most = 0;
  for (int number = 0; number < 1'000; ++number) {
    numbers_->add(number);
    most = std::max(most, timer_->pending());
  }
  EXPECT_LE(most, 1u);
}

// Goal: whatever the times, every item that was not dropped comes once and in order, and none
// waits longer than it may. Method: random steps; the delay is judged at each delivery.
TEST_F(DebouncerTest, KeepsItsPromisesUnderRandomTraffic) {
  testkit::for_each_seed(40, [&](testkit::Random& random) {
    const DebounceOptions options{.window = milliseconds(random.below(20)),
                                  .max_delay = milliseconds(random.below(60)),
                                  .max_batch = random.between(1, 8),
                                  .max_pending = random.between(4, 30)};
    batches_.clear();
    dropped_.clear();
    std::vector<Instant> added_at;
    int delivered = 0;
    on_batch_ = [&] {
      delivered += static_cast<int>(dropped_.back());
      ASSERT_LE(batches_.back().size(), options.max_batch);
      for (const int number : batches_.back()) {
        ASSERT_EQ(number, delivered++);
        const Duration waited = between(added_at[static_cast<std::size_t>(number)], clock_->now());
        ASSERT_LE(waited, options.max_delay + milliseconds(1));
      }
    };
    make(options);
    for (int step = 0; step < 300; ++step) {
      if (random.one_in(3)) pass(milliseconds(random.between(1, 30)));
      if (random.one_in(40)) numbers_->flush();
      numbers_->add(static_cast<int>(added_at.size()));
      added_at.push_back(clock_->now());
      if (random.one_in(2)) executor_->run_one();
    }
    numbers_->close();
    EXPECT_EQ(delivered, 300);
    const DebounceStats stats = numbers_->stats();
    EXPECT_EQ(stats.added, stats.delivered + stats.dropped);
    pass(seconds(1));
  });
}

}  // namespace
}  // namespace strata
