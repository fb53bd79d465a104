// run_threads: several threads at once, all joined before it returns.
#pragma once

#include <cstddef>
#include <functional>

namespace strata::testkit {

// Calls body(0), body(1), ... body(count - 1), each in a thread of its own. They begin together:
// none runs before all are there.
void run_threads(std::size_t count, const std::function<void(std::size_t index)>& body);

}  // namespace strata::testkit
