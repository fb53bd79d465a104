// SealedValues: which tiers lately had values that could not be decrypted, because their key is not
// among those given or because they were changed. Such a tier is degraded.
//
// Threads   Thread-safe.
// Memory    One entry per tier.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/mutex.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/tier_stats.h"

namespace strata::internal {

class SealedValues {
 public:
  // For so long the last one counts.
  static constexpr Duration kRemembered = std::chrono::minutes(1);

  void note(std::string_view tier, std::string_view keyspace, const Error& why, Instant now);
  // The same, degraded with the reason if the tier itself knows of nothing.
  [[nodiscard]] TierStats over(TierStats stats, Instant now) const;

 private:
  struct Last {
    Instant until;
    std::string reason;
  };
  mutable Mutex mutex_;
  std::map<std::string, Last, std::less<>> tiers_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::internal
