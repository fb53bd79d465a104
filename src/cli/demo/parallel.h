// for_each_object(): calls a function for each of many objects, from kPhaseThreads threads.
//
// Threads   Returns when every call has returned. The calls run concurrently, in any order.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <vector>

#include "cli/demo/objects.h"
#include "cli/workload/interrupt.h"
#include "strata/ports/thread.h"

namespace strata::demo {

inline constexpr unsigned kPhaseThreads = 16;  // they wait for the origin, most of the time

// On an interrupt the rest is left out.
inline void for_each_object(std::span<const ObjectId> objects,
                            const std::function<void(ObjectId)>& call) {
  std::atomic<std::size_t> next{0};
  std::vector<Thread> running;
  for (unsigned i = 0; i < kPhaseThreads; ++i) {
    running.emplace_back("demo-reader", [&] {
      for (std::size_t at = next++; at < objects.size() && !workload::Interrupt::seen();
           at = next++) {
        call(objects[at]);
      }
    });
  }
  for (Thread& thread : running) thread.join();
}

}  // namespace strata::demo
