#include "load/bulkhead.h"

#include <algorithm>

#include "core/assert.h"

namespace strata::internal {

namespace {

// Waits are made of parts that a condition variable can measure.
constexpr Duration kLongestWait = std::chrono::hours(24);

}  // namespace

// A place that becomes free while somebody waits is given to the first who does: so nobody who
// comes later takes it, and nobody is inside beyond the limit.
Bulkhead::Entry Bulkhead::enter(Deadline deadline, const Clock& clock) {
  const std::thread::id me = std::this_thread::get_id();
  const MutexLock lock(mutex_);
  if (most_inside_ == 0 || inside_.size() < most_inside_) {
    inside_.push_back(me);
    return Entry::kInside;
  }
  if (waiters_.size() >= most_waiting_) return Entry::kFull;
  Waiter self;
  self.thread = me;
  waiters_.push_back(&self);
  while (!self.is_inside && !self.is_sent_away) {
    if (deadline.at == kNever) {
      self.turn.wait(mutex_);
      continue;
    }
    const Duration left = between(clock.now(), deadline.at);
    if (left <= Duration(0)) break;
    self.turn.wait_for(mutex_, std::min(left, kLongestWait));
  }
  if (self.is_inside) return Entry::kInside;
  if (self.is_sent_away) return Entry::kSentAway;
  waiters_.remove(&self);
  return Entry::kLate;
}

void Bulkhead::leave() {
  const MutexLock lock(mutex_);
  const auto mine = std::find(inside_.begin(), inside_.end(), std::this_thread::get_id());
  STRATA_ASSERT(mine != inside_.end());
  if (waiters_.empty()) {
    inside_.erase(mine);
    return;
  }
  Waiter* const next = waiters_.front();
  waiters_.pop_front();
  *mine = next->thread;
  next->is_inside = true;
  next->turn.notify_one();
}

void Bulkhead::send_away() {
  const MutexLock lock(mutex_);
  for (Waiter* const waiter : waiters_) {
    waiter->is_sent_away = true;
    waiter->turn.notify_one();
  }
  waiters_.clear();
}

bool Bulkhead::has_me() const {
  const MutexLock lock(mutex_);
  return std::find(inside_.begin(), inside_.end(), std::this_thread::get_id()) != inside_.end();
}

std::size_t Bulkhead::inside() const {
  const MutexLock lock(mutex_);
  return inside_.size();
}

std::size_t Bulkhead::waiting() const {
  const MutexLock lock(mutex_);
  return waiters_.size();
}

}  // namespace strata::internal
