// ManualClock: a clock that moves only when told. The wall clock can be moved on its own.
//
//   auto clock = std::make_shared<ManualClock>();
//   Cache cache = CacheBuilder().clock(clock).build().value();
//   clock->advance(minutes(11));  // what was to live for ten minutes is over
//
// It starts an hour after a boot, so that an instant of zero is recognisably unset and tests can
// reach back in time.
//
// Threads   Thread-safe.
// Time      now() goes back in reboot() only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "strata/ports/clock.h"

namespace strata {

class ManualClock final : public Clock {
 public:
  static constexpr Instant kStart{std::chrono::hours(1)};
  static constexpr WallTime kWallStart{1'800'000'000'000};  // 2027-01-15T08:00:00Z

  ManualClock();
  ~ManualClock() override;
  ManualClock(const ManualClock&) = delete;
  ManualClock& operator=(const ManualClock&) = delete;

  [[nodiscard]] Instant now() const override;
  [[nodiscard]] Instant coarse_now() const override;
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] std::uint64_t boot_id() const override;

  // Time passes, on both clocks. Precondition: `by` is not below zero. What waits for a time runs
  // when its ManualTimer is told: ManualTimer::advance() does both.
  void advance(Duration by);

  // Somebody sets the wall clock, to a time or by so much. now() does not notice.
  void set_wall(WallTime to);
  void step_wall(Duration by);

  // coarse_now() is so much behind now().
  void set_coarse_lag(Duration lag);

  // The machine is off for `off`, then starts: another boot id, and now() counts from zero.
  void reboot(Duration off = std::chrono::seconds(30));

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace strata
