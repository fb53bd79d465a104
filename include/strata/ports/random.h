// Random: where seeds, jitter and ids come from. Tests inject a seeded one.
//
// Threads   Thread-safe.
#pragma once

#include <cstdint>
#include <memory>

namespace strata {

class Random {
 public:
  virtual ~Random() = default;
  // Uniform over all 64-bit numbers.
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

// From the kernel's generator (getrandom).
[[nodiscard]] std::shared_ptr<Random> system_random();

// Reproducible: the same seed gives the same numbers in every build.
[[nodiscard]] std::shared_ptr<Random> seeded_random(std::uint64_t seed);

}  // namespace strata
