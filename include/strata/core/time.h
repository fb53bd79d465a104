// Duration and Instant: lengths and points of time that saturate instead of wrapping.
//
// Instant counts from the machine's boot and never goes back, whatever the wall clock does;
// it comes from a Clock and means nothing after a restart of the machine. WallTime is for
// what is stored or shown. kForever is longer than any other duration, kNever later than any
// other instant; adding to either leaves it as it is.
//
//   Instant expiry = saturating_add(clock.now(), 5min);
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace strata {

using Duration = std::chrono::nanoseconds;

inline constexpr Duration kForever = Duration::max();

// A point in time since boot, in nanoseconds.
struct Instant {
  Duration since_boot{0};
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

inline constexpr Instant kNever{Duration::max()};

// Milliseconds since 1970-01-01T00:00:00Z.
struct WallTime {
  std::int64_t unix_ms = 0;
  friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

[[nodiscard]] constexpr Duration saturating_add(Duration a, Duration b) {
  std::int64_t sum = 0;
  if (a == kForever || b == kForever) return kForever;
  if (!__builtin_add_overflow(a.count(), b.count(), &sum)) return Duration(sum);
  return b.count() > 0 ? Duration::max() : Duration::min();
}

[[nodiscard]] constexpr Instant saturating_add(Instant at, Duration by) {
  return {saturating_add(at.since_boot, by)};
}

// Returns how long after `from` the instant `to` is; negative if before, kForever for kNever.
[[nodiscard]] constexpr Duration between(Instant from, Instant to) {
  if (to == kNever) return kForever;
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(to.since_boot.count(), from.since_boot.count(), &difference)) {
    return Duration(difference);
  }
  return to > from ? kForever : Duration::min();
}

// Until when a call may take. Default: as long as it needs.
struct Deadline {
  Instant at = kNever;
};

}  // namespace strata
