// Tests of ports whose calls fail: what an error, a lost answer and a delay are for each of them.
#include "strata/testing/with_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_memory.h"
#include "strata/testing/manual_timer.h"
#include "strata/testing/record_tier.h"

namespace strata {
namespace {

using std::chrono::seconds;

constexpr std::string_view kKey = "1:user::42:";

KeyRef key() { return {kKey, key_hash(kKey), {}}; }

Record record_of(std::string payload) {
  Record record;
  record.key_text = kKey;
  record.group = {keyspace("user")};
  record.labels = {tag("org:7")};
  record.payload = std::move(payload);
  return record;
}

class WithFaults : public ::testing::Test {
 protected:
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<FaultPlan> plan_ = std::make_shared<FaultPlan>(1, clock_);
  std::unique_ptr<Tier> tier_ = with_faults(std::make_unique<RecordTier>("records", clock_), plan_);

  void fill(const std::string& payload) {
    ASSERT_EQ(tier_->fill(record_of(payload), tier_->position(), {}).value(), FillOutcome::kStored);
  }
  [[nodiscard]] std::string stored() {
    const Result<std::optional<Record>> found = tier_->get(key(), {});
    if (!found) return to_string(found.error().code).data();
    return *found ? (*found)->payload : "-";
  }
};

TEST_F(WithFaults, EveryCallOfATierThatCanFailDoes) {
  fill("ada");
  plan_->add({.call = "records"}).value();
  const KeyRef keys[] = {key()};
  const Record record = record_of("bob");
  EXPECT_FALSE(tier_->get(key(), {}));
  EXPECT_FALSE(tier_->get_many(keys, {}));
  EXPECT_FALSE(tier_->fill(record, tier_->position(), {}));
  EXPECT_FALSE(tier_->put(key(), &record, tier_->position(), {}));
  EXPECT_FALSE(tier_->touch(key(), {}, {}));
  EXPECT_FALSE(tier_->scan({}, 10, {}));
  EXPECT_FALSE(tier_->remove_expired({}));
  EXPECT_EQ(tier_->flush({}).error().message, "made to fail by the test");
  for (const char* call :
       {"get", "get_many", "fill", "put", "touch", "scan", "remove_expired", "flush"}) {
    EXPECT_EQ(plan_->calls(std::string("records.") + call), call == std::string("fill") ? 2u : 1u);
  }
  plan_->clear();
  EXPECT_EQ(stored(), "ada") << "nothing was done";
}

TEST_F(WithFaults, NumbersAndInvalidationsOfATierAreExactWhateverFails) {
  fill("ada");
  plan_->add({.call = "records"}).value();
  const Ticket before = tier_->position();
  const Labels labels{tag("org:7")};
  EXPECT_GT(tier_->invalidate(labels).position, before);
  EXPECT_GT(tier_->position(), before);
  plan_->clear();
  EXPECT_EQ(stored(), "-");
  EXPECT_EQ(tier_->fill(record_of("late"), before, {}).value(), FillOutcome::kRefused);
}

TEST_F(WithFaults, ALostAnswerIsOfACallThatWasMade) {
  plan_->add({.call = "records.put", .effect = FaultEffect::kLostAnswer}).value();
  const Record record = record_of("bob");
  EXPECT_FALSE(tier_->put(key(), &record, tier_->position(), {}));
  EXPECT_EQ(stored(), "bob");
}

TEST_F(WithFaults, ADelayPastTheDeadlineIsAnErrorAndNothingIsDone) {
  fill("ada");
  plan_->add({.call = "records", .effect = FaultEffect::kDelay, .by = seconds(2)}).value();
  const Deadline enough{saturating_add(clock_->now(), seconds(3))};
  EXPECT_TRUE(tier_->get(key(), enough));
  EXPECT_EQ(tier_->get(key(), enough).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(tier_->get(key(), {})) << "without a deadline it is only late";
}

TEST_F(WithFaults, ATierIsDegradedWhileItsCallsFail) {
  EXPECT_EQ(tier_->stats().state, TierState::kOk);
  plan_->add({.call = "records.get"}).value();
  EXPECT_EQ(stored(), "unavailable");
  EXPECT_EQ(tier_->stats().state, TierState::kDegraded);
  EXPECT_EQ(tier_->stats().reason, "made to fail by the test");
  EXPECT_EQ(tier_->stats().errors, 1u);
  plan_->clear();
  EXPECT_EQ(stored(), "-");
  EXPECT_EQ(tier_->stats().state, TierState::kOk);
}

TEST_F(WithFaults, AThrowOfATierIsThrown) {
  plan_->add({.call = "records.get", .effect = FaultEffect::kThrow}).value();
  EXPECT_THROW((void)tier_->get(key(), {}), InjectedFault);
}

// A source that answers its number of calls.
class CountingSource final : public Source {
 public:
  [[nodiscard]] std::string_view name() const override { return "users"; }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override { return none_; }
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest&) override {
    return SourceReply{.body = std::to_string(++calls_)};
  }
  void close() override {}

 private:
  const std::vector<SourceParameter> none_{};
  int calls_ = 0;
};

TEST_F(WithFaults, ASourceFailsIsLateAndLosesAnswers) {
  const std::shared_ptr<Source> source =
      with_faults(std::static_pointer_cast<Source>(std::make_shared<CountingSource>()), plan_);
  plan_->add({.call = "users.fetch", .first = 2, .times = 1}).value();
  plan_->add({.call = "users.fetch", .first = 3, .times = 1, .effect = FaultEffect::kLostAnswer})
      .value();
  plan_->add({.call = "users.fetch", .first = 5, .effect = FaultEffect::kDelay, .by = seconds(5)})
      .value();
  EXPECT_EQ(source->fetch({})->body, "1");
  EXPECT_EQ(source->fetch({}).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(source->fetch({}));
  EXPECT_EQ(source->fetch({})->body, "3") << "the lost answer was made, the failed one was not";
  SourceRequest hurried;
  hurried.deadline = {saturating_add(clock_->now(), seconds(1))};
  EXPECT_EQ(source->fetch(hurried).error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(WithFaults, AnExecutorAndATimerRefuse) {
  const auto executor = std::make_shared<ManualExecutor>();
  const auto timer = std::make_shared<ManualTimer>(clock_);
  const std::shared_ptr<Executor> posts =
      with_faults(std::static_pointer_cast<Executor>(executor), plan_);
  const std::shared_ptr<Timer> schedules =
      with_faults(std::static_pointer_cast<Timer>(timer), plan_);
  plan_->add({.call = "executor", .first = 2}).value();
  plan_->add({.call = "timer", .first = 2}).value();
  EXPECT_TRUE(posts->post([] {}));
  EXPECT_FALSE(posts->post([] {}));
  EXPECT_TRUE(schedules->schedule(clock_->now(), [] {}));
  EXPECT_FALSE(schedules->schedule(clock_->now(), [] {}));
  EXPECT_EQ(executor->pending(), 1u);
  EXPECT_EQ(timer->pending(), 1u);
}

TEST_F(WithFaults, RandomNumbersComeTwice) {
  const std::shared_ptr<Random> random = with_faults(seeded_random(7), plan_);
  plan_->add({.call = "random.next", .first = 2, .times = 1}).value();
  const std::uint64_t first = random->next();
  EXPECT_EQ(random->next(), first);
  EXPECT_NE(random->next(), first);
}

TEST_F(WithFaults, ClocksJumpAndOnlyTheWallClockGoesBack) {
  const std::shared_ptr<Clock> jumpy = with_faults(std::static_pointer_cast<Clock>(clock_), plan_);
  const auto jump = [&](const char* call, Duration by) {
    plan_->clear();
    plan_->add({.call = call, .times = 1, .effect = FaultEffect::kDelay, .by = by}).value();
  };
  jump("clock.wall_now", -seconds(60));
  EXPECT_EQ(jumpy->wall_now().unix_ms, ManualClock::kWallStart.unix_ms - 60'000);
  EXPECT_EQ(jumpy->now(), ManualClock::kStart);
  jump("clock.now", seconds(5));
  EXPECT_EQ(jumpy->now(), saturating_add(ManualClock::kStart, seconds(5)));
  EXPECT_EQ(jumpy->coarse_now(), jumpy->now());
  jump("clock.now", -seconds(60));
  EXPECT_EQ(jumpy->now(), saturating_add(ManualClock::kStart, seconds(5)));
}

TEST_F(WithFaults, MemoryCannotBeReadAndLinesAreLost) {
  const std::shared_ptr<MachineMemory> machine =
      with_faults(std::static_pointer_cast<MachineMemory>(std::make_shared<ManualMemory>()), plan_);
  std::vector<std::string> lines;
  const LogSink log = with_faults(
      LogSink([&](LogLevel, std::string_view line) { lines.emplace_back(line); }), plan_);
  plan_->add({.call = "memory.read", .times = 1, .effect = FaultEffect::kThrow}).value();
  plan_->add({.call = "log.write", .first = 2, .times = 1, .effect = FaultEffect::kThrow}).value();
  EXPECT_FALSE(machine->read()) << "it may not throw";
  EXPECT_TRUE(machine->read());
  for (const char* line : {"a", "b", "c"}) log(LogLevel::kInfo, line);
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "c"}));
}

}  // namespace
}  // namespace strata
