// Threads that begin together.
#include "testkit/threads.h"

#include <barrier>
#include <string>
#include <vector>

#include "strata/ports/thread.h"

namespace strata::testkit {

void run_threads(std::size_t count, const std::function<void(std::size_t index)>& body) {
  std::barrier all_are_there(static_cast<std::ptrdiff_t>(count));
  std::vector<Thread> threads;
  threads.reserve(count);
  for (std::size_t index = 0; index < count; ++index) {
    threads.emplace_back("test " + std::to_string(index), [&all_are_there, &body, index] {
      all_are_there.arrive_and_wait();
      body(index);
    });
  }
}

}  // namespace strata::testkit
