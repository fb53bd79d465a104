// ManualExecutor: an executor whose tasks run when the test says so, in the calling thread.
//
// Threads   post(), pending() and close() are thread-safe. run_one() and run_all() belong to the
//           test's thread; tasks may post.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "core/mutex.h"
#include "strata/ports/executor.h"

namespace strata::testkit {

class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(std::size_t queue_limit = 65'536) : queue_limit_(queue_limit) {}
  ~ManualExecutor() override { close(); }

  [[nodiscard]] bool post(std::function<void()> task) override {
    const MutexLock lock(mutex_);
    if (closed_ || tasks_.size() >= queue_limit_) return false;
    tasks_.push_back(std::move(task));
    return true;
  }

  // Runs the oldest task. Returns whether there was one.
  bool run_one() {
    std::function<void()> task;
    {
      const MutexLock lock(mutex_);
      if (tasks_.empty()) return false;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    return true;
  }

  // Runs tasks, those that they post included, until none is left. Returns how many.
  std::size_t run_all() {
    std::size_t count = 0;
    while (run_one()) ++count;
    return count;
  }

  [[nodiscard]] std::size_t pending() const {
    const MutexLock lock(mutex_);
    return tasks_.size();
  }

  void close() override {
    const MutexLock one_at_a_time(closing_);
    {
      const MutexLock lock(mutex_);
      closed_ = true;
    }
    run_all();
  }

 private:
  const std::size_t queue_limit_;
  Mutex closing_;  // before mutex_
  mutable Mutex mutex_;
  std::deque<std::function<void()>> tasks_ STRATA_GUARDED_BY(mutex_);
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace strata::testkit
