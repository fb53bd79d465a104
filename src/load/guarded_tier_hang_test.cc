// A guarded tier that hangs, probes that hang or come late, and the end of a guard.
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "strata/ports/thread.h"
#include "testkit/guarded_tier_bed.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

TEST_F(GuardedTierTest, WithoutAnExecutorWhoComesWhenItIsDueTriesIt) {
  make({}, true, false);
  (void)tier_->fill(record("value"), tier_->position(), {});
  open();
  clock_->advance(seconds(5));
  EXPECT_EQ(read(), "value");
}

TEST_F(GuardedTierTest, AnExecutorThatTakesNoMoreLeavesTheProbeToTheReader) {
  (void)tier_->fill(record("value"), tier_->position(), {});
  open();
  executor_->close();
  clock_->advance(seconds(5));
  EXPECT_EQ(read(), "value");
  EXPECT_EQ(reads().state, BreakerState::kClosed);
}

// Callers that hang are those that were there when it began, and no more than max_waiting.
TEST_F(GuardedTierTest, ATierThatHangsHoldsUpNobodyWhoComesLater) {
  make({.timeout = milliseconds(100), .max_waiting = 3});
  plan_->add({.call = "records.get", .effect = FaultEffect::kHang}).value();
  std::vector<Thread> hung;
  for (int i = 0; i < 3; ++i) {
    hung.emplace_back("hung", [&] { (void)read(); });
  }
  plan_->wait_until_hanging(3);
  EXPECT_EQ(read(), "miss") << "there is no room for more";
  EXPECT_EQ(reads().state, BreakerState::kClosed);
  clock_->advance(milliseconds(100));
  EXPECT_EQ(read(), "miss") << "and nobody has come back";
  EXPECT_EQ(reads().state, BreakerState::kOpen);
  EXPECT_THAT(tier_->stats().reason, HasSubstr("none has come back for 100"));
  clock_->advance(seconds(5));
  Thread probe("probe", [&] {
    (void)read();
    executor_->run_all();
  });
  plan_->wait_until_hanging(4);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(read(), "miss");
  EXPECT_EQ(plan_->hanging(), 4u) << "one probe hangs too, and nobody else";
  plan_->clear();
  probe.join();
  hung.clear();
  try_again(seconds(10));
  EXPECT_EQ(reads().state, BreakerState::kClosed);
  EXPECT_EQ(read(), "miss");
  EXPECT_EQ(plan_->hanging(), 0u);
}

// Those that never come back are not waited for once the tier answers others.
TEST_F(GuardedTierTest, OneReadThatHangsForEverDoesNotKeepItOpen) {
  make({.timeout = milliseconds(100)});
  (void)tier_->fill(record("value"), tier_->position(), {});
  plan_->add({.call = "records.get", .times = 1, .effect = FaultEffect::kHang}).value();
  Thread hung("hung", [&] { (void)read(); });
  plan_->wait_until_hanging();
  clock_->advance(milliseconds(100));
  EXPECT_EQ(read(), "miss");
  ASSERT_EQ(reads().state, BreakerState::kOpen);
  try_again();
  for (int i = 0; i < 10; ++i) {
    clock_->advance(seconds(1));
    EXPECT_EQ(read(), "value");
  }
  EXPECT_EQ(reads().opened, 1u);
  plan_->release();
}

// A read that began before an invalidation and comes back after the breaker has opened and closed
// brings its caller what the port allows, and the tier itself nothing.
TEST_F(GuardedTierTest, AReadThatComesBackLateChangesNothing) {
  make({.timeout = milliseconds(100)});
  (void)tier_->fill(record("value", {tag("t")}), tier_->position(), {});
  plan_->add({.call = "records.get", .times = 1, .effect = FaultEffect::kHang}).value();
  Thread late("late", [&] { (void)read(); });
  plan_->wait_until_hanging();
  clock_->advance(milliseconds(100));
  (void)read();
  const Label t = tag("t");
  (void)tier_->invalidate(std::span(&t, 1));
  try_again();
  ASSERT_EQ(reads().state, BreakerState::kClosed);
  plan_->release();
  late.join();
  EXPECT_EQ(reads().state, BreakerState::kClosed) << "its slowness is of before";
  EXPECT_EQ(read(), "miss");
}

// It would end the process, or leave close() to wait for ever.
TEST_F(GuardedTierTest, AProbeThatThrowsHasFailed) {
  open();
  plan_->add({.call = "records.get", .times = 1, .effect = FaultEffect::kThrow}).value();
  try_again();
  EXPECT_EQ(reads().state, BreakerState::kOpen);
  EXPECT_THAT(tier_->stats().reason, HasSubstr("it threw"));
  EXPECT_THAT(tier_->stats().reason, HasSubstr("tried again in 10"));
  try_again(seconds(10));
  EXPECT_EQ(reads().state, BreakerState::kClosed);
  tier_->close({});
}

