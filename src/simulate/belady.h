// Belady: how many requests a cache would answer that knows all of them beforehand.
//
// It evicts who is asked for again the latest: with entries of one size no cache hits more that
// holds what was asked for last. With sizes in bytes it is no bound, but hard to beat.
//
// Source: Belady: "A study of replacement algorithms for a virtual-storage computer", 1966.
#pragma once

#include "simulate/simulation.h"
#include "simulate/trace.h"

namespace strata::simulate {

// Of the options only the size matters.
[[nodiscard]] SimulationResult play_belady(const Trace& trace, const SimulationOptions& options);

}  // namespace strata::simulate
