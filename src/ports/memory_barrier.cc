#include "ports/memory_barrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace strata::internal {
namespace {

bool register_process() {
#if defined(STRATA_FENCE_BY_EXCHANGE)
  return false;
#else
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
#endif
}

}  // namespace

const bool kHasHeavyBarrier = register_process();

void heavy_barrier() {
  full_barrier();
  if (!kHasHeavyBarrier) return;
  // Registered, it fails for no reason that the manual knows.
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace strata::internal
