// What guards a tier or a source from being asked too much, and has done so far: BreakerStats of
// a breaker, SourceStats of a source with its bulkhead. Counters never decrease.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace strata {

enum class BreakerState : std::uint8_t {
  kOff,       // there is no breaker
  kClosed,    // calls are made
  kOpen,      // no call is made
  kHalfOpen,  // one call is made, to see whether others may be
};
// "off", "closed", "open", "half-open"
[[nodiscard]] std::string_view to_string(BreakerState state);

struct BreakerStats {
  BreakerState state = BreakerState::kOff;
  std::uint64_t opened = 0;    // times that it stopped calls; a probe that fails does so again
  std::uint64_t failures = 0;  // calls that failed or were too slow
  std::uint64_t slow = 0;      // of those, the slow ones
  std::uint64_t skipped = 0;   // calls that were not made
};

struct SourceStats {
  std::string name;
  BreakerStats breaker;
  std::string reason;              // why calls are not made, for people; empty while they are
  std::size_t max_concurrent = 0;  // 0: no limit
  std::size_t max_waiting = 0;
  std::size_t running = 0;    // loads, now
  std::size_t waiting = 0;    // callers that wait for one of those to end, now
  std::uint64_t refused = 0;  // callers for whom there was no room
};

}  // namespace strata
