// PressureControl: what the byte bound of memory is to be, from one reading of the machine's memory
// to the next. strata/tiered/memory_pressure.h has the rules.
//
//   none --- too little left --> pressed --- enough for a while --> recovering --> none
//                                   ^------- too little left -----------|
//   any --- no reading --> unknown --- a reading --> any
//
// Threads   Thread-compatible.
#pragma once

#include <cstdint>
#include <string>

#include "strata/core/result.h"
#include "strata/tiered/memory_pressure.h"

namespace strata::internal {

class PressureControl {
 public:
  // Readings with enough left, in a row, before the bound grows.
  static constexpr int kCalmReadings = 5;
  // Steps are these parts of the configured bound.
  static constexpr std::uint64_t kShrinkPart = 16;
  static constexpr std::uint64_t kGrowPart = 32;

  // `share`: above 0, below 1.
  PressureControl(double share, std::uint64_t configured_max_bytes)
      : share_(share), configured_(configured_max_bytes) {}

  // The bound to go to, where `bound` is in force and memory holds `used` bytes.
  [[nodiscard]] std::uint64_t decide(const Result<MemoryReading>& reading, std::uint64_t bound,
                                     std::uint64_t used);
  // Somebody configured another bound: it begins again.
  void configure(std::uint64_t max_bytes);

  [[nodiscard]] MemoryPressure state() const { return state_; }
  // Why it is in its state, for people.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] std::uint64_t configured_max_bytes() const { return configured_; }

 private:
  static constexpr const char* kNotRead = "what is left was not read yet";

  [[nodiscard]] std::uint64_t shrunk(std::uint64_t bound, std::uint64_t used) const;

  const double share_;
  std::uint64_t configured_;
  MemoryPressure state_ = MemoryPressure::kNone;
  std::string reason_ = kNotRead;
  int calm_readings_ = 0;
};

// "1.5 GiB"
[[nodiscard]] std::string describe_size(std::uint64_t bytes);

}  // namespace strata::internal
