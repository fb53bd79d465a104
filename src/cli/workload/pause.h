// pause(): waits, as a slow origin makes its callers wait.
//
// Threads   Thread-safe.
#pragma once

#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::workload {

// Lets `how_long` go by, or less on an interrupt (interrupt.h), which is noticed within 50 ms.
void pause(Duration how_long, const Clock& clock);

}  // namespace strata::workload
