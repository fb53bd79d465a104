// A tier behind its guard: passed over when it fails or is slow, and never for what a promise rests
// on.
#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "testkit/guarded_tier_bed.h"
#include "testkit/threads.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(GuardedTierTest, ReadsAreMissesWhileItIsPassedOverAndAProbeBringsItBack) {
  ASSERT_EQ(tier_->fill(record("value"), tier_->position(), {}).value(), FillOutcome::kStored);
  EXPECT_EQ(read(), "value");
  open();
  const auto calls = plan_->calls("records.get");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(read(), "miss");
  EXPECT_TRUE(tier_->skip_read());
  EXPECT_EQ(plan_->calls("records.get"), calls) << "it was not asked";
  const TierStats stats = tier_->stats();
  EXPECT_EQ(stats.state, TierState::kDegraded);
  EXPECT_THAT(stats.reason, HasSubstr("reads are passed over: unavailable: made to fail"));
  EXPECT_EQ(stats.reads.skipped, 101u);

  clock_->advance(seconds(5));
  EXPECT_EQ(read(), "miss") << "the probe runs behind";
  EXPECT_EQ(reads().state, BreakerState::kHalfOpen);
  EXPECT_EQ(read(), "miss");
  EXPECT_EQ(executor_->run_all(), 1u) << "one probe";
  EXPECT_EQ(reads().state, BreakerState::kClosed);
  EXPECT_EQ(tier_->stats().state, TierState::kOk);
  EXPECT_EQ(read(), "value");
  EXPECT_THAT(log_, ElementsAre(HasSubstr("records: reads are passed over for 5"),
                                HasSubstr("records: reads are made again")));
}

TEST_F(GuardedTierTest, ABatchIsSkippedAndProbedTheSameWay) {
  (void)tier_->fill(record("value"), tier_->position(), {});
  plan_->add({.call = "records.get_many", .times = 5}).value();
  const std::vector<KeyRef> keys{key(), key()};
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(tier_->get_many(keys, {}).ok());
  const auto skipped = tier_->get_many(keys, {}).value();
  ASSERT_EQ(skipped.size(), 2u);
  EXPECT_FALSE(skipped[0].has_value());
  clock_->advance(seconds(5));
  (void)tier_->get_many(keys, {});
  executor_->run_all();
  EXPECT_TRUE(tier_->get_many(keys, {}).value()[1].has_value());
}

TEST_F(GuardedTierTest, WithoutGraceASkippedReadIsAnError) {
  make({}, false);
  open();
  EXPECT_FALSE(tier_->skip_read());
  const auto found = tier_->get(key(), {});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(found.error().message, HasSubstr("records: reads are passed over: unavailable"));
}

TEST_F(GuardedTierTest, SlowReadsOpenItThoughTheyAnswer) {
  make({.timeout = milliseconds(100)});
  plan_->add({.call = "records.get", .effect = FaultEffect::kDelay, .by = milliseconds(99)})
      .value();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(read(), "miss");
  EXPECT_EQ(reads().state, BreakerState::kClosed);
  plan_->clear();
  plan_->add({.call = "records.get", .effect = FaultEffect::kDelay, .by = milliseconds(100)})
      .value();
  const Instant start = clock_->now();
  for (int i = 0; i < 1'000; ++i) (void)read();
  EXPECT_EQ(between(start, clock_->now()), milliseconds(500)) << "five of them, no more";
  EXPECT_EQ(reads().slow, 5u);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("the time-out is 100")));
}

// The tier is told how long it may take: one that heeds deadlines answers by then.
TEST_F(GuardedTierTest, TheTimeOutIsTheDeadlineOfAReadAndOfAFill) {
  make({.timeout = milliseconds(100)});
  plan_->add({.call = "records", .effect = FaultEffect::kDelay, .by = seconds(10)}).value();
  const auto found = tier_->get(key(), {});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(reads().slow, 1u);
  EXPECT_FALSE(tier_->fill(record("value"), tier_->position(), {}).ok());
  EXPECT_EQ(tier_->stats().fills.slow, 1u);
}

TEST_F(GuardedTierTest, ABatchHasTheTimeOutForEachHundredKeys) {
  make({.timeout = milliseconds(100)});
  const std::vector<KeyRef> keys(250, key());
  plan_->add({.call = "records.get_many", .effect = FaultEffect::kDelay, .by = milliseconds(299)})
      .value();
  EXPECT_TRUE(tier_->get_many(keys, {}).ok());
  EXPECT_EQ(reads().slow, 0u);
  EXPECT_FALSE(tier_->get_many(std::span(keys).first(200), {}).ok());
  EXPECT_EQ(reads().slow, 1u);
}

TEST_F(GuardedTierTest, WhatTheCallerAskedWronglyIsNobodysFailure) {
  for (const ErrorCode code : {ErrorCode::kRejected, ErrorCode::kClosed}) {
    plan_->clear();
    plan_->add({.call = "records.get", .error = {code, "no", {}}}).value();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(read(), "error");
  }
  plan_->clear();
  plan_->add({.call = "records.get", .error = {ErrorCode::kDeadlineExceeded, "late", {}}}).value();
  const Deadline past{clock_->now()};
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(tier_->get(key(), past).ok());
  EXPECT_EQ(reads().state, BreakerState::kClosed);
  EXPECT_EQ(reads().failures, 0u);
}

