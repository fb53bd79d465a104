// The thread pool: a bounded queue and the threads that empty it.
#include "strata/ports/executor.h"

#include <algorithm>
#include <deque>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "core/mutex.h"
#include "ports/fork_guard.h"

namespace strata {
namespace {

// Invariants:
// (1) Once `closing` is set it stays, and the queue does not grow.
// (2) A thread ends only when `closing` is set and the queue is empty.
// (3) close() returns only when every thread has ended.
//
// A task is taken off the queue by one thread, under the lock, so it runs once at most; by (2)
// and (3) the queue is empty and nothing runs any more when close() returns, so every accepted
// task has run.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(ThreadPoolOptions options) : queue_limit_(options.queue_limit) {
    STRATA_ASSERT(options.threads >= 1);
    const MutexLock lock(joining_);
    threads_.reserve(options.threads);
    try {
      while (threads_.size() < options.threads) {
        threads_.emplace_back("strata-" + std::to_string(threads_.size()), [this] { run(); });
      }
    } catch (const std::system_error&) {
      // The system gives no more threads. Those there are do the work; without any, nothing can.
      if (threads_.empty()) throw;
    }
  }

  ~ThreadPool() override { close(); }

  [[nodiscard]] bool post(std::function<void()> task) override {
    {
      const MutexLock lock(mutex_);
      if (closing_ || queue_.size() >= queue_limit_) return false;
      queue_.push_back(std::move(task));
    }
    work_.notify_one();
    return true;
  }

  void close() override {
    {
      const MutexLock lock(mutex_);
      const bool from_within_a_task = is_worker(std::this_thread::get_id());
      STRATA_ASSERT(!from_within_a_task);
      closing_ = true;
    }
    work_.notify_all();
    // A second call waits here for the first one, and then finds nothing left to join.
    const MutexLock lock(joining_);
    for (Thread& thread : threads_) thread.join();
  }

 private:
  [[nodiscard]] bool is_worker(std::thread::id id) const STRATA_REQUIRES(mutex_) {
    return std::find(workers_.begin(), workers_.end(), id) != workers_.end();
  }

  void run() {
    {
      const MutexLock lock(mutex_);
      workers_.push_back(std::this_thread::get_id());
    }
    while (std::function<void()> task = next()) {
      task();
    }
    // The system gives the ids of threads that have ended to new ones.
    const MutexLock lock(mutex_);
    std::erase(workers_, std::this_thread::get_id());
  }

  // The next task; an empty one when there will be none.
  std::function<void()> next() {
    const MutexLock lock(mutex_);
    while (queue_.empty() && !closing_) work_.wait(mutex_);
    if (queue_.empty()) return {};
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    return task;
  }

  const std::size_t queue_limit_;
  Mutex mutex_;
  CondVar work_;
  std::deque<std::function<void()>> queue_ STRATA_GUARDED_BY(mutex_);
  std::vector<std::thread::id> workers_ STRATA_GUARDED_BY(mutex_);
  bool closing_ STRATA_GUARDED_BY(mutex_) = false;

  Mutex joining_;  // before mutex_
  std::vector<Thread> threads_ STRATA_GUARDED_BY(joining_);
};

}  // namespace

std::shared_ptr<Executor> thread_pool(ThreadPoolOptions options) {
  return internal::fork_guarded(std::make_shared<ThreadPool>(options));
}

}  // namespace strata
