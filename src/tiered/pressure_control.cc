#include "tiered/pressure_control.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "core/assert.h"
#include "strata/core/limits.h"

namespace strata {

std::string_view to_string(MemoryPressure pressure) {
  switch (pressure) {
    case MemoryPressure::kOff:
      return "off";
    case MemoryPressure::kNone:
      return "none";
    case MemoryPressure::kPressed:
      return "pressed";
    case MemoryPressure::kRecovering:
      return "recovering";
    case MemoryPressure::kUnknown:
      return "unknown";
  }
  return "unknown";
}

namespace internal {
namespace {

std::string percent(double share) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.3g %%", share * 100);
  return {text.data(), static_cast<std::size_t>(size)};
}

// "9 % of 2 GiB are left by memory.max of /sys/fs/cgroup/shop, 10 % are to stay free"
std::string described(const MemoryReading& reading, double share) {
  const double left = static_cast<double>(reading.available_bytes) /
                      static_cast<double>(std::max<std::uint64_t>(reading.limit_bytes, 1));
  return percent(left) + " of " + describe_size(reading.limit_bytes) + " are left by " +
         reading.source + ", " + percent(share) + " are to stay free";
}

}  // namespace

std::string describe_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.*f", size < 10 && unit > 0, size);
  std::string_view number(text.data(), static_cast<std::size_t>(length));
  if (number.ends_with(".0")) number.remove_suffix(2);
  return std::string(number) + " " + std::string(kUnits[unit]);
}

void PressureControl::configure(std::uint64_t max_bytes) {
  configured_ = max_bytes;
  state_ = MemoryPressure::kNone;
  reason_ = kNotRead;
  calm_readings_ = 0;
}

std::uint64_t PressureControl::shrunk(std::uint64_t bound, std::uint64_t used) const {
  const std::uint64_t least = std::min<std::uint64_t>(configured_, limits::kPressedMemoryBytes);
  const std::uint64_t step = std::max<std::uint64_t>(configured_ / kShrinkPart, 1);
  const std::uint64_t from = std::max(std::min(bound, used), least);
  return std::min(bound, from - least > step ? from - step : least);
}

std::uint64_t PressureControl::decide(const Result<MemoryReading>& reading, std::uint64_t bound,
                                      std::uint64_t used) {
  STRATA_ASSERT(share_ > 0);
  STRATA_ASSERT(share_ < 1);
  if (!reading) {
    state_ = MemoryPressure::kUnknown;
    reason_ = reading.error().message;
    calm_readings_ = 0;
    return bound;
  }
  reason_ = described(*reading, share_);
  const auto limit = static_cast<double>(reading->limit_bytes);
  const auto left = static_cast<double>(reading->available_bytes);
  const double wanted = share_ * limit;
  if (left < wanted) {
    state_ = MemoryPressure::kPressed;
    calm_readings_ = 0;
    return shrunk(bound, used);
  }
  if (bound >= configured_) {
    state_ = MemoryPressure::kNone;
    return bound;
  }

  const double enough = wanted + std::min(share_, 1 - share_) / 2 * limit;
  calm_readings_ = left >= enough ? std::min(calm_readings_ + 1, kCalmReadings) : 0;
  const bool had_told = state_ == MemoryPressure::kPressed || state_ == MemoryPressure::kRecovering;
  if (calm_readings_ < kCalmReadings) {
    if (!had_told) state_ = MemoryPressure::kRecovering;
    return bound;
  }
  state_ = MemoryPressure::kRecovering;
  const std::uint64_t step = std::max<std::uint64_t>(configured_ / kGrowPart, 1);
  const auto spare = static_cast<std::uint64_t>((left - wanted) / 2);
  return std::min(configured_, bound + std::min(step, spare));
}

}  // namespace internal
}  // namespace strata
