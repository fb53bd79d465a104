// A source behind its guard: what counts as a failure, who waits, who is refused, and what is left
// when there is ten times too much to do.
#include "strata/load/guarded_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "strata/ports/thread.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/with_faults.h"
#include "testkit/threads.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// Answers with what it is told to.
class AnsweringSource final : public Source {
 public:
  using Answer = std::function<Result<SourceReply>(const SourceRequest& request)>;
  explicit AnsweringSource(Answer answer) : answer_(std::move(answer)) {}

  [[nodiscard]] std::string_view name() const override { return "users"; }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override { return none_; }
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override {
    if (closed_) return Error{ErrorCode::kClosed, "closed", {}};
    return answer_(request);
  }
  void close() override { closed_ = true; }

 private:
  const Answer answer_;
  const std::vector<SourceParameter> none_;
  std::atomic<bool> closed_{false};
};

struct Bed {
  explicit Bed(SourceGuardOptions options, AnsweringSource::Answer answer = {})
      : source(
            with_faults(
                std::make_shared<AnsweringSource>(
                    answer
                        ? answer
                        : [](const SourceRequest&) { return Result<SourceReply>(SourceReply{}); }),
                plan),
            options, clock, [this](LogLevel, std::string_view line) {
              const MutexLock lock(mutex);
              log.emplace_back(line);
            }) {}

  ErrorCode fetch_error() {
    const auto reply = source.fetch({});
    EXPECT_FALSE(reply.ok());
    return reply ? ErrorCode::kClosed : reply.error().code;
  }
  [[nodiscard]] BreakerState state() const { return source.stats().breaker.state; }

  const std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  const std::shared_ptr<FaultPlan> plan = std::make_shared<FaultPlan>(1, clock);
  Mutex mutex;
  std::vector<std::string> log;
  GuardedSource source;
};

TEST(GuardedSource, IsLeftAloneAfterFailuresAndAskedAgainByOneProbe) {
  Bed bed({.breaker = {.failures = 3, .open_for = seconds(2)}});
  bed.plan->add({.call = "users.fetch", .times = 4}).value();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bed.fetch_error(), ErrorCode::kUnavailable);
  for (int i = 0; i < 10; ++i) {
    const auto reply = bed.source.fetch({});
    ASSERT_FALSE(reply.ok());
    EXPECT_THAT(reply.error().message,
                AllOf(HasSubstr("the source users is left alone"), HasSubstr("again in 2")));
  }
  EXPECT_EQ(bed.plan->calls("users.fetch"), 3u);
  bed.clock->advance(seconds(2));
  EXPECT_EQ(bed.fetch_error(), ErrorCode::kUnavailable);
  EXPECT_EQ(bed.fetch_error(), ErrorCode::kUnavailable);
  EXPECT_EQ(bed.plan->calls("users.fetch"), 4u) << "one probe";
  bed.clock->advance(seconds(4));
  EXPECT_TRUE(bed.source.fetch({}).ok());
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
  EXPECT_EQ(bed.source.stats().breaker.skipped, 11u);
  EXPECT_THAT(bed.log,
              ElementsAre(HasSubstr("it is left alone for 2"),
                          HasSubstr("left alone for another 4"), HasSubstr("it is asked again")));
}

TEST(GuardedSource, AnAnswerIsNoFailureWhateverItSays) {
  for (const ErrorCode code : {ErrorCode::kLoadFailed, ErrorCode::kRejected, ErrorCode::kCorrupt}) {
    Bed bed({.breaker = {.failures = 2}});
    bed.plan->add({.call = "users.fetch", .error = {code, "of one key", {}}}).value();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(bed.fetch_error(), code);
    EXPECT_EQ(bed.state(), BreakerState::kClosed) << to_string(code);
    EXPECT_EQ(bed.source.stats().breaker.failures, 0u);
  }
}

TEST(GuardedSource, AnExceptionIsAFailure) {
  const auto thrown = std::make_exception_ptr(std::runtime_error("no"));
  Bed bed({.breaker = {.failures = 2}}, [&](const SourceRequest&) -> Result<SourceReply> {
    return Error{ErrorCode::kLoadFailed, "threw", thrown};
  });
  (void)bed.fetch_error();
  (void)bed.fetch_error();
  EXPECT_EQ(bed.state(), BreakerState::kOpen);
}

// A source of somebody else's may throw all the same.
TEST(GuardedSource, WhatItThrowsIsAFailureAndReachesTheCaller) {
  std::atomic<bool> is_exception{true};
  Bed bed({.breaker = {.failures = 2}, .max_concurrent = 1},
          [&](const SourceRequest&) -> Result<SourceReply> {
            if (is_exception) throw std::runtime_error("no");
            throw 7;
          });
  EXPECT_THROW((void)bed.source.fetch({}), std::runtime_error);
  is_exception = false;
  EXPECT_THROW((void)bed.source.fetch({}), int);
  EXPECT_EQ(bed.state(), BreakerState::kOpen);
  EXPECT_EQ(bed.source.stats().running, 0u);
  is_exception = true;
  bed.clock->advance(seconds(5));
  EXPECT_THROW((void)bed.source.fetch({}), std::runtime_error);
  EXPECT_EQ(bed.fetch_error(), ErrorCode::kUnavailable) << "the probe has failed";
  EXPECT_THAT(bed.source.stats().reason, HasSubstr("it threw: no; it is tried again in 10"));
}

