// The timer: a heap of tasks by their times, and the thread that runs them.
#include "strata/ports/timer.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "core/mutex.h"
#include "ports/fork_guard.h"
#include "strata/ports/thread.h"

namespace strata {
namespace {

// Waiting is measured by a clock that stands still while the machine sleeps, so the thread looks
// at the timer's own clock this often.
constexpr Duration kLongestWait = std::chrono::seconds(1);

struct Task {
  Instant at;
  std::uint64_t number = 0;  // of the tasks so far
  std::function<void()> run;
};

// Of two tasks, whether `a` runs after `b`: the order of a heap whose front runs next.
bool runs_after(const Task& a, const Task& b) {
  return a.at != b.at ? a.at > b.at : a.number > b.number;
}

// Invariants:
// (1) Once `closing` is set it stays, and no task is taken off the heap.
// (2) There is a thread once there was a task, and it ends only when `closing` is set.
class SystemTimer final : public Timer {
 public:
  SystemTimer(std::shared_ptr<Clock> clock, TimerOptions options)
      : clock_(std::move(clock)), queue_limit_(options.queue_limit) {}

  ~SystemTimer() override { close(); }

  [[nodiscard]] bool schedule(Instant at, std::function<void()> task) override {
    {
      const MutexLock lock(mutex_);
      if (closing_ || tasks_.size() >= queue_limit_) return false;
      if (!thread_.joinable() && !start()) return false;
      tasks_.push_back({at, ++scheduled_, std::move(task)});
      std::push_heap(tasks_.begin(), tasks_.end(), runs_after);
    }
    changed_.notify_one();
    return true;
  }

  void close() override {
    std::vector<Task> forgotten;
    Thread thread;
    {
      const MutexLock lock(mutex_);
      const bool from_within_a_task = thread_id_ == std::this_thread::get_id();
      STRATA_ASSERT(!from_within_a_task);
    }
    // A second call waits here for the first one, and then finds nothing left to join.
    const MutexLock one_at_a_time(joining_);
    {
      const MutexLock lock(mutex_);
      closing_ = true;
      forgotten.swap(tasks_);
      thread = std::move(thread_);
    }
    changed_.notify_one();
    thread.join();
  }

 private:
  // Returns whether the system gave a thread.
  bool start() STRATA_REQUIRES(mutex_) {
    try {
      thread_ = Thread("strata-timer", [this] { run(); });
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

  void run() {
    {
      const MutexLock lock(mutex_);
      thread_id_ = std::this_thread::get_id();
    }
    while (std::function<void()> task = next()) task();
    // The system gives the ids of threads that have ended to new ones.
    const MutexLock lock(mutex_);
    thread_id_ = {};
  }

  // Waits for the next task's time; an empty one when there will be none.
  std::function<void()> next() {
    const MutexLock lock(mutex_);
    while (!closing_) {
      if (tasks_.empty()) {
        changed_.wait(mutex_);
        continue;
      }
      const Duration left = between(clock_->now(), tasks_.front().at);
      if (left > Duration::zero()) {
        changed_.wait_for(mutex_, std::min(left, kLongestWait));
        continue;
      }
      std::pop_heap(tasks_.begin(), tasks_.end(), runs_after);
      std::function<void()> task = std::move(tasks_.back().run);
      tasks_.pop_back();
      return task;
    }
    return {};
  }

  const std::shared_ptr<Clock> clock_;
  const std::size_t queue_limit_;
  Mutex joining_;  // before mutex_
  Mutex mutex_;
  CondVar changed_;
  std::vector<Task> tasks_ STRATA_GUARDED_BY(mutex_);  // a heap
  std::uint64_t scheduled_ STRATA_GUARDED_BY(mutex_) = 0;
  std::thread::id thread_id_ STRATA_GUARDED_BY(mutex_);
  bool closing_ STRATA_GUARDED_BY(mutex_) = false;
  Thread thread_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<Timer> system_timer(std::shared_ptr<Clock> clock, TimerOptions options) {
  return internal::fork_guarded(std::make_shared<SystemTimer>(std::move(clock), options));
}

}  // namespace strata