TEST_F(GuardedTierTest, FillsHaveABreakerOfTheirOwn) {
  plan_->add({.call = "records.fill", .times = 5}).value();
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(tier_->fill(record("value"), tier_->position(), {}).ok());
    EXPECT_EQ(read(), "miss") << "reads go on, and say nothing of fills";
  }
  const auto calls = plan_->calls("records.fill");
  EXPECT_EQ(tier_->fill(record("value"), tier_->position(), {}).value(), FillOutcome::kDeclined);
  EXPECT_EQ(plan_->calls("records.fill"), calls);
  EXPECT_EQ(tier_->stats().fills.state, BreakerState::kOpen);
  EXPECT_EQ(tier_->stats().state, TierState::kDegraded);
  EXPECT_THAT(tier_->stats().reason, HasSubstr("fills are passed over"));
  clock_->advance(seconds(5));
  EXPECT_EQ(tier_->fill(record("value"), tier_->position(), {}).value(), FillOutcome::kStored);
  EXPECT_EQ(read(), "value");
}

TEST_F(GuardedTierTest, WhatCannotBeReadIsNotFilledEither) {
  open();
  EXPECT_EQ(tier_->fill(record("value"), tier_->position(), {}).value(), FillOutcome::kDeclined);
  EXPECT_EQ(tier_->stats().fills.skipped, 1u);
  try_again();
  EXPECT_EQ(tier_->fill(record("value"), tier_->position(), {}).value(), FillOutcome::kStored);
}

// The promise: what was made wrong while it was passed over is not served when it is back.
TEST_F(GuardedTierTest, WhatIsInvalidatedWhileItIsPassedOverIsGoneWhenItIsBack) {
  const Label t = tag("t");
  const std::vector<std::pair<const char*, std::function<void()>>> changes = {
      {"invalidate", [&] { (void)tier_->invalidate(std::span(&t, 1)); }},
      {"erase", [&] { (void)tier_->put(key(), nullptr, tier_->position(), {}); }},
      {"expire", [&] { (void)tier_->expire(std::span(&t, 1)); }},
  };
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    const Record value = record("value", {t});
    ASSERT_EQ(tier_->fill(value, tier_->position(), {}).value(), FillOutcome::kStored);
    const Ticket before = tier_->position();
    open();
    change();
    EXPECT_GT(tier_->position(), before);
    try_again();
    EXPECT_EQ(read(), "miss");
    EXPECT_EQ(tier_->fill(value, before, {}).value(), FillOutcome::kRefused);
  }
}

TEST_F(GuardedTierTest, APutReachesItWhateverTheBreakersSay) {
  ASSERT_EQ(tier_->fill(record("old"), tier_->position(), {}).value(), FillOutcome::kStored);
  open();
  const Record next = record("new");
  EXPECT_EQ(tier_->put(key(), &next, tier_->position(), {}).value(), FillOutcome::kStored);
  EXPECT_TRUE(tier_->touch(key(), {.fresh_for = kForever, .keep_for = kForever}, {}).value());
  try_again();
  EXPECT_EQ(read(), "new");
}

TEST_F(GuardedTierTest, WithoutABreakerThereIsNoGuard) {
  make({.breaker = {.failures = 0}});
  plan_->add({.call = "records.get"}).value();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(read(), "error");
  EXPECT_EQ(reads().state, BreakerState::kOff);
}

TEST_F(GuardedTierTest, OptionsOutOfRangeAreRefused) {
  EXPECT_TRUE(check_guard(TierGuardOptions{}).ok());
  EXPECT_FALSE(check_guard(TierGuardOptions{.timeout = Duration(0)}).ok());
  EXPECT_FALSE(check_guard(TierGuardOptions{.max_waiting = 0}).ok());
  EXPECT_FALSE(check_guard(TierGuardOptions{.breaker = {.open_for_max = Duration(0)}}).ok());
}

// Readers, invalidations and a tier that fails now and then: no thread reads what was invalidated
// before its read began.
TEST_F(GuardedTierTest, ThreadsNeverReadWhatWasInvalidatedBefore) {
  auto records = std::make_unique<RecordTier>("records", clock_);
  plan_->add({.call = "records.get", .probability = 0.4}).value();
  const auto tier = guarded_tier(
      with_faults(std::move(records), plan_),
      {.breaker = {.failures = 2, .open_for = milliseconds(1), .open_for_max = milliseconds(2)}},
      {.clock = clock_});
  const Record first = record("1");
  ASSERT_EQ(tier->put(key(), &first, tier->position(), {}).value(), FillOutcome::kStored);
  std::atomic<int> version{1};
  std::atomic<std::uint64_t> seen{0};
  testkit::run_threads(3, [&](std::size_t thread) {
    for (int i = 0; i < 1'000; ++i) {
      clock_->advance(std::chrono::microseconds(50));
      if (thread == 0) {
        const Record next = record(std::to_string(version.load() + 1));
        (void)tier->put(key(), &next, tier->position(), {});
        ++version;
        continue;
      }
      const int least = version.load();
      const auto found = tier->get(key(), {});
      if (!found || !found->has_value()) continue;
      ++seen;
      EXPECT_GE(std::stoi((*found)->payload), least);
    }
  });
  EXPECT_GT(seen.load(), 0u);
  EXPECT_GT(tier->stats().reads.opened, 0u);
}

}  // namespace
}  // namespace strata
