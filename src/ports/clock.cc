// The machine's clocks.
#include "strata/ports/clock.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string_view>

#include "core/assert.h"
#include "core/hash.h"
#include "strata/ports/random.h"

namespace strata {
namespace {

constexpr const char* kBootIdFile = "/proc/sys/kernel/random/boot_id";

std::int64_t read_ns(clockid_t clock) {
  timespec time{};
  const int failed = ::clock_gettime(clock, &time);
  STRATA_ASSERT(failed == 0);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// Where the kernel does not tell, every process takes itself for a boot of its own: what others
// wrote is then judged by the wall clock.
std::uint64_t read_boot_id() {
  std::array<char, 64> text{};
  const int file = ::open(kBootIdFile, O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? -1 : ::read(file, text.data(), text.size());
  if (file >= 0) ::close(file);
  if (size <= 0) return system_random()->next();
  return internal::hash64({text.data(), static_cast<std::size_t>(size)});
}

// now() is CLOCK_BOOTTIME: the only clock that is common to all processes, goes on while the
// machine sleeps, and never steps. It has no coarse variant, so coarse_now() adds to
// CLOCK_MONOTONIC_COARSE the time that the machine has slept so far, `slept`.
//
// Invariants:
// (1) `slept` never exceeds BOOTTIME - MONOTONIC, and never falls.
// (2) `slept` is what it was at some moment when the monotonic clock was at least `measured`.
//
// By (1), and since the coarse clock is behind the fine one, coarse_now() <= now(), and
// coarse_now() never goes back. By (2), a sleep is noticed kRemeasureNs of waking time after it
// at the latest: coarse_now() is late by that and a tick of the kernel (1 to 10 ms) at most.
//
// The difference is measured by reading BOOTTIME first. What passes between the two readings,
// preemption included, makes it too small, never too large, and the largest one seen is kept.
class SystemClock final : public Clock {
 public:
  SystemClock() : boot_id_(read_boot_id()) { measure(); }

  [[nodiscard]] Instant now() const override { return {Duration(read_ns(CLOCK_BOOTTIME))}; }

  [[nodiscard]] Instant coarse_now() const override {
    const std::int64_t monotonic = read_ns(CLOCK_MONOTONIC_COARSE);
    if (monotonic - measured_ns_.load(std::memory_order_relaxed) > kRemeasureNs) measure();
    return {Duration(monotonic + slept_ns_.load(std::memory_order_relaxed))};
  }

  [[nodiscard]] WallTime wall_now() const override { return {read_ns(CLOCK_REALTIME) / 1'000'000}; }

  [[nodiscard]] std::uint64_t boot_id() const override { return boot_id_; }

 private:
  static constexpr std::int64_t kRemeasureNs = 2'000'000;

  void measure() const {
    const std::int64_t coarse = read_ns(CLOCK_MONOTONIC_COARSE);
    const std::int64_t boot = read_ns(CLOCK_BOOTTIME);
    const std::int64_t slept = boot - read_ns(CLOCK_MONOTONIC);
    std::int64_t known = slept_ns_.load(std::memory_order_relaxed);
    while (slept > known &&
           !slept_ns_.compare_exchange_weak(known, slept, std::memory_order_relaxed)) {
    }
    measured_ns_.store(coarse, std::memory_order_relaxed);
  }

  const std::uint64_t boot_id_;
  mutable std::atomic<std::int64_t> slept_ns_{0};
  mutable std::atomic<std::int64_t> measured_ns_{0};
};

}  // namespace

std::shared_ptr<Clock> system_clock() { return std::make_shared<SystemClock>(); }

}  // namespace strata
