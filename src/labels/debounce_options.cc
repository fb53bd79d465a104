// What the options of a debouncer may be.
#include <cmath>
#include <string>
#include <utility>

#include "strata/core/duration.h"
#include "strata/core/limits.h"
#include "strata/labels/debounce_core.h"

namespace strata {
namespace {

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

Result<void> check_duration(std::string_view name, Duration value) {
  if (value >= Duration::zero()) return {};
  return rejected(std::string(name) + " of a batch is negative: " + describe_duration(value));
}

Result<void> check_count(std::string_view name, std::size_t value) {
  if (value >= 1 && value <= limits::kPendingItems) return {};
  return rejected(std::string(name) + " is " + std::to_string(value) + "; it must be 1 to " +
                  std::to_string(limits::kPendingItems));
}

}  // namespace

Result<void> DebounceOptions::validate() const {
  if (auto valid = check_duration("window", window); !valid) return valid;
  if (auto valid = check_duration("max_delay", max_delay); !valid) return valid;
  if (auto valid = check_count("max_batch", max_batch); !valid) return valid;
  if (auto valid = check_count("max_pending", max_pending); !valid) return valid;
  if (std::isfinite(batches_per_second) && batches_per_second >= 0) return {};
  return rejected("batches_per_second is " + std::to_string(batches_per_second) +
                  "; it must be a number from 0 on, and 0 is for no limit");
}

}  // namespace strata
