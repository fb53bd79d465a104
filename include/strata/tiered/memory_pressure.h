// Memory pressure: the byte bound of memory shrinks while the machine, or the process's control
// group, has too little memory left, and grows back when it has enough.
//
// Once in a second what is left is read. Below `share` of the limit, the bound falls to what memory
// holds less a sixteenth of the configured bound, each second anew, and not below
// limits::kPressedMemoryBytes. With half as much again (share + share / 2, or halfway to all if
// that is less) for five readings in a row, the bound grows back by up to a 32nd a second, but for
// no more than half of what is left beyond `share`. In between it stays. The bound moves in pieces,
// so that nobody waits for the removal of many entries.
//
//   Cache cache = CacheBuilder().memory({.max_bytes = 1 << 30, .pressure = 0.1}).build().value();
//
// Errors    A reading that fails changes nothing, and is said in MemoryPressureStats::reason.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "strata/ports/machine_memory.h"

namespace strata {

struct MemoryPressureOptions {
  // Behaviour.
  double share = 0;                          // to stay free, below 1; 0: nothing is read or changed
  std::shared_ptr<MachineMemory> machine{};  // none: system_memory()
};

enum class MemoryPressure {
  kOff,
  kNone,        // the bound is as configured
  kPressed,     // too little is left: the bound shrinks, or is at its least
  kRecovering,  // enough is left: the bound grows back
  kUnknown,     // what is left cannot be read: the bound stays
};
// "off", "none", "pressed", "recovering", "unknown"
[[nodiscard]] std::string_view to_string(MemoryPressure pressure);

struct MemoryPressureStats {
  MemoryPressure state = MemoryPressure::kOff;
  std::string reason;                      // of the state, for people
  std::uint64_t max_bytes = 0;             // the present bound
  std::uint64_t configured_max_bytes = 0;  // the one that it grows back to
  std::uint64_t limit_bytes = 0;           // of the last reading that succeeded
  std::uint64_t available_bytes = 0;       // likewise
};

}  // namespace strata
