#include "load/failed_loads.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "strata/core/limits.h"

namespace strata {

std::optional<FailedLoads::Found> FailedLoads::find(KeyRef key, Instant now) const {
  if (empty()) return std::nullopt;
  const MutexLock lock(mutex_);
  if (places_.empty()) return std::nullopt;
  const Place& place = places_[key.hash % places_.size()];
  if (!place.is_of(key) || now >= place.until) return std::nullopt;
  return Found{place.failure, between(now, place.until)};
}

void FailedLoads::remember(KeyRef key, LoadFailure failure, BackoffTimes times, Instant now) {
  STRATA_ASSERT(times.first > Duration(0));
  auto shared = std::make_shared<const LoadFailure>(std::move(failure));
  std::shared_ptr<const LoadFailure> former;  // let go after the lock, with its exception
  const MutexLock lock(mutex_);
  if (places_.empty()) places_.resize(limits::kFailedLoads);
  Place& place = places_[key.hash % places_.size()];
  const bool is_further = place.is_of(key);
  if (!place.failure) remembered_.fetch_add(1, std::memory_order_release);
  if (!is_further) {
    place.key_text = key.text;
    place.long_params = key.long_params;
  }
  const Duration waits = is_further ? saturating_add(place.waits, place.waits) : times.first;
  place.waits = std::clamp(waits, times.first, std::max(times.first, times.longest));
  place.until = saturating_add(now, place.waits);
  former = std::exchange(place.failure, std::move(shared));
}

void FailedLoads::forget(KeyRef key) {
  if (empty()) return;
  std::shared_ptr<const LoadFailure> former;  // as above
  const MutexLock lock(mutex_);
  if (places_.empty()) return;
  Place& place = places_[key.hash % places_.size()];
  if (!place.is_of(key)) return;
  former = std::exchange(place.failure, nullptr);
  remembered_.fetch_sub(1, std::memory_order_release);
}

}  // namespace strata
