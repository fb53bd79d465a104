// Periodic: does some work on an executor once in a period, woken by a timer, until it is ended.
//
//   Periodic upkeep({clock, timer.get(), executor.get()}, milliseconds(500),
//                   [&] { return tier.remove_due(1'000) == 1'000; });
//   upkeep.start();
//
// Promise    The work never runs twice at the same time. While it says that there is more it is
//            posted again at once, so that other tasks of the executor come between. Once end()
//            has returned, it does not run.
// Threads    Thread-safe. end() may be called from within the work, and then does not wait for it.
// Lifetime   What waits in the timer and the executor keeps nothing alive. Both outlive end().
// Errors     When the executor takes no more, the work waits for the next period. It ends only if
//            timer and executor both refuse.
#pragma once

#include <functional>
#include <memory>

#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/timer.h"

namespace strata::internal {

struct PeriodicPorts {
  std::shared_ptr<Clock> clock;
  Timer* timer = nullptr;
  Executor* executor = nullptr;
};

class Periodic {
 public:
  // Returns whether there is more to do. What it throws counts as no.
  using Work = std::function<bool()>;

  Periodic(PeriodicPorts ports, Duration period, Work work);
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  // Once. The work runs for the first time when a period is over.
  void start();
  // Safe to repeat.
  void end();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace strata::internal
