// MachineMemory: how much memory is left, and a way to give some back. Tests inject what they like.
//
// Threads   Thread-safe.
// Errors    read() is kUnavailable for what is missing, empty or unreadable, kCorrupt for what
// makes
//           no sense; each names the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "strata/core/result.h"

namespace strata {

struct MemoryReading {
  std::uint64_t limit_bytes = 0;      // not 0
  std::uint64_t available_bytes = 0;  // of them; at most limit_bytes
  std::string source;                 // what sets the limit: "memory.max of /sys/fs/cgroup/shop"
};

class MachineMemory {
 public:
  virtual ~MachineMemory() = default;
  // Of all limits that there are, the one of which the least share is left.
  [[nodiscard]] virtual Result<MemoryReading> read() const = 0;
  // Hands what was freed in this process, and is kept for the next allocation, to the system. Takes
  // milliseconds, during which allocations may have to wait.
  virtual void give_back() = 0;
};

// Where Linux tells it. Another root for each is for tests.
struct MachineMemoryFiles {
  std::string proc = "/proc";
  std::string cgroups = "/sys/fs/cgroup";
};

// The limits of the process's control groups, version 2 or 1, and of those around them: memory.max
// and memory.high, or memory.limit_in_bytes. Pages of files that can be dropped count as available.
// And that of the machine: MemAvailable. Each is read anew.
[[nodiscard]] std::shared_ptr<MachineMemory> system_memory(MachineMemoryFiles files = {});

}  // namespace strata
