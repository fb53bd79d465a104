// Tests of simulations: that they do what a cache does, within the bounds and in shards.
#include "simulate/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>

#include "simulate/test_traces.h"

namespace strata::simulate {
namespace {

using memory::PolicyKind;

TEST(Simulation, OfLruHitsWhatAListOfKeysHits) {
  const Trace trace = TraceMaker().zipf(0, 2'000, 20'000).take("zipf");
  std::list<KeyNumber> keys;
  std::uint64_t hits = 0;
  for (const KeyNumber key : trace.requests) {
    const auto found = std::find(keys.begin(), keys.end(), key);
    if (found != keys.end()) {
      ++hits;
      keys.erase(found);
    }
    keys.push_front(key);
    if (keys.size() > 100) keys.pop_back();
  }
  const SimulationResult result = play(trace, {.policy = PolicyKind::kLru, .size = 100});
  EXPECT_EQ(result.requests, 20'000u);
  EXPECT_EQ(result.hits, hits);
}

TEST(Simulation, ACacheOfEverythingHitsAllButTheFirstRequests) {
  const Trace trace = TraceMaker().zipf(0, 2'000, 20'000).take("zipf");
  for (const std::string_view name : memory::policy_names()) {
    for (const std::size_t shards : {1u, 4u}) {
      const SimulationOptions options{
          .policy = *memory::parse_policy(name), .size = 4'000, .shards_max = shards};
      EXPECT_EQ(play(trace, options).hits, 20'000 - trace.keys()) << name;
    }
  }
}

TEST(Simulation, ShardsHitAboutWhatOneHits) {
  const Trace trace = TraceMaker().zipf(0, 40'000, 100'000).take("zipf");
  for (const std::string_view name : memory::policy_names()) {
    SimulationOptions options{.policy = *memory::parse_policy(name), .size = 4'096};
    const double one = play(trace, options).hit_ratio();
    options.shards_max = 16;
    EXPECT_NEAR(play(trace, options).hit_ratio(), one, 0.01) << name;
  }
}

TEST(Simulation, BytesBoundWhatIsHeld) {
  Trace trace = TraceMaker().zipf(0, 2'000, 30'000).take("zipf");
  for (const KeyNumber key : trace.requests) trace.sizes.push_back(key % 90 + 10);
  std::uint64_t all_bytes = 0;
  for (KeyNumber key = 0; key < trace.keys(); ++key) all_bytes += key % 90 + 10;
  for (const std::string_view name : memory::policy_names()) {
    SimulationOptions options{.policy = *memory::parse_policy(name), .size_is_bytes = true};
    options.size = all_bytes;
    EXPECT_EQ(play(trace, options).hits, 30'000 - trace.keys()) << name;
    options.size = all_bytes / 10;
    const double tenth = play(trace, options).hit_ratio();
    EXPECT_GT(tenth, 0.45) << name;
    EXPECT_LT(tenth, 0.90) << name;
    options.size = 5;
    EXPECT_EQ(play(trace, options).hits, 0u) << name << ": nobody fits";
  }
}

}  // namespace
}  // namespace strata::simulate
