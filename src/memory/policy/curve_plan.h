// CurvePlan: how thinly a cache is sampled for the curve and for the choice of the arm.
//
// Each size of the curve has a follower, a shadow in the arm that such a cache would be in, and
// trials that choose the arm. Followers are large enough for the curve to be accurate; trials
// are as small as a choice allows: less than 120 residents are too few keys, and a loop that is
// a little larger than the cache may fit by chance. Those of the cache's own size decide for the
// cache, and are larger.
//
// The sample of a follower is as thin as the follower is small against its size; that of the
// smaller sizes is thicker, so that they have residents enough.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "memory/policy/sample.h"
#include "memory/policy/shadow.h"
#include "strata/ports/curve.h"

namespace strata::memory {

// How much a shard, or a whole cache, may hold.
struct Capacity {
  std::uint64_t entries = 0;      // held when full, as far as that is known; 0: it is not
  std::uint64_t max_entries = 0;  // 0: not bounded so
  std::uint64_t max_weight = 0;   // 0: not bounded so
};

inline constexpr std::size_t kCurvePoints = kCurveSizes.size();
inline constexpr std::size_t kOwnSize = 2;  // the index of the present size
static_assert(kCurveSizes[kOwnSize] == 1);

// A sample, and the shadows for it.
struct SampledShadow {
  std::uint64_t limit = 0;  // the places below it (sample.h); 0: nothing
  std::uint8_t level = 0;   // whose limit that is
  ShadowOptions options;

  // Of a cache with that capacity, with at most so many residents; all of it if it has fewer.
  // The sample is no thicker than that of `level_min`.
  [[nodiscard]] static SampledShadow of(const Capacity& capacity, std::uint32_t residents,
                                        std::uint8_t level_min = 0);
  friend bool operator==(const SampledShadow&, const SampledShadow&) = default;
  [[nodiscard]] double share() const {
    return static_cast<double>(limit) / static_cast<double>(kSampleAll);
  }
};

struct CurvePlan {
  std::array<SampledShadow, kCurvePoints> trials;
  std::array<SampledShadow, kCurvePoints> followers;

  friend bool operator==(const CurvePlan&, const CurvePlan&) = default;
  // No sample is thicker than in `former`, unless that is null.
  [[nodiscard]] static CurvePlan of(const Capacity& capacity, const CurvePlan* former = nullptr,
                                    EvictionAim aim = EvictionAim::kRequests);
  // Of both, where the policy adapts.
  [[nodiscard]] std::size_t footprint_bytes_max() const;
};

}  // namespace strata::memory
