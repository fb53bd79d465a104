// State and counters of the tier.
#include "sqlite/condition.h"

#include <utility>

namespace strata::sqlite {

void Condition::set_off(const std::string& reason) {
  const MutexLock lock(mutex_);
  off_ = reason;
}

void Condition::set_trouble(const std::string& reason) {
  const MutexLock lock(mutex_);
  trouble_ = reason;
}

void Condition::set_loss(const std::string& reason) {
  const MutexLock lock(mutex_);
  loss_ = reason;
}

void Condition::set_lesser_loss(const std::string& reason) {
  const MutexLock lock(mutex_);
  if (loss_.empty()) loss_ = reason;
}

void Condition::count(const Tally& tally) {
  for (std::size_t cause = 0; cause < kRemovalCauseCount; ++cause) {
    removals_[cause].fetch_add(tally.removed[cause], std::memory_order_relaxed);
  }
  errors_.fetch_add(tally.errors, std::memory_order_relaxed);
}

void Condition::fail(const Error& error) {
  count_error();
  {
    const MutexLock lock(mutex_);
    if (!failing_) failing_ = error;
  }
  tell_trouble();
}

void Condition::recover() {
  const MutexLock lock(mutex_);
  // Of a failure that nobody was there to hear of, who comes is told.
  if (trouble_listener_ == nullptr) return;
  failing_.reset();
  is_told_ = false;
}

void Condition::note(const Error& error) {
  recover();
  fail(error);
  recover();
}

void Condition::set_trouble_listener(TroubleListener listener) {
  auto shared = std::make_shared<const TroubleListener>(std::move(listener));
  {
    const MutexLock lock(mutex_);
    trouble_listener_ = *shared ? std::move(shared) : nullptr;
  }
  tell_trouble();
}

void Condition::tell_trouble() {
  std::shared_ptr<const TroubleListener> listener;
  std::optional<Error> error;
  {
    const MutexLock lock(mutex_);
    if (is_told_ || !failing_ || trouble_listener_ == nullptr) return;
    is_told_ = true;
    listener = trouble_listener_;
    error = failing_;
  }
  (*listener)(*error);
}

void Condition::set_listener(RecordRemovalListener listener) {
  auto shared = std::make_shared<const RecordRemovalListener>(std::move(listener));
  const MutexLock lock(mutex_);
  listener_ = std::move(shared);
}

void Condition::tell(std::span<const RecordRemoval> removals) const {
  if (removals.empty()) return;
  std::shared_ptr<const RecordRemovalListener> listener;
  {
    const MutexLock lock(mutex_);
    listener = listener_;
  }
  if (listener != nullptr && *listener) (*listener)(removals);
}

void Condition::describe(TierStats& stats) const {
  {
    const MutexLock lock(mutex_);
    if (!off_.empty()) {
      stats.state = TierState::kOff;
      stats.reason = off_;
    } else if (!trouble_.empty() || !loss_.empty()) {
      stats.state = TierState::kDegraded;
      stats.reason = !trouble_.empty() ? trouble_ : loss_;
    }
  }
  stats.hits = hits_.load(std::memory_order_relaxed);
  stats.misses = misses_.load(std::memory_order_relaxed);
  stats.errors = errors_.load(std::memory_order_relaxed);
  stats.entries = entries_.load(std::memory_order_relaxed);
  stats.bytes = bytes_.load(std::memory_order_relaxed);
  for (std::size_t cause = 0; cause < kRemovalCauseCount; ++cause) {
    stats.removals[cause] = removals_[cause].load(std::memory_order_relaxed);
  }
}

}  // namespace strata::sqlite
