// Tests of Belady's policy: against every choice that could be made.
#include "simulate/belady.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "simulate/test_traces.h"
#include "testkit/seeds.h"

namespace strata::simulate {
namespace {

// The most hits by trying every eviction.
std::uint64_t most_hits(const std::vector<KeyNumber>& requests, std::size_t at,
                        std::set<KeyNumber> held, std::size_t size) {
  std::uint64_t hits = 0;
  for (; at < requests.size(); ++at) {
    const KeyNumber key = requests[at];
    if (held.contains(key)) {
      ++hits;
      continue;
    }
    if (held.size() < size) {
      held.insert(key);
      continue;
    }
    std::uint64_t best = 0;
    for (const KeyNumber victim : held) {
      std::set<KeyNumber> left = held;
      left.erase(victim);
      left.insert(key);
      best = std::max(best, most_hits(requests, at + 1, left, size));
    }
    return hits + best;
  }
  return hits;
}

TEST(Belady, NobodyHitsMore) {
  testkit::for_each_seed(20, [](testkit::Random& random) {
    TraceMaker maker;
    for (int i = 0; i < 14; ++i) maker.request(random.below(6));
    const Trace trace = maker.take("random");
    for (const std::uint64_t size : {1u, 2u, 3u}) {
      EXPECT_EQ(play_belady(trace, {.size = size}).hits,
                most_hits(trace.requests, 0, {}, static_cast<std::size_t>(size)));
    }
  });
}

TEST(Belady, NoPolicyHitsMore) {
  const Trace trace = TraceMaker().zipf(0, 5'000, 20'000).loop(10'000, 700, 20).take("mixed");
  const std::uint64_t best = play_belady(trace, {.size = 500}).hits;
  for (const std::string_view name : memory::policy_names()) {
    const SimulationOptions options{.policy = *memory::parse_policy(name), .size = 500};
    EXPECT_LT(play(trace, options).hits, best) << name;
  }
}

TEST(Belady, BytesBoundItToo) {
  Trace trace = TraceMaker().loop(0, 4, 2).take("loop");
  trace.sizes = {10, 10, 10, 10, 10, 10, 10, 10};
  EXPECT_EQ(play_belady(trace, {.size = 40, .size_is_bytes = true}).hits, 4u);
  EXPECT_EQ(play_belady(trace, {.size = 9, .size_is_bytes = true}).hits, 0u);
}

}  // namespace
}  // namespace strata::simulate