// Callers whose deadlines are always shorter than a source that hangs would never open it.
TEST(GuardedSource, ADeadlineOfTheCallersOwnCountsOnceTheSourceHadASecond) {
  Duration takes = GuardedSource::kSlowFetch - milliseconds(1);
  Bed* here = nullptr;
  Bed bed({.breaker = {.failures = 2}}, [&](const SourceRequest&) -> Result<SourceReply> {
    here->clock->advance(takes);
    return Error{ErrorCode::kDeadlineExceeded, "late", {}};
  });
  here = &bed;
  const auto fetch = [&] {
    const Deadline deadline{saturating_add(bed.clock->now(), takes)};
    EXPECT_FALSE(bed.source.fetch({.deadline = deadline}).ok());
  };
  for (int i = 0; i < 10; ++i) fetch();
  EXPECT_EQ(bed.source.stats().breaker.failures, 0u);
  takes = GuardedSource::kSlowFetch;
  fetch();
  fetch();
  EXPECT_EQ(bed.source.stats().breaker.slow, 2u);
  EXPECT_EQ(bed.state(), BreakerState::kOpen);
}

TEST(GuardedSource, ADeadlineOfTheCallersOwnIsNobodysFailure) {
  Bed bed({.breaker = {.failures = 1}});
  const Error late{ErrorCode::kDeadlineExceeded, "late", {}};
  bed.plan->add({.call = "users.fetch", .error = late}).value();
  const Deadline past{bed.clock->now()};
  EXPECT_FALSE(bed.source.fetch({.deadline = past}).ok());
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
  EXPECT_EQ(bed.fetch_error(), ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(bed.state(), BreakerState::kOpen);
  EXPECT_EQ(bed.source.stats().breaker.slow, 1u);
}

TEST(GuardedSource, OneWaiterTooManyIsRefusedByName) {
  Bed bed({.max_concurrent = 1, .max_waiting = 1});
  bed.plan->add({.call = "users.fetch", .times = 1, .effect = FaultEffect::kHang}).value();
  Thread runs("runs", [&] { EXPECT_TRUE(bed.source.fetch({}).ok()); });
  bed.plan->wait_until_hanging();
  Thread waits("waits", [&] { EXPECT_TRUE(bed.source.fetch({}).ok()); });
  testkit::wait_until([&] { return bed.source.stats().waiting == 1; });
  EXPECT_EQ(bed.source.stats().running, 1u);
  const auto refused = bed.source.fetch({});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("users"), HasSubstr("1 loads running"),
                                             HasSubstr("cache.sources.users.max_waiting")));
  EXPECT_EQ(bed.source.stats().refused, 1u);
  bed.plan->release();
}

TEST(GuardedSource, AWaiterKeepsItsDeadline) {
  Bed bed({.max_concurrent = 1});
  bed.plan->add({.call = "users.fetch", .times = 1, .effect = FaultEffect::kHang}).value();
  Thread runs("runs", [&] { EXPECT_TRUE(bed.source.fetch({}).ok()); });
  bed.plan->wait_until_hanging();
  const auto late = bed.source.fetch({.deadline = {bed.clock->now()}});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(late.error().message, HasSubstr("cache.sources.users.max_concurrent"));
  bed.plan->release();
}

TEST(GuardedSource, NobodyWaitsForAPlaceForEver) {
  Bed bed({.max_concurrent = 1, .max_wait = milliseconds(1)});
  bed.plan->add({.call = "users.fetch", .times = 1, .effect = FaultEffect::kHang}).value();
  Thread runs("runs", [&] { EXPECT_TRUE(bed.source.fetch({}).ok()); });
  bed.plan->wait_until_hanging();
  Thread waits("waits", [&] {
    const auto late = bed.source.fetch({});
    ASSERT_FALSE(late.ok());
    EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(late.error().message, HasSubstr("cache.sources.users.max_wait of 1"));
  });
  testkit::wait_until([&] { return bed.source.stats().waiting == 1; });
  bed.clock->advance(milliseconds(1));
  waits.join();
  bed.plan->release();
}

// What waits when the breaker opens would wait to be refused.
TEST(GuardedSource, ThoseWhoWaitGoWhenTheBreakerOpens) {
  std::atomic<bool> fails{false};
  Bed bed({.breaker = {.failures = 1}, .max_concurrent = 1},
          [&](const SourceRequest&) -> Result<SourceReply> {
            testkit::wait_until([&] { return fails.load(); });
            return Error{ErrorCode::kUnavailable, "gone", {}};
          });
  std::atomic<int> refused{0};
  std::vector<Thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back("caller", [&] {
      const auto reply = bed.source.fetch({});
      if (!reply && reply.error().code == ErrorCode::kUnavailable) ++refused;
    });
  }
  testkit::wait_until([&] { return bed.source.stats().waiting == 3; });
  fails = true;
  threads.clear();
  EXPECT_EQ(refused.load(), 4);
  EXPECT_EQ(bed.source.stats().breaker.failures, 1u) << "one of them was asked";
}

