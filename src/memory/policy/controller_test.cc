// Tests of Controller: what it samples, what it chooses, and what it costs.
#include "memory/policy/controller.h"

#include <gtest/gtest.h>

#include <string_view>
#include <thread>
#include <vector>

#include "testkit/policy_bed.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

Capacity of(std::uint64_t entries) {
  return {.entries = entries, .max_entries = entries, .max_weight = 0};
}

void use(Controller& controller, KeyNumber key) {
  if (controller.samples(hash_of(key))) controller.offer({.hash = hash_of(key)});
}

// Each key comes twice, with half a capacity of others between: only who keeps newcomers for long
// hits.
void play_recency(Controller& controller, KeyNumber first, KeyNumber capacity) {
  for (KeyNumber i = 0; i < capacity * 40; ++i) {
    use(controller, first + i);
    if (i >= capacity / 4) use(controller, first + i - capacity / 4);
  }
}

void play_loop(Controller& controller, KeyNumber capacity) {
  for (KeyNumber i = 0; i < capacity * 60; ++i) use(controller, i % (capacity * 3 / 2));
}

TEST(Controller, SamplesOneKeyInAsManyAsItSays) {
  Controller controller;
  int sampled = 0;
  EXPECT_FALSE(controller.samples(hash_of(1))) << "of an unknown capacity";
  controller.change_capacity({}, of(1'000'000));
  for (KeyNumber key = 0; key < 4'000'000; ++key) sampled += controller.samples(hash_of(key));
  EXPECT_NEAR(sampled, 4 * 250, 150);
}

TEST(Controller, FollowsTheTraffic) {
  Controller controller;
  for (int shard = 0; shard < 4; ++shard) controller.change_capacity({}, of(1'000));
  EXPECT_EQ(controller.arm(), 0);
  play_recency(controller, 1'000'000, 4'000);
  EXPECT_FALSE(kArms[controller.arm()].has_horizon);
  play_loop(controller, 4'000);
  EXPECT_TRUE(kArms[controller.arm()].has_horizon);
  play_recency(controller, 10'000'000, 4'000);
  EXPECT_FALSE(kArms[controller.arm()].has_horizon);
  EXPECT_GE(controller.switches(), 3u);
}

TEST(Controller, StaysWithItsArmWhereNoneIsBetter) {
  Controller controller;
  controller.change_capacity({}, of(2'000));
  for (KeyNumber key = 0; key < 200'000; ++key) use(controller, key);
  EXPECT_EQ(controller.switches(), 0u) << "nobody hits";
}

TEST(Controller, MayBeOfferedByManyThreadsWhileShardsChange) {
  Controller controller;
  controller.change_capacity({}, of(500));
  std::vector<std::jthread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      testkit::Random random(static_cast<std::uint64_t>(number));
      std::uint64_t capacity = 0;
      for (int i = 0; i < 20'000; ++i) {
        use(controller, pick_key(random, 2'000));
        if (i % 2'000 == 0) {
          const std::uint64_t wanted = random.between(100, 4'000);
          controller.change_capacity(of(capacity), of(wanted));
          capacity = wanted;
        }
        ASSERT_LT(controller.arm(), kArms.size());
      }
      controller.change_capacity(of(capacity), {});
    });
  }
  threads.clear();
  EXPECT_EQ(controller.samples(0), true) << "a hash of zero is in every sample";
}

}  // namespace
}  // namespace strata::memory
