// ManualTimer: a timer whose tasks run when the test moves its clock, in the calling thread.
//
//   ManualTimer timer(clock);
//   timer.advance(milliseconds(10));  // stops at the time of each task on the way
//
// Threads   schedule(), pending() and close() are thread-safe. run_due() and advance() belong to
//           the test's thread; tasks may schedule.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "core/mutex.h"
#include "strata/ports/timer.h"
#include "testkit/manual_clock.h"

namespace strata::testkit {

class ManualTimer final : public Timer {
 public:
  explicit ManualTimer(std::shared_ptr<ManualClock> clock, std::size_t queue_limit = 65'536)
      : clock_(std::move(clock)), queue_limit_(queue_limit) {}

  [[nodiscard]] bool schedule(Instant at, std::function<void()> task) override {
    const MutexLock lock(mutex_);
    if (closed_ || tasks_.size() >= queue_limit_) return false;
    tasks_.emplace(at, std::move(task));
    return true;
  }

  // Runs the tasks whose time has come, those that they schedule included. Returns how many.
  std::size_t run_due() {
    std::size_t count = 0;
    for (; std::function<void()> task = take(clock_->now()); ++count) task();
    return count;
  }

  // Moves the clock by `by`, and each task on the way finds it at its own time.
  void advance(Duration by) {
    const Instant end = saturating_add(clock_->now(), by);
    run_due();
    while (const std::optional<Instant> next = next_at()) {
      if (*next > end) break;
      clock_->advance(between(clock_->now(), *next));
      run_due();
    }
    clock_->advance(between(clock_->now(), end));
  }

  [[nodiscard]] std::size_t pending() const {
    const MutexLock lock(mutex_);
    return tasks_.size();
  }

  void close() override {
    std::multimap<Instant, std::function<void()>> forgotten;
    const MutexLock lock(mutex_);
    closed_ = true;
    forgotten.swap(tasks_);
  }

 private:
  [[nodiscard]] std::optional<Instant> next_at() const {
    const MutexLock lock(mutex_);
    return tasks_.empty() ? std::nullopt : std::optional(tasks_.begin()->first);
  }

  std::function<void()> take(Instant until) {
    const MutexLock lock(mutex_);
    if (tasks_.empty() || tasks_.begin()->first > until) return {};
    return std::move(tasks_.extract(tasks_.begin()).mapped());
  }

  const std::shared_ptr<ManualClock> clock_;
  const std::size_t queue_limit_;
  mutable Mutex mutex_;
  std::multimap<Instant, std::function<void()>> tasks_ STRATA_GUARDED_BY(mutex_);
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace strata::testkit
