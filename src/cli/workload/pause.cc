// Waits in slices.
#include "cli/workload/pause.h"

#include <algorithm>
#include <chrono>

#include "cli/workload/interrupt.h"
#include "core/mutex.h"

namespace strata::workload {

void pause(Duration how_long, const Clock& clock) {
  Mutex mutex;
  CondVar nobody;
  const Instant end = saturating_add(clock.now(), how_long);
  const MutexLock lock(mutex);
  for (Duration left = how_long; left > Duration(0) && !Interrupt::seen();
       left = between(clock.now(), end)) {
    nobody.wait_for(mutex, std::min<Duration>(left, std::chrono::milliseconds(50)));
  }
}

}  // namespace strata::workload
