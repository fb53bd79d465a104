// The memory tier's curve.
#include <limits>
#include <string>

#include "memory/tier.h"

namespace strata::memory {
namespace {

Error no_curve(const std::string& why) {
  return {.code = ErrorCode::kRejected, .message = "memory has no curve: " + why, .exception = {}};
}

// At most what there are numbers for.
std::uint64_t times(std::uint64_t bound, double size) {
  const double product = static_cast<double>(bound) * size;
  if (product >= 0x1p64) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(product);
}

}  // namespace

Result<Curve> MemoryTier::curve() const {
  const std::uint64_t max_entries = commons_.room.max_entries();
  const std::uint64_t max_bytes = commons_.room.max_bytes();
  if (max_bytes == 0) return no_curve("it is off, since it may hold 0 bytes");
  if (!has_curve_) return no_curve("MemoryOptions::curve (cache.memory.curve) is false");
  if (policies_.controller == nullptr) {
    return no_curve("its policy is " + std::string(to_string(policy_kind_)) +
                    ", and only adaptive and horizon have one");
  }
  Curve curve = policies_.controller->curve();
  for (CurvePoint& point : curve.points) {
    point.max_entries = times(max_entries, point.size);
    point.max_bytes = times(max_bytes, point.size);
  }
  return curve;
}

}  // namespace strata::memory
