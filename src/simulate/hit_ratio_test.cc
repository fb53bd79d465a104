// What the policies are for: hit ratios on small traces with the patterns of real ones. A number
// that falls here is a policy that has become worse.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "simulate/belady.h"
#include "simulate/simulation.h"
#include "simulate/sizes.h"
#include "simulate/test_traces.h"

namespace strata::simulate {
namespace {

using Percents = std::map<std::string, double, std::less<>>;

Percents percents_of(const Trace& trace, std::uint64_t size, std::size_t shards = 1) {
  Percents percents;
  for (const std::string_view name : memory::policy_names()) {
    const SimulationOptions options{
        .policy = *memory::parse_policy(name), .size = size, .shards_max = shards};
    percents[std::string(name)] = play(trace, options).hit_ratio() * 100;
  }
  percents["belady"] = play_belady(trace, {.size = size}).hit_ratio() * 100;
  return percents;
}

double best_fixed(const Percents& percents) {
  double best = 0;
  for (const char* name : {"lru", "lfu", "s3fifo", "wtinylfu", "lirs"}) {
    best = std::max(best, percents.find(name)->second);
  }
  return best;
}

TEST(HitRatio, OfALoopThatDoesNotFitIsWhatFits) {
  const Trace trace = TraceMaker().loop(0, 1'000, 50).take("loop");
  const Percents percents = percents_of(trace, 800);
  EXPECT_LT(percents.at("lru"), 1);
  EXPECT_GT(percents.at("lirs"), 75);
  EXPECT_GT(percents.at("horizon"), 70);
  EXPECT_GT(percents.at("adaptive"), 73);
}

TEST(HitRatio, OfRecencyIsThatOfLru) {
  const Trace trace = TraceMaker().twice(0, 60'000, 200).take("twice");
  const Percents percents = percents_of(trace, 600);
  EXPECT_GT(percents.at("lru"), 49);
  EXPECT_GT(percents.at("adaptive"), 47.5);
}

TEST(HitRatio, OfPopularKeysIsNearTheBest) {
  const Trace trace = TraceMaker().zipf(0, 30'000, 200'000).take("zipf");
  for (const std::uint64_t size : {300u, 3'000u}) {
    const Percents percents = percents_of(trace, size);
    EXPECT_GT(percents.at("adaptive"), best_fixed(percents) - 1.0) << size;
    EXPECT_GT(percents.at("horizon"), best_fixed(percents) - 1.0) << size;
    EXPECT_GT(percents.at("adaptive"), percents.at("lru") + 2) << size;
  }
}

TEST(HitRatio, AScanDoesNotSpoilPopularKeys) {
  TraceMaker maker;
  for (std::uint64_t scan = 0; scan < 10; ++scan) {
    maker.zipf(0, 5'000, 10'000).loop(1'000'000 + scan * 10'000, 5'000, 1);
  }
  const Percents percents = percents_of(maker.take("scans"), 500);
  EXPECT_GT(percents.at("adaptive"), best_fixed(percents) - 0.7);
  EXPECT_GT(percents.at("adaptive"), percents.at("lru") + 2);
}

// From recency to a loop and back: no fixed policy is good at both.
TEST(HitRatio, FollowsShiftsOfThePattern) {
  const Trace trace = TraceMaker()
                          .twice(0, 60'000, 250)
                          .loop(1'000'000, 1'200, 100)
                          .twice(2'000'000, 60'000, 250)
                          .take("shift");
  for (const std::size_t shards : {1u, 4u}) {
    const Percents percents = percents_of(trace, 1'024, shards);
    EXPECT_GT(percents.at("adaptive"), best_fixed(percents) + 2) << shards;
    EXPECT_GT(percents.at("adaptive"), percents.at("belady") - 12) << shards;
  }
}

// Popular keys that differ in size, and in load cost by other bits of their hashes.
Trace sized_trace() {
  Trace trace = TraceMaker().zipf(0, 30'000, 200'000).take("sized");
  for (const KeyNumber key : trace.requests) {
    const std::uint64_t hash = trace.hashes[key];
    trace.sizes.push_back(
        static_cast<std::uint32_t>(100 + hash % (hash % 16 == 0 ? 20'000 : 1'000)));
    trace.costs.push_back(static_cast<std::uint32_t>(100U << (hash >> 60)));
  }
  return trace;
}

// Sizes that differ leave gaps, and nobody unproven is to slip through them.
TEST(HitRatio, OfEntriesThatDifferInSizeIsFarFromThatOfLru) {
  const Trace trace = sized_trace();
  const std::uint64_t all_bytes = whole_size(trace, true);
  const auto percent = [&](std::string_view name) {
    const SimulationOptions options{
        .policy = *memory::parse_policy(name), .size = all_bytes / 50, .size_is_bytes = true};
    return play(trace, options).hit_ratio() * 100;
  };
  const double lru = percent("lru");
  EXPECT_GT(percent("adaptive"), lru + 8);
  EXPECT_GT(percent("horizon"), lru + 8);
  EXPECT_GT(percent("s3fifo"), lru + 8);
  EXPECT_GT(percent("wtinylfu"), lru + 7);
  EXPECT_GT(percent("lirs"), lru + 6);
}

// Each aim is the best of the three at what it aims at, and by far.
TEST(HitRatio, EveryAimIsReachedBestByWhoAimsAtIt) {
  const Trace trace = sized_trace();
  const auto run = [&](EvictionAim aim) {
    return play(trace, {.policy = memory::PolicyKind::kAdaptive,
                        .policy_options = {.aim = aim},
                        .size = whole_size(trace, true) / 20,
                        .size_is_bytes = true});
  };
  const SimulationResult requests = run(EvictionAim::kRequests);
  const SimulationResult bytes = run(EvictionAim::kBytes);
  const SimulationResult cost = run(EvictionAim::kCost);
  EXPECT_GT(requests.hit_ratio(), bytes.hit_ratio() + 0.03);
  EXPECT_GT(requests.hit_ratio(), cost.hit_ratio() + 0.03);
  EXPECT_GT(bytes.byte_hit_ratio(), requests.byte_hit_ratio() + 0.03);
  EXPECT_GT(bytes.byte_hit_ratio(), cost.byte_hit_ratio() + 0.03);
  EXPECT_GT(cost.cost_saved(), requests.cost_saved() + 0.03);
  EXPECT_GT(cost.cost_saved(), bytes.cost_saved() + 0.03);
}

// The aim of bytes, where bytes are bounded, is the plain policy by its definition.
TEST(HitRatio, WhereAllAreAlikeTheAimMakesNoDifference) {
  Trace trace = TraceMaker().zipf(0, 5'000, 60'000).loop(10'000, 1'200, 20).take("alike");
  trace.sizes.assign(trace.requests.size(), 700);
  trace.costs.assign(trace.requests.size(), 5'000);
  for (const memory::PolicyKind kind :
       {memory::PolicyKind::kHorizon, memory::PolicyKind::kAdaptive}) {
    for (const bool is_bytes : {true, false}) {
      SimulationOptions options{.policy = kind, .size_is_bytes = is_bytes};
      options.size = is_bytes ? 700'000 : 1'000;
      options.policy_options.aim = is_bytes ? EvictionAim::kBytes : EvictionAim::kRequests;
      const SimulationResult plain = play(trace, options);
      for (const EvictionAim aim :
           {EvictionAim::kRequests, EvictionAim::kBytes, EvictionAim::kCost}) {
        options.policy_options.aim = aim;
        const SimulationResult result = play(trace, options);
        EXPECT_EQ(result.hits, plain.hits);
        EXPECT_EQ(result.switches, plain.switches);
      }
    }
  }
}

}  // namespace
}  // namespace strata::simulate
