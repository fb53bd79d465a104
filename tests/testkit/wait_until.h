// wait_until(): waits for something that another thread brings about by itself and soon. ctest's
// time-out ends a wait for what never comes.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace strata::testkit {

inline void wait_until(const std::function<bool()>& is_so) {
  while (!is_so()) std::this_thread::sleep_for(std::chrono::microseconds(200));
}

}  // namespace strata::testkit
