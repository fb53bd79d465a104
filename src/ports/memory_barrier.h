// Asymmetric barriers: one side pays for the order of both.
//
//   frequent side                        rare side
//     a.store(1, relaxed);                 b.store(1, relaxed);
//     light_barrier();                     heavy_barrier();
//     b.load(relaxed);                     a.load(relaxed);       // one of the two sees the
//     other's 1
//
// The heavy one interrupts every running thread of the process (membarrier(2), 0.2 to some us);
// the light one then costs nothing. Where the system has no such call, and under the thread
// sanitizer, both are full fences.
#pragma once

#include <atomic>

namespace strata::internal {

#if defined(__SANITIZE_THREAD__)
#define STRATA_FENCE_BY_EXCHANGE 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STRATA_FENCE_BY_EXCHANGE 1
#endif
#endif

extern const bool kHasHeavyBarrier;

inline void full_barrier() {
#if defined(STRATA_FENCE_BY_EXCHANGE)
  // The sanitizer does not know fences.
  static std::atomic<int> all{0};
  all.exchange(0, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

inline void light_barrier() {
  if (kHasHeavyBarrier) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    full_barrier();
  }
}

void heavy_barrier();

}  // namespace strata::internal
