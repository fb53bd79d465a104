// A queue that its owner empties.
#include "strata/testing/manual_executor.h"

#include <deque>
#include <utility>

#include "core/mutex.h"

namespace strata {

struct ManualExecutor::State {
  explicit State(std::size_t limit) : queue_limit(limit) {}

  const std::size_t queue_limit;
  Mutex closing;  // before mutex
  mutable Mutex mutex;
  std::deque<std::function<void()>> tasks STRATA_GUARDED_BY(mutex);
  bool closed STRATA_GUARDED_BY(mutex) = false;
};

ManualExecutor::ManualExecutor(std::size_t queue_limit)
    : state_(std::make_unique<State>(queue_limit)) {}

ManualExecutor::~ManualExecutor() { ManualExecutor::close(); }

bool ManualExecutor::post(std::function<void()> task) {
  const MutexLock lock(state_->mutex);
  if (state_->closed || state_->tasks.size() >= state_->queue_limit) return false;
  state_->tasks.push_back(std::move(task));
  return true;
}

bool ManualExecutor::run_one() {
  std::function<void()> task;
  {
    const MutexLock lock(state_->mutex);
    if (state_->tasks.empty()) return false;
    task = std::move(state_->tasks.front());
    state_->tasks.pop_front();
  }
  task();
  return true;
}

std::size_t ManualExecutor::run_all() {
  std::size_t count = 0;
  while (run_one()) ++count;
  return count;
}

std::size_t ManualExecutor::pending() const {
  const MutexLock lock(state_->mutex);
  return state_->tasks.size();
}

void ManualExecutor::close() {
  const MutexLock one_at_a_time(state_->closing);
  {
    const MutexLock lock(state_->mutex);
    state_->closed = true;
  }
  run_all();
}

}  // namespace strata
