// ManualTimer: a timer whose tasks run when the test moves its clock, in the test's thread.
//
//   ManualTimer timer(clock);
//   timer.advance(milliseconds(10));  // stops at the time of each task on the way
//
// Threads   schedule(), pending() and close() are thread-safe. run_due() and advance() belong to
//           the test's thread; tasks may schedule.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "strata/ports/timer.h"
#include "strata/testing/manual_clock.h"

namespace strata {

class ManualTimer final : public Timer {
 public:
  explicit ManualTimer(std::shared_ptr<ManualClock> clock, std::size_t queue_limit = 65'536);
  ~ManualTimer() override;
  ManualTimer(const ManualTimer&) = delete;
  ManualTimer& operator=(const ManualTimer&) = delete;

  [[nodiscard]] bool schedule(Instant at, std::function<void()> task) override;
  void close() override;

  // Runs the tasks whose time has come, those that they schedule included. Returns how many.
  std::size_t run_due();
  // Moves the clock by `by`, and each task on the way finds it at its own time.
  void advance(Duration by);
  [[nodiscard]] std::size_t pending() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace strata
