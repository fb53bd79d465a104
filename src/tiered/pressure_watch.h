// PressureWatch: reads the machine's memory once in a second, and moves the byte bound of a hot
// tier as PressureControl decides.
//
// Promise    The bound moves down in pieces, one for each task of the executor, so that neither a
//            writer nor another task waits for the removal of many entries. What the log is told:
//            one line for each change of state.
// Threads    Thread-safe.
// Lifetime   The tier outlives end().
// Time       A bound that somebody else sets is found at the next reading, and is taken as the one
//            that is configured.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "strata/ports/hot_tier.h"
#include "strata/ports/log.h"
#include "strata/tiered/memory_pressure.h"
#include "tiered/periodic.h"
#include "tiered/pressure_control.h"

namespace strata::internal {

class PressureWatch {
 public:
  static constexpr Duration kPeriod = std::chrono::seconds(1);
  static constexpr std::uint64_t kPieceBytes = 512u << 10;

  using Log = std::function<void(LogLevel level, std::string message)>;

  PressureWatch(MemoryPressureOptions options, PeriodicPorts ports, HotTier& tier, Log log);

  // Once. Does nothing if it is off.
  void start();
  // Safe to repeat. The bound stays as it is.
  void end();
  [[nodiscard]] MemoryPressureStats stats() const;

 private:
  bool work();
  void read(const TierStats& tier);
  bool move(const TierStats& tier);
  void tell(MemoryPressure former) const;
  void publish();

  const MemoryPressureOptions options_;
  HotTier& tier_;
  const Log log_;

  // Used by work() alone, which never runs twice at once.
  PressureControl control_;
  std::uint64_t bound_ = 0;   // that was set last
  std::uint64_t target_ = 0;  // where it is going
  std::optional<MemoryReading> reading_;

  mutable Mutex mutex_;
  MemoryPressureStats stats_ STRATA_GUARDED_BY(mutex_);
  Periodic periodic_;  // last: it ends first
};

}  // namespace strata::internal
