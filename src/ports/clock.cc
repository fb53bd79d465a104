// The machine's clocks.
#include "strata/ports/clock.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "core/assert.h"
#include "core/hash.h"
#include "ports/boot_clock.h"
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

struct SystemReader {
  [[nodiscard]] std::int64_t boottime_ns() const { return read_ns(CLOCK_BOOTTIME); }
  [[nodiscard]] std::uint64_t ticks() const {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
  }
};

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

class SystemClock final : public Clock {
 public:
  SystemClock() : boot_id_(read_boot_id()) {}

  [[nodiscard]] Instant now() const override { return clock_.now(); }
  [[nodiscard]] Instant coarse_now() const override { return clock_.coarse_now(); }
  [[nodiscard]] WallTime wall_now() const override { return {read_ns(CLOCK_REALTIME) / 1'000'000}; }
  [[nodiscard]] std::uint64_t boot_id() const override { return boot_id_; }

 private:
  const std::uint64_t boot_id_;
  const internal::BootClock<SystemReader> clock_;
};

}  // namespace

// Not in the header: callers would compare with it before each call.
Instant Clock::coarse_now() const { return now(); }

std::shared_ptr<Clock> system_clock() { return std::make_shared<SystemClock>(); }

}  // namespace strata
