// Yield points: named places in the protocol where a test may hold a thread.
//
// STRATA_YIELD("sqlite.read.selected") calls the installed hook in builds with
// STRATA_YIELD_POINTS, or the calling thread's scheduler (core/scheduler.h) if it has one; it is
// nothing in other builds. No lock may be held at a yield point, but the per-key turn of puts.
#pragma once

#if defined(STRATA_YIELD_POINTS)
#include <functional>

namespace strata::testing {
// Replaces the hook; an empty one removes it. Not while other threads run Strata's code.
void set_yield_hook(std::function<void(const char* point)> hook);
void yield(const char* point);
}  // namespace strata::testing
#define STRATA_YIELD(point) ::strata::testing::yield(point)
#else
#define STRATA_YIELD(point) static_cast<void>(0)
#endif
