#include "tiered/sealed_values.h"

#include "core/quote.h"
#include "strata/core/duration.h"

namespace strata::internal {

void SealedValues::note(std::string_view tier, std::string_view keyspace, const Error& why,
                        Instant now) {
  std::string reason = "values of keyspace " + quoted(keyspace) + " cannot be read: " + why.message;
  const MutexLock lock(mutex_);
  tiers_[std::string(tier)] = {saturating_add(now, kRemembered), std::move(reason)};
}

TierStats SealedValues::over(TierStats stats, Instant now) const {
  if (stats.state != TierState::kOk) return stats;
  const MutexLock lock(mutex_);
  const auto last = tiers_.find(stats.name);
  if (last == tiers_.end() || now >= last->second.until) return stats;
  stats.state = TierState::kDegraded;
  stats.reason = last->second.reason;
  return stats;
}

}  // namespace strata::internal
