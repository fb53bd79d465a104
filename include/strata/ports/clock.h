// Clock: where all of Strata's time comes from. Tests inject one that stands still.
//
// Threads   Thread-safe.
// Time      now() never goes back while the process runs and is common to all processes since
//           the machine's boot; wall_now() follows the machine's wall clock and may jump.
#pragma once

#include <cstdint>
#include <memory>

#include "strata/core/time.h"

namespace strata {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  // now(), possibly a few milliseconds late, for a quarter of the cost. For hits.
  [[nodiscard]] virtual Instant coarse_now() const;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  // Differs after every reboot of the machine.
  [[nodiscard]] virtual std::uint64_t boot_id() const = 0;
};

// The machine's clocks (CLOCK_BOOTTIME, CLOCK_MONOTONIC_COARSE, CLOCK_REALTIME).
[[nodiscard]] std::shared_ptr<Clock> system_clock();

}  // namespace strata
