// Traffic: the first phase. Readers read objects by popularity, while updaters change objects at
// their origins, invalidate each change by key, tag or source, and read it back at once.
//
// Threads   run_traffic() starts its own and joins them.
// Errors    An origin or an invalidation that fails. Reads that fail are counted.
#pragma once

#include <cstdint>
#include <memory>

#include "cli/demo/choice.h"
#include "cli/demo/figures.h"
#include "cli/demo/front.h"
#include "cli/demo/origins.h"
#include "cli/workload/progress.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"

namespace strata::demo {

struct TrafficOptions {
  std::uint64_t reads = 0;
  unsigned threads = 1;
  std::uint64_t seed = 0;
};

// How many updaters work beside the readers, and how many changes there are for the reads.
inline constexpr unsigned kUpdaters = 2;
inline constexpr std::uint64_t kReadsPerStep = 160;
inline constexpr std::uint64_t kMinSteps = 40;
inline constexpr std::uint64_t kMaxSteps = 400;

// Ends early, without an error, on an interrupt.
[[nodiscard]] Result<TrafficFigures> run_traffic(Origins& origins, Front& front,
                                                 const Choice& choice, const Clock& clock,
                                                 const TrafficOptions& options,
                                                 workload::Progress& progress);

}  // namespace strata::demo
