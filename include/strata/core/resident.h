// Resident: what an eviction policy keeps with each entry that it decides about.
//
// Threads   `uses` and `last_use` are written by readers at any time, without a lock; the rest is
//           guarded by the lock of the tier that has the entry.
#pragma once

#include <atomic>
#include <cstdint>

namespace strata {

struct Resident {
  Resident* next = nullptr;  // in the queue that it is in
  union {
    Resident* previous = nullptr;
    std::uint64_t left;  // of one that has left the tier: why, or in which epoch
  };
  std::uint64_t hash = 0;                  // of its key; the same for equal keys
  std::uint32_t weight = 0;                // what it takes of the bound in bytes
  std::atomic<std::uint16_t> last_use{0};  // in the policy's coarse time
  std::atomic<std::uint8_t> uses{0};       // saturates
  std::uint8_t queue_and_cost = 0;         // memory/policy/resident.h reads and writes it

  Resident() = default;
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;
};

}  // namespace strata
