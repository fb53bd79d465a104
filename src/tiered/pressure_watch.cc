#include "tiered/pressure_watch.h"

#include <algorithm>
#include <utility>

namespace strata::internal {

PressureWatch::PressureWatch(MemoryPressureOptions options, PeriodicPorts ports, HotTier& tier,
                             Log log)
    : options_(std::move(options)),
      tier_(tier),
      log_(std::move(log)),
      control_(options_.share, tier.stats().max_bytes),
      bound_(control_.configured_max_bytes()),
      target_(bound_),
      periodic_(std::move(ports), kPeriod, [this] { return work(); }) {}

void PressureWatch::start() {
  if (!(options_.share > 0)) return;
  publish();
  periodic_.start();
}

void PressureWatch::end() { periodic_.end(); }

MemoryPressureStats PressureWatch::stats() const {
  if (options_.share > 0) {
    const MutexLock lock(mutex_);
    return stats_;
  }
  const std::uint64_t max_bytes = tier_.stats().max_bytes;
  return {.reason = "it is not to stay below a share of the machine's memory",
          .max_bytes = max_bytes,
          .configured_max_bytes = max_bytes};
}

bool PressureWatch::work() {
  const TierStats tier = tier_.stats();
  if (tier.max_bytes != bound_) {
    control_.configure(tier.max_bytes);
    bound_ = target_ = tier.max_bytes;
  }
  if (bound_ == 0) {  // It is off, and to stay so.
    publish();
    return false;
  }
  if (target_ == bound_) read(tier);
  const bool more = target_ != bound_ && move(tier);
  publish();
  return more;
}

void PressureWatch::read(const TierStats& tier) {
  const MemoryPressure former = control_.state();
  const Result<MemoryReading> reading = options_.machine->read();
  target_ = control_.decide(reading, bound_, tier.bytes);
  if (reading) reading_ = *reading;
  if (control_.state() != former) tell(former);
}

// Returns whether it has not arrived yet. What is not used goes in one piece; and no further piece
// before the last one is gone, which may take several calls.
bool PressureWatch::move(const TierStats& tier) {
  const bool shrinks = target_ < bound_;
  std::uint64_t next = target_;
  if (shrinks) {
    const std::uint64_t held = std::max(std::min(bound_, tier.bytes), target_);
    next = tier.bytes > bound_ ? bound_ : held - std::min(held - target_, kPieceBytes);
  }
  if (!tier_.resize_bytes(bound_, next)) return true;  // The user was faster.
  bound_ = next;
  if (bound_ != target_) return true;
  if (shrinks) options_.machine->give_back();
  return false;
}

void PressureWatch::tell(MemoryPressure former) const {
  const std::string bound = describe_size(bound_);
  const std::string configured = describe_size(control_.configured_max_bytes());
  switch (control_.state()) {
    case MemoryPressure::kPressed:
      return log_(LogLevel::kWarning, "memory is short: " + control_.reason() +
                                          "; the bound of memory shrinks from " + bound);
    case MemoryPressure::kUnknown:
      return log_(LogLevel::kWarning,
                  "how much memory is left cannot be read: " + control_.reason() +
                      "; the bound of memory stays " + bound);
    case MemoryPressure::kRecovering:
      return log_(LogLevel::kInfo, "there is memory again: " + control_.reason() +
                                       "; the bound of memory grows from " + bound + " to " +
                                       configured);
    case MemoryPressure::kNone:
      return log_(LogLevel::kInfo, (former == MemoryPressure::kUnknown
                                        ? "how much memory is left can be read again: "
                                        : "memory is no longer short: ") +
                                       control_.reason() + "; the bound of memory is " + bound);
    case MemoryPressure::kOff:
      return;
  }
}

void PressureWatch::publish() {
  MemoryPressureStats stats{.state = bound_ == 0 ? MemoryPressure::kOff : control_.state(),
                            .reason = bound_ == 0 ? "memory may hold 0 bytes" : control_.reason(),
                            .max_bytes = bound_,
                            .configured_max_bytes = control_.configured_max_bytes()};
  if (reading_) {
    stats.limit_bytes = reading_->limit_bytes;
    stats.available_bytes = reading_->available_bytes;
  }
  const MutexLock lock(mutex_);
  stats_ = std::move(stats);
}

}  // namespace strata::internal
