#include <string>

#include "strata/core/limits.h"
#include "strata/load/guarded_tier.h"

namespace strata {

namespace {

Error out_of_range(const std::string& option, const std::string& range) {
  return {ErrorCode::kRejected, option + " must be " + range, {}};
}

}  // namespace

Result<void> check_breaker(const BreakerOptions& options) {
  if (options.failures > limits::kBreakerFailures) {
    return out_of_range("BreakerOptions::failures",
                        "0 to " + std::to_string(limits::kBreakerFailures));
  }
  if (options.open_for <= Duration(0) || options.open_for_max <= Duration(0)) {
    return out_of_range("BreakerOptions::open_for and open_for_max", "longer than 0");
  }
  return {};
}

Result<void> check_guard(const TierGuardOptions& options) {
  if (auto valid = check_breaker(options.breaker); !valid) return valid;
  if (options.timeout <= Duration(0)) {
    return out_of_range("TierGuardOptions::timeout", "longer than 0");
  }
  if (options.max_waiting < 1 || options.max_waiting > limits::kGuardedCalls) {
    return out_of_range("TierGuardOptions::max_waiting",
                        "1 to " + std::to_string(limits::kGuardedCalls));
  }
  return {};
}

}  // namespace strata
