// The demo's phases after the traffic: a burst, an outage, a restart.
//
// Threads   Each starts its own and joins them.
// Errors    An origin, an invalidation or a cache that fails. Reads that fail are counted.
#pragma once

#include <functional>
#include <memory>

#include "cli/demo/choice.h"
#include "cli/demo/figures.h"
#include "cli/demo/front.h"
#include "cli/demo/origins.h"
#include "cli/demo/victim.h"
#include "cli/workload/progress.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"

namespace strata::demo {

inline constexpr unsigned kBurstThreads = 100;
inline constexpr unsigned kBurstReadsPerThread = 10;  // all but one of them asynchronous
inline constexpr std::size_t kOutageKeys = 200;
inline constexpr std::size_t kOutageOddKeys = 5;  // changed meanwhile; and so many unknown ones
inline constexpr unsigned kOutageRounds = 3;
inline constexpr std::size_t kRestartPackages = 500;
inline constexpr std::size_t kRestartPlaces = 50;

// Everyone reads the same object, which is in no tier, before its origin has answered anyone.
[[nodiscard]] Result<BurstFigures> run_burst(Origins& origins, Front& front, ObjectId package,
                                             const Clock& clock, workload::Progress& progress);

// The HTTP origin fails while values are past their ttl and within keep_for.
[[nodiscard]] Result<OutageFigures> run_outage(Origins& origins, Front& front, const Choice& choice,
                                               const Clock& clock, workload::Progress& progress);

// The cache is closed just after an invalidation and opened again on the same file.
// `open` makes a front; `front` is the one to close, and then the new one.
using OpenFront = std::function<Result<std::unique_ptr<Front>>()>;
[[nodiscard]] Result<RestartFigures> run_restart(Origins& origins, std::unique_ptr<Front>& front,
                                                 const OpenFront& open, const Choice& choice,
                                                 const Clock& clock, workload::Progress& progress);

// The same, but the cache is the victim's, which is killed just after an invalidation. `victim`
// reads through `victims`, whose cache_path `open` opens then.
[[nodiscard]] Result<RestartFigures> run_kill(Origins& origins, Victim& victim,
                                              const FrontOptions& victims, const OpenFront& open,
                                              const Choice& choice, const Clock& clock,
                                              workload::Progress& progress);

}  // namespace strata::demo