TEST(GuardedSource, ClosingEndsTheWaitAndItsErrorsAreNobodysFailure) {
  Bed bed({.breaker = {.failures = 1}, .max_concurrent = 1});
  bed.plan->add({.call = "users.fetch", .times = 1, .effect = FaultEffect::kHang}).value();
  Thread runs("runs", [&] { (void)bed.source.fetch({}); });
  bed.plan->wait_until_hanging();
  Thread waits("waits", [&] { EXPECT_EQ(bed.fetch_error(), ErrorCode::kClosed); });
  testkit::wait_until([&] { return bed.source.stats().waiting == 1; });
  bed.source.close();
  waits.join();
  EXPECT_EQ(bed.fetch_error(), ErrorCode::kClosed);
  bed.plan->release();
  runs.join();
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
}

TEST(GuardedSource, AFetchWithinAFetchDoesNotWaitForItself) {
  Source* guarded = nullptr;
  std::atomic<int> depth{0};
  Bed bed({.max_concurrent = 1, .max_waiting = 0}, [&](const SourceRequest&) {
    if (depth.fetch_add(1) < 3) {
      EXPECT_TRUE(guarded->fetch({}).ok());
    }
    return Result<SourceReply>(SourceReply{});
  });
  guarded = &bed.source;
  EXPECT_TRUE(bed.source.fetch({}).ok());
  EXPECT_EQ(depth.load(), 4);
  EXPECT_EQ(bed.source.stats().running, 0u);
}

// The probe is a child whose loader asks for its parent.
TEST(GuardedSource, AProbeWithAFetchWithinIsNotRefusedByItself) {
  Source* guarded = nullptr;
  std::atomic<bool> works{false};
  std::atomic<int> depth{0};
  Bed bed({.breaker = {.failures = 1}}, [&](const SourceRequest& request) -> Result<SourceReply> {
    if (!works) return Error{ErrorCode::kUnavailable, "gone", {}};
    return depth.fetch_add(1) == 0 ? guarded->fetch(request) : SourceReply{};
  });
  guarded = &bed.source;
  (void)bed.fetch_error();
  works = true;
  bed.clock->advance(seconds(5));
  EXPECT_TRUE(bed.source.fetch({}).ok());
  EXPECT_EQ(depth.load(), 2);
  EXPECT_EQ(bed.state(), BreakerState::kClosed);
  EXPECT_EQ(bed.source.stats().breaker.skipped, 0u);
}

// Ten times as many callers as may run, each again at once whatever it was told: nothing is above
// its bound, and when they are gone the next one is served.
TEST(GuardedSource, TenTimesTooMuchStaysWithinTheBoundsAndEnds) {
  constexpr std::size_t kConcurrent = 2;
  constexpr std::size_t kWaiting = 4;
  std::atomic<std::size_t> inside{0};
  std::atomic<std::size_t> most_inside{0};
  Bed bed({.max_concurrent = kConcurrent, .max_waiting = kWaiting}, [&](const SourceRequest&) {
    std::size_t now = ++inside;
    std::size_t most = most_inside.load();
    while (most < now && !most_inside.compare_exchange_weak(most, now)) {
    }
    std::this_thread::yield();
    --inside;
    return Result<SourceReply>(SourceReply{});
  });
  std::atomic<std::uint64_t> served{0};
  std::atomic<std::uint64_t> refused{0};
  constexpr std::uint64_t kCalls = 20;
  testkit::run_threads(10 * kConcurrent, [&](std::size_t) {
    for (std::uint64_t i = 0; i < kCalls; ++i) {
      bed.source.fetch({}).ok() ? ++served : ++refused;
      const SourceStats stats = bed.source.stats();
      EXPECT_LE(stats.running, kConcurrent);
      EXPECT_LE(stats.waiting, kWaiting);
    }
  });
  EXPECT_LE(most_inside.load(), kConcurrent);
  EXPECT_EQ(served.load() + refused.load(), 10 * kConcurrent * kCalls);
  EXPECT_EQ(bed.source.stats().refused, refused.load());
  EXPECT_EQ(bed.source.stats().waiting, 0u);
  EXPECT_EQ(bed.state(), BreakerState::kClosed) << "too much to do is no failure of the source";
  EXPECT_TRUE(bed.source.fetch({}).ok());
}

TEST(GuardedSource, OptionsOutOfRangeAreRefused) {
  EXPECT_TRUE(check_guard(SourceGuardOptions{}).ok());
  EXPECT_FALSE(check_guard(SourceGuardOptions{.max_concurrent = 100'001}).ok());
  EXPECT_FALSE(check_guard(SourceGuardOptions{.max_wait = Duration(-1)}).ok());
  EXPECT_FALSE(check_guard(SourceGuardOptions{.breaker = {.failures = 1'001}}).ok());
  EXPECT_FALSE(check_guard(SourceGuardOptions{.breaker = {.open_for = Duration(0)}}).ok());
}

}  // namespace
}  // namespace strata
