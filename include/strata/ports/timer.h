// Timer: runs small tasks at their time, one after the other, in one thread.
//
// It is for waking something up. A task that does work posts it to an Executor.
//
//   timer->schedule(saturating_add(clock->now(), 10ms), [weak] { wake(weak); });
//
// Promise    An accepted task runs once, not before its time by the timer's clock, or never if
//            the timer is closed before. Tasks whose time has come run in the order of their
//            times, and in the order they were given for equal ones.
// Threads    Thread-safe. Tasks do not run concurrently with each other and may schedule().
// Errors     A task may not throw.
// Time       How late a task runs is not promised. After the machine has slept, it is up to a
//            second.
// Callbacks  Tasks run with no lock held.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata {

class Timer {
 public:
  virtual ~Timer() = default;
  // Returns whether the task was accepted; it is not when the queue is full or closed.
  [[nodiscard]] virtual bool schedule(Instant at, std::function<void()> task) = 0;
  // Waits for a running task and forgets the others. Not from within a task. Safe to repeat.
  virtual void close() = 0;
};

struct TimerOptions {
  std::size_t queue_limit = 65'536;  // further tasks are refused
};

// Its thread begins with the first task.
[[nodiscard]] std::shared_ptr<Timer> system_timer(std::shared_ptr<Clock> clock = system_clock(),
                                                  TimerOptions options = {});

}  // namespace strata
