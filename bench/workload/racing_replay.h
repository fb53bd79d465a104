// Racing replay: a trace, dealt in small chunks to threads that share one memory tier.
//
// Beside a simulation it has what threads do to each other: uses that are lost because two marked
// an entry at once, misses of one key by two, and requests that overtake others.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simulate/trace.h"
#include "strata/memory/memory_tier.h"

namespace strata::bench {

struct RacingReplay {
  EvictionPolicy policy = EvictionPolicy::kAdaptive;
  std::uint64_t max_entries = 0;
  std::size_t shards = 1;
  std::size_t threads = 1;
};

// How many requests hit. A miss fills.
[[nodiscard]] std::uint64_t play_racing(const simulate::Trace& trace, const RacingReplay& replay);

}  // namespace strata::bench
