// ManualClock: a clock that moves only when told. The wall clock can be moved on its own.
//
// It starts an hour after a boot, so that an instant of zero is recognisably unset and tests can
// reach back in time.
//
// Threads   Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/assert.h"
#include "strata/ports/clock.h"

namespace strata::testkit {

class ManualClock final : public Clock {
 public:
  static constexpr Instant kStart{std::chrono::hours(1)};
  static constexpr WallTime kWallStart{1'800'000'000'000};  // 2027-01-15T08:00:00Z

  [[nodiscard]] Instant now() const override { return {Duration(now_ns_.load())}; }
  [[nodiscard]] Instant coarse_now() const override {
    return {Duration(now_ns_.load() - coarse_lag_ns_.load())};
  }
  [[nodiscard]] WallTime wall_now() const override {
    return {(now_ns_.load() + wall_ahead_ns_.load()) / kNsPerMs};
  }
  [[nodiscard]] std::uint64_t boot_id() const override { return boot_id_.load(); }

  // Time passes, on both clocks.
  void advance(Duration by) {
    STRATA_ASSERT(by >= Duration::zero());
    now_ns_ += by.count();
  }

  // Somebody sets the wall clock. now() does not notice.
  void set_wall(WallTime to) { wall_ahead_ns_ = to.unix_ms * kNsPerMs - now_ns_.load(); }
  void step_wall(Duration by) { wall_ahead_ns_ += by.count(); }

  // coarse_now() is so much behind now().
  void set_coarse_lag(Duration lag) { coarse_lag_ns_ = lag.count(); }

  // The machine is off for `off`, then starts: another boot id, and now() counts from zero.
  void reboot(Duration off = std::chrono::seconds(30)) {
    wall_ahead_ns_ += now_ns_.load() + off.count();
    now_ns_ = 0;
    ++boot_id_;
  }

 private:
  static constexpr std::int64_t kNsPerMs = 1'000'000;

  std::atomic<std::int64_t> now_ns_{kStart.since_boot.count()};
  std::atomic<std::int64_t> wall_ahead_ns_{kWallStart.unix_ms * kNsPerMs -
                                           kStart.since_boot.count()};
  std::atomic<std::int64_t> coarse_lag_ns_{0};
  std::atomic<std::uint64_t> boot_id_{1};
};

}  // namespace strata::testkit
