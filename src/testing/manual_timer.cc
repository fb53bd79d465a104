// Tasks by their times, in the order they were given for equal ones.
#include "strata/testing/manual_timer.h"

#include <map>
#include <optional>
#include <utility>

#include "core/mutex.h"

namespace strata {

struct ManualTimer::State {
  State(std::shared_ptr<ManualClock> its_clock, std::size_t limit)
      : clock(std::move(its_clock)), queue_limit(limit) {}

  [[nodiscard]] std::optional<Instant> next_at() const {
    const MutexLock lock(mutex);
    return tasks.empty() ? std::nullopt : std::optional(tasks.begin()->first);
  }

  std::function<void()> take(Instant until) {
    const MutexLock lock(mutex);
    if (tasks.empty() || tasks.begin()->first > until) return {};
    return std::move(tasks.extract(tasks.begin()).mapped());
  }

  const std::shared_ptr<ManualClock> clock;
  const std::size_t queue_limit;
  mutable Mutex mutex;
  std::multimap<Instant, std::function<void()>> tasks STRATA_GUARDED_BY(mutex);
  bool closed STRATA_GUARDED_BY(mutex) = false;
};

ManualTimer::ManualTimer(std::shared_ptr<ManualClock> clock, std::size_t queue_limit)
    : state_(std::make_unique<State>(std::move(clock), queue_limit)) {}

ManualTimer::~ManualTimer() = default;

bool ManualTimer::schedule(Instant at, std::function<void()> task) {
  const MutexLock lock(state_->mutex);
  if (state_->closed || state_->tasks.size() >= state_->queue_limit) return false;
  state_->tasks.emplace(at, std::move(task));
  return true;
}

std::size_t ManualTimer::run_due() {
  std::size_t count = 0;
  for (; std::function<void()> task = state_->take(state_->clock->now()); ++count) task();
  return count;
}

void ManualTimer::advance(Duration by) {
  ManualClock& clock = *state_->clock;
  const Instant end = saturating_add(clock.now(), by);
  run_due();
  while (const std::optional<Instant> next = state_->next_at()) {
    if (*next > end) break;
    // Another thread may have scheduled something that is due already.
    if (*next > clock.now()) clock.advance(between(clock.now(), *next));
    run_due();
  }
  clock.advance(between(clock.now(), end));
}

std::size_t ManualTimer::pending() const {
  const MutexLock lock(state_->mutex);
  return state_->tasks.size();
}

void ManualTimer::close() {
  std::multimap<Instant, std::function<void()>> forgotten;
  const MutexLock lock(state_->mutex);
  state_->closed = true;
  forgotten.swap(state_->tasks);
}

}  // namespace strata
