// Resident, as the policies call it.
#pragma once

#include <atomic>
#include <cstdint>

#include "strata/core/resident.h"

namespace strata::memory {

using strata::Resident;

// Four bits of the queue that an entry is in, 0: in none, which are written under the lock and may
// be read without it; and four of the class of what loading it took, 0: not known, which are
// written before it is published.
[[nodiscard]] inline std::uint8_t queue_of(const Resident& entry) {
  return entry.queue_and_cost & 0xf;
}
inline void set_queue(Resident& entry, std::uint8_t queue) {
  const auto both = static_cast<std::uint8_t>((entry.queue_and_cost & 0xf0) | queue);
  std::atomic_ref<std::uint8_t>(entry.queue_and_cost).store(both, std::memory_order_relaxed);
}
[[nodiscard]] inline std::uint8_t seen_queue(const Resident& entry) {
  auto& both = const_cast<std::uint8_t&>(entry.queue_and_cost);
  return std::atomic_ref<std::uint8_t>(both).load(std::memory_order_relaxed) & 0xf;
}
[[nodiscard]] inline std::uint8_t cost_class_of(const Resident& entry) {
  return entry.queue_and_cost >> 4;
}
inline void set_cost_class(Resident& entry, std::uint8_t cost_class) {
  entry.queue_and_cost = static_cast<std::uint8_t>((entry.queue_and_cost & 0xf) | cost_class << 4);
}

}  // namespace strata::memory
