// Two counts, of which the second is kept as its distance from the first.
#include "strata/testing/manual_clock.h"

#include <atomic>

#include "core/assert.h"

namespace strata {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

}  // namespace

struct ManualClock::State {
  std::atomic<std::int64_t> now_ns{kStart.since_boot.count()};
  std::atomic<std::int64_t> wall_ahead_ns{kWallStart.unix_ms * kNsPerMs -
                                          kStart.since_boot.count()};
  std::atomic<std::int64_t> coarse_lag_ns{0};
  std::atomic<std::uint64_t> boot_id{1};
};

ManualClock::ManualClock() : state_(std::make_unique<State>()) {}
ManualClock::~ManualClock() = default;

Instant ManualClock::now() const { return {Duration(state_->now_ns.load())}; }

Instant ManualClock::coarse_now() const {
  return {Duration(state_->now_ns.load() - state_->coarse_lag_ns.load())};
}

WallTime ManualClock::wall_now() const {
  return {(state_->now_ns.load() + state_->wall_ahead_ns.load()) / kNsPerMs};
}

std::uint64_t ManualClock::boot_id() const { return state_->boot_id.load(); }

void ManualClock::advance(Duration by) {
  STRATA_ASSERT(by >= Duration::zero());
  state_->now_ns += by.count();
}

void ManualClock::set_wall(WallTime to) {
  state_->wall_ahead_ns = to.unix_ms * kNsPerMs - state_->now_ns.load();
}

void ManualClock::step_wall(Duration by) { state_->wall_ahead_ns += by.count(); }

void ManualClock::set_coarse_lag(Duration lag) { state_->coarse_lag_ns = lag.count(); }

void ManualClock::reboot(Duration off) {
  state_->wall_ahead_ns += state_->now_ns.load() + off.count();
  state_->now_ns = 0;
  ++state_->boot_id;
}

}  // namespace strata
