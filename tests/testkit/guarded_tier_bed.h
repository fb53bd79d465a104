// GuardedTierTest: a RecordTier with a plan of faults behind a guard, on a clock and an executor
// that move when told.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "strata/core/key.h"
#include "strata/load/guarded_tier.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/record_tier.h"
#include "strata/testing/with_faults.h"

namespace strata {

class GuardedTierTest : public testing::Test {
 protected:
  void SetUp() override { make({}); }

  void make(TierGuardOptions options, bool graceful = true, bool with_executor = true) {
    auto records = std::make_unique<RecordTier>("records", clock_);
    records_ = records.get();
    TierGuardParts parts{.clock = clock_,
                         .log =
                             [this](LogLevel, std::string_view line) {
                               const MutexLock lock(mutex_);
                               log_.emplace_back(line);
                             },
                         .graceful = graceful};
    if (with_executor) parts.executor = executor_;
    tier_ = guarded_tier(with_faults(std::move(records), plan_), options, std::move(parts));
  }

  static Record record(const std::string& value, std::vector<Label> labels = {}) {
    Record record;
    record.key_text = "1:user::1:";
    record.payload = value;
    record.labels = std::move(labels);
    record.lifetime.fresh_for = kForever;
    record.lifetime.keep_for = kForever;
    return record;
  }
  static KeyRef key() {
    static const Key parsed = Key::parse("1:user::1:").value();
    return parsed.ref();
  }

  // What a read answers: a value, "miss" or "error".
  std::string read() {
    const auto found = tier_->get(key(), {});
    if (!found) return "error";
    return found->has_value() ? (*found)->payload : "miss";
  }
  void open() {
    plan_->add({.call = "records.get", .times = 5}).value();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(read(), "error");
    EXPECT_EQ(reads().state, BreakerState::kOpen);
  }
  // The probe's time comes, and it runs.
  void try_again(Duration after = std::chrono::seconds(5)) {
    clock_->advance(after);
    (void)read();
    executor_->run_all();
  }
  [[nodiscard]] BreakerStats reads() const { return tier_->stats().reads; }

  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  const std::shared_ptr<ManualExecutor> executor_ = std::make_shared<ManualExecutor>();
  const std::shared_ptr<FaultPlan> plan_ = std::make_shared<FaultPlan>(1, clock_);
  Mutex mutex_;
  std::vector<std::string> log_;
  RecordTier* records_ = nullptr;
  std::unique_ptr<Tier> tier_;
};

}  // namespace strata
