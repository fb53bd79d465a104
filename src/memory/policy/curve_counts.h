// CurveCounts: what the miniatures missed lately, and the curve that follows from it.
//
// Counts are kept for the present window and the one before.
//
// The estimate. Of all look-ups and misses of the window there are exact numbers. Of the sample of
// a size there are the misses of that size's miniature, s, and those that the miniature of the
// cache's own size had on the very same sample, o; both stand for `scale` times as many. The misses
// at that size are
//
//   scale * s + b * (misses - scale * o)
//
// whatever b is, since what it is multiplied with is zero but for chance. The best b is the slope
// of s over o from one part of the sample to the next: it takes away what chance did to both. For
// that, and for the error that is left, the sample is counted in 64 parts. What had
// expired or was invalidated when it was found is missed at every size, and is left out of the
// multiplication; what is taken away before that leaves the miniatures too.
//
// Threads   Thread-compatible.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "memory/policy/curve_plan.h"
#include "memory/policy/sample.h"
#include "strata/core/limits.h"
#include "strata/ports/curve.h"

namespace strata::memory {

// What the cache has counted since it began.
struct LookUps {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

class CurveCounts {
 public:
  // Forgets everything. `now`: the cache's counts; `window`: the look-ups of one.
  void begin(const CurvePlan& plan, const LookUps& now, std::uint64_t window);
  // The samples are thinner from now on; what was counted counts as if they always had been.
  void thin(const CurvePlan& plan, std::uint64_t window);
  // A look-up: whether each size's miniature, and the cache's own, missed it. A size whose sample
  // the key is not in is not looked at. Returns whether the window is over.
  bool count(const Sample& sample, const std::array<bool, kCurvePoints>& missed);
  void begin_window(const LookUps& now);
  // Of what count() will never be told. Less than none: what was lost has come after all.
  void count_lost(std::int64_t look_ups) { present_.lost += look_ups; }

  // Without names of keyspaces and bounds of sizes.
  [[nodiscard]] Curve curve(const LookUps& now) const;

 private:
  static constexpr std::size_t kParts = 64;
  // A whole number until samples are thinned; far below 2^24, so that one more always counts.
  using Count = float;
  using Parts = std::array<Count, kParts>;

  struct SizeCounts {
    Parts misses{};      // of this size's miniature
    Parts own_misses{};  // of that of the cache's size, on this size's sample
    Count gone = 0;      // misses whatever the size
  };
  struct KeyspaceCounts {
    Count look_ups = 0;
    std::array<Count, kCurvePoints> misses{};
  };
  struct Window {
    LookUps begin;
    std::uint64_t look_ups = 0;  // sampled
    std::int64_t lost = 0;       // look-ups of the sample
    std::array<SizeCounts, kCurvePoints> sizes;
    std::array<KeyspaceCounts, limits::kCurveKeyspaces> keyspaces;
  };
  struct Estimate {
    double misses = 0;
    double error = 0;  // the standard error of it
  };

  void take_limits(const CurvePlan& plan, std::uint64_t window);
  [[nodiscard]] Estimate estimate(std::size_t size, double look_ups, double misses,
                                  double seen) const;
  void add_keyspaces(Curve& curve) const;

  std::array<std::uint64_t, kCurvePoints> limits_{};
  std::uint64_t thinnest_ = 0;  // of them: the sample that keyspaces are counted on
  std::uint64_t thickest_ = 0;
  std::uint64_t window_samples_ = 0;  // of one window
  bool has_former_ = false;
  Window present_;
  Window former_;
};

}  // namespace strata::memory
