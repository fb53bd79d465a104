// guarded_tier(): a tier that is passed over while it fails or is slow.
//
// Reads and fills are what a cache can do without, so they are guarded, each kind by a Breaker of
// its own. While that is open, reads are misses and fills are declined, at once. Everything that a
// promise rests on (invalidate, expire, put, touch, position) always goes to the tier: what was
// made wrong while a breaker was open is wrong when it closes. docs/resilience.md has it all.
//
//   auto tier = guarded_tier(std::move(sqlite), {.timeout = 100ms}, {clock, executor, log});
//
// A read that begins while the tier is well runs in its caller's thread, because a change of
// threads costs more than the read. Its deadline is the time-out at the latest; a tier that heeds
// deadlines answers by then. One that does not holds up the callers that are in it already, at
// most max_waiting: once nothing has come back for as long as the time-out, the breaker opens, and
// further callers go on without it. The read that tries an open tier again runs on the executor, so
// nobody waits for it, and its record is dropped; what it throws counts as a failure. While two of
// those have not come back none is begun.
//
// Promise   Tier's, for whatever the tier below keeps.
// Threads   As Tier's. close() waits for a read that tries the tier again, as long as its deadline
//           allows; none begins later.
// Errors    Those of the tier. A read that is not made is a miss; without `graceful` it is
//           kUnavailable. kClosed and kRejected, and a deadline of the caller's own, are nobody's
//           failure.
// Callbacks The log: one line when a breaker opens or closes. The tier's removal listener.
#pragma once

#include <cstddef>
#include <memory>

#include "strata/core/time.h"
#include "strata/load/breaker.h"
#include "strata/ports/clock.h"
#include "strata/ports/executor.h"
#include "strata/ports/log.h"
#include "strata/ports/tier.h"

namespace strata {

struct TierGuardOptions {
  // Of reads, and another one of fills. `failures` of 0 takes the guard away.
  BreakerOptions breaker{};
  // Of a read or fill, or 100 keys of a batch: their deadline; what takes as long is a failure.
  Duration timeout = std::chrono::milliseconds(250);
  // How many reads, and how many fills, may be in the tier at a time; further ones are skipped.
  std::size_t max_waiting = 256;
};

struct TierGuardParts {
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Executor> executor{};  // none: who comes first when it is due tries the tier
  LogSink log{};
  bool graceful = true;  // false: a read that is not made is an error
};

// The tier itself, if the options take the guard away.
[[nodiscard]] std::unique_ptr<Tier> guarded_tier(std::unique_ptr<Tier> tier,
                                                 TierGuardOptions options, TierGuardParts parts);

// Ok, or kRejected naming the option that is out of range.
[[nodiscard]] Result<void> check_guard(const TierGuardOptions& options);
[[nodiscard]] Result<void> check_breaker(const BreakerOptions& options);

}  // namespace strata
