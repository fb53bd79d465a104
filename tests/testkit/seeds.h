// for_each_seed: runs a random test with fixed seeds, and says which one failed.
//
//   for_each_seed(50, [](Random& random) { ... });
//
// Seeds are 1, 2, 3, ... The first that fails is printed and ends the test; with STRATA_SEED=7
// in the environment only seed 7 runs, once.
#pragma once

#include <cstdint>
#include <functional>

#include "testkit/random.h"

namespace strata::testkit {

void for_each_seed(std::uint64_t count, const std::function<void(Random& random)>& body);

}  // namespace strata::testkit