TEST_F(GuardedTierTest, ALogThatThrowsInAProbeChangesNothing) {
  std::atomic<bool> throws{false};
  tier_ = guarded_tier(with_faults(std::make_unique<RecordTier>("records", clock_), plan_), {},
                       {.clock = clock_, .executor = executor_, .log = [&](auto&&...) {
                          if (throws) throw std::runtime_error("the disk is full");
                        }});
  open();
  throws = true;
  plan_->add({.call = "records.get", .times = 1}).value();
  try_again();
  EXPECT_EQ(reads().state, BreakerState::kOpen);
  EXPECT_EQ(reads().failures, 6u);
  plan_->add({.call = "records.get", .times = 1, .effect = FaultEffect::kThrow}).value();
  try_again(seconds(10));
  EXPECT_EQ(reads().state, BreakerState::kOpen);
  try_again(seconds(20));
  EXPECT_EQ(reads().state, BreakerState::kClosed);
  tier_->close({});
}

// Each probe that is given up holds a thread of the executor, so there are two at most.
TEST_F(GuardedTierTest, ProbesThatDoNotComeBackAreFollowedByOneMore) {
  open();
  for (int i = 0; i < 10; ++i) {
    clock_->advance(seconds(60));
    EXPECT_EQ(read(), "miss");
  }
  EXPECT_EQ(executor_->pending(), 2u);
  EXPECT_THAT(tier_->stats().reason, HasSubstr("reads that tried it have not come back"));
  EXPECT_EQ(executor_->run_all(), 2u);
  EXPECT_EQ(reads().state, BreakerState::kOpen) << "they come too late";
  try_again(seconds(60));
  EXPECT_EQ(reads().state, BreakerState::kClosed);
}

TEST_F(GuardedTierTest, OneProbeThatHangsForEverDoesNotKeepItOpen) {
  (void)tier_->fill(record("value"), tier_->position(), {});
  open();
  plan_->add({.call = "records.get", .times = 1, .effect = FaultEffect::kHang}).value();
  Thread probe("probe", [&] { try_again(); });
  plan_->wait_until_hanging();
  EXPECT_EQ(read(), "miss");
  try_again(seconds(60));
  EXPECT_EQ(reads().state, BreakerState::kClosed);
  EXPECT_EQ(read(), "value");
  plan_->release();
  probe.join();
  EXPECT_EQ(reads().state, BreakerState::kClosed);
}

TEST_F(GuardedTierTest, AfterClosingItSaysSoEvenIfItWasPassedOver) {
  open();
  tier_->close({});
  EXPECT_FALSE(tier_->skip_read());
  const auto found = tier_->get(key(), {});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kClosed);
  EXPECT_FALSE(tier_->fill(record("value"), tier_->position(), {}).ok());
}

TEST_F(GuardedTierTest, AProbeMayOutliveTheTier) {
  open();
  clock_->advance(seconds(5));
  EXPECT_EQ(read(), "miss");
  ASSERT_EQ(executor_->pending(), 1u);
  tier_->close({});
  tier_.reset();
  EXPECT_EQ(executor_->run_all(), 1u);
}

// The executor ends in the thread that lets the tier go, whatever probe still waits in it.
TEST_F(GuardedTierTest, TheTierMayBeTheLastThatHasTheExecutor) {
  auto pool = thread_pool({.threads = 1});
  std::atomic<bool> may_go{false};
  ASSERT_TRUE(pool->post([&] { testkit::wait_until([&] { return may_go.load(); }); }));
  plan_->add({.call = "records.get", .times = 1}).value();
  tier_ = guarded_tier(with_faults(std::make_unique<RecordTier>("records", clock_), plan_),
                       {.breaker = {.failures = 1}}, {.clock = clock_, .executor = pool});
  EXPECT_EQ(read(), "error");
  clock_->advance(seconds(5));
  EXPECT_EQ(read(), "miss") << "the probe waits behind the other task";
  pool.reset();
  tier_->close({});
  may_go = true;
  tier_.reset();
}

TEST_F(GuardedTierTest, ClosingWaitsForAProbeThatRuns) {
  auto pool = thread_pool({.threads = 1});
  plan_->add({.call = "records.get", .times = 1}).value();
  plan_->add({.call = "records.get", .times = 1, .effect = FaultEffect::kHang}).value();
  tier_ = guarded_tier(with_faults(std::make_unique<RecordTier>("records", clock_), plan_),
                       {.breaker = {.failures = 1}}, {.clock = clock_, .executor = pool});
  EXPECT_EQ(read(), "error");
  clock_->advance(seconds(5));
  (void)read();
  plan_->wait_until_hanging();
  tier_->close({clock_->now()});  // not beyond its deadline
  std::atomic<bool> closed{false};
  Thread closes("closes", [&] {
    tier_->close({});
    closed = true;
  });
  EXPECT_FALSE(closed.load());
  plan_->release();
  closes.join();
  EXPECT_TRUE(closed.load());
}

}  // namespace
}  // namespace strata
