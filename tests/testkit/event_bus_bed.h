// EventBusBed: a fixture with an event bus on a clock, a timer and an executor that the test
// moves, and a log that it can read.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "strata/labels/event_bus.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_timer.h"

namespace strata::testkit {

class EventBusBed : public ::testing::Test {
 protected:
  // A handler that notes `name` and the event's first id.
  [[nodiscard]] EventHandler notes(std::string name) {
    return [this, name = std::move(name)](const Event& event) {
      seen_.push_back(name + " " + (event.items.empty() ? event.type : event.items[0].id));
    };
  }
  [[nodiscard]] Subscription subscribe(EventKinds kinds, EventHandler handler,
                                       SubscriptionOptions options = {}) {
    return bus_->subscribe(kinds, std::move(handler), std::move(options)).value();
  }
  void emit(std::string_view id) { EXPECT_TRUE(bus_->emit(entity_write("issue", id)).ok()); }
  // Time passes, and the executor keeps up.
  void pass(Duration time) {
    timer_->advance(time);
    executor_->run_all();
  }
  [[nodiscard]] EventKindStats writes() const {
    return bus_->stats().kinds[static_cast<std::size_t>(EventKind::kEntityWrite)];
  }

  std::vector<std::string> seen_;
  std::vector<std::string> log_;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  const std::shared_ptr<ManualTimer> timer_ = std::make_shared<ManualTimer>(clock_);
  const std::shared_ptr<ManualExecutor> executor_ = std::make_shared<ManualExecutor>();
  std::unique_ptr<EventBus> bus_ = std::make_unique<EventBus>(EventBusOptions{
      .clock = clock_,
      .log =
          [this](LogLevel level, std::string_view message) {
            log_.push_back(std::string(to_string(level)) + ": " + std::string(message));
          },
      .timer = timer_,
      .executor = executor_});
};

}  // namespace strata::testkit
