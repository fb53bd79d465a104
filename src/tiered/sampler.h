// Sampler: says yes one time in N per thread, at the cost of an unshared counter.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/thread_slot.h"

namespace strata::internal {

class Sampler {
 public:
  // Precondition: one_in is a power of two.
  [[nodiscard]] bool sample(std::uint32_t one_in) {
    std::atomic<std::uint32_t>& count = counts_[thread_slot()].value;
    const std::uint32_t now = count.load(std::memory_order_relaxed);
    count.store(now + 1, std::memory_order_relaxed);  // a lost step only shifts the sample
    return (now & (one_in - 1)) == 0;
  }

 private:
  struct alignas(64) Padded {
    std::atomic<std::uint32_t> value{0};
  };
  std::array<Padded, kThreadSlots> counts_;
};

}  // namespace strata::internal
