// The kernel's generator, and a reproducible one.
#include "strata/ports/random.h"

#include <sys/random.h>

#include <atomic>
#include <cerrno>

#include "core/assert.h"

namespace strata {
namespace {

class SystemRandom final : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override {
    std::uint64_t value = 0;
    ssize_t size = 0;
    do {
      size = ::getrandom(&value, sizeof value, 0);
    } while (size < 0 && errno == EINTR);
    STRATA_ASSERT(size == sizeof value);
    return value;
  }
};

// SplitMix64 (Steele, Lea, Flood 2014): a counter, and a bijection that hides it. Drawing is one
// atomic addition, so threads never draw the same number.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : counter_(seed) {}

  [[nodiscard]] std::uint64_t next() override {
    std::uint64_t bits = counter_.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
    return bits ^ (bits >> 31);
  }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;
  std::atomic<std::uint64_t> counter_;
};

}  // namespace

std::shared_ptr<Random> system_random() { return std::make_shared<SystemRandom>(); }

std::shared_ptr<Random> seeded_random(std::uint64_t seed) {
  return std::make_shared<SeededRandom>(seed);
}

}  // namespace strata
