// settle_by(): waits for a flush that may take long, and notices Ctrl-C meanwhile.
#pragma once

#include <chrono>

#include "cli/workload/interrupt.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::benchmark {

inline constexpr Duration kSettlePatience = std::chrono::minutes(10);

// Calls `flush(deadline)` until it does not run into its deadline. On an interrupt: ok.
template <typename Flush>
Result<void> settle_by(const Clock& clock, Flush flush) {
  constexpr auto kSlice = std::chrono::milliseconds(100);
  const Instant end = saturating_add(clock.now(), kSettlePatience);
  while (true) {
    const Result<void> flushed = flush(Deadline{saturating_add(clock.now(), kSlice)});
    if (flushed || workload::Interrupt::seen()) return {};
    if (flushed.error().code != ErrorCode::kDeadlineExceeded || clock.now() > end) return flushed;
  }
}

}  // namespace strata::benchmark
