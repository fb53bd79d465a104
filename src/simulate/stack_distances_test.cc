// Tests of StackDistances: against a list, and of the simulation that it is for.
#include "simulate/stack_distances.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <vector>

#include "simulate/simulation.h"
#include "simulate/test_traces.h"

namespace strata::simulate {
namespace {

TEST(StackDistances, AreThePlacesInAListOfLastRequests) {
  for (const std::uint64_t keys : {1u, 3u, 700u}) {
    const Trace trace = TraceMaker().zipf(0, keys, 60'000).take("zipf");
    StackDistances distances(trace.keys());
    std::list<KeyNumber> list;
    for (std::size_t i = 0; i < trace.requests.size(); ++i) {
      const auto found = std::find(list.begin(), list.end(), trace.requests[i]);
      const std::optional<std::uint64_t> distance = distances.request(trace.requests[i]);
      ASSERT_EQ(distance.has_value(), found != list.end()) << i;
      if (distance) {
        ASSERT_EQ(*distance, std::distance(list.begin(), found)) << i;
        list.erase(found);
      }
      list.push_front(trace.requests[i]);
    }
  }
}

// More keys than one group of blocks has places for, and places that move together in between.
TEST(StackDistances, OfALoopAreTheOthersInIt) {
  constexpr std::uint64_t kKeys = 50'000;
  const Trace trace = TraceMaker().loop(0, kKeys, 8).take("loop");
  StackDistances distances(trace.keys());
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    const std::optional<std::uint64_t> distance = distances.request(trace.requests[i]);
    ASSERT_EQ(distance.value_or(0), i < kKeys ? 0 : kKeys - 1);
  }
}

TEST(StackDistances, AllSizesAtOnceAreTheSameAsOneByOne) {
  Trace trace = TraceMaker()
                    .zipf(0, 4'000, 60'000)
                    .loop(10'000, 900, 10)
                    .twice(20'000, 5'000, 300)
                    .take("mixed");
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    trace.sizes.push_back(static_cast<std::uint32_t>(i % 90 + 10));
    trace.costs.push_back(static_cast<std::uint32_t>(i % 70));
  }
  const std::vector<std::uint64_t> sizes{1, 2, 100, 299, 300, 301, 899, 900, 901, 5'000, 1'000'000};
  const std::vector<SimulationResult> all = play_lru(trace, sizes);
  ASSERT_EQ(all.size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const SimulationResult one =
        play(trace, {.policy = memory::PolicyKind::kLru, .size = sizes[i]});
    EXPECT_EQ(all[i], one) << sizes[i];
  }
}

}  // namespace
}  // namespace strata::simulate
