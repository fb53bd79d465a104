// Tests of LirsNodes: against a map.
#include "memory/policy/lirs_nodes.h"

#include <gtest/gtest.h>

#include <map>

#include "testkit/seeds.h"

namespace strata::memory {
namespace {

TEST(LirsNodes, FindsWhatWasAddedAndNothingElse) {
  testkit::for_each_seed(5, [](testkit::Random& random) {
    LirsNodes nodes;
    std::map<std::uint64_t, LirsIndex> model;
    for (int step = 0; step < 20'000; ++step) {
      // Multiples of a power of two: a table that took the low bits would be one chain.
      const std::uint64_t hash = random.below(3'000) << 20;
      const LirsIndex found = nodes.find(hash);
      const auto known = model.find(hash);
      ASSERT_EQ(found, known == model.end() ? kNoNode : known->second);
      if (found == kNoNode) {
        model[hash] = nodes.add(hash);
        ASSERT_EQ(nodes[model[hash]].hash, hash);
      } else if (random.one_in(3)) {
        nodes.erase(found);
        model.erase(hash);
      }
      ASSERT_EQ(nodes.size(), model.size());
    }
    EXPECT_LE(nodes.footprint_bytes(), 3'000u * 48 + 64 * 1024);
  });
}

}  // namespace
}  // namespace strata::memory
