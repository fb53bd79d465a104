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

void use(Controller& controller, KeyNumber key) {
  if (controller.samples(hash_of(key))) controller.offer(hash_of(key));
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

TEST(Controller, ShadowsAreAsLargeAsTheyHaveToBe) {
  const auto expect = [](std::uint64_t capacity, std::uint32_t rate, std::uint32_t residents) {
    EXPECT_EQ(Sampling::of(capacity).rate, rate) << capacity;
    EXPECT_EQ(Sampling::of(capacity).residents, residents) << capacity;
  };
  expect(10, 1, 10);
  expect(255, 1, 255);
  expect(256, 2, 128);
  expect(2'047, 8, 255);
  expect(2'048, 16, 128);
  expect(8'191, 16, 511);
  expect(16'384, 32, 512);
  expect(1'000'000, 1'024, 976);
  for (std::uint64_t capacity = 1; capacity < UINT64_MAX / 3; capacity = capacity * 3 / 2 + 1) {
    EXPECT_LE(Sampling::of(capacity).residents, Shadow::kResidentsMax) << capacity;
  }
}

TEST(Controller, SamplesOneKeyInAsManyAsItSays) {
  Controller controller;
  int sampled = 0;
  EXPECT_FALSE(controller.samples(hash_of(1))) << "of an unknown capacity";
  controller.change_capacity(0, 1'000'000);
  for (KeyNumber key = 0; key < 1'024'000; ++key) sampled += controller.samples(hash_of(key));
  EXPECT_NEAR(sampled, 1'000, 150);
}

TEST(Controller, FollowsTheTraffic) {
  Controller controller;
  for (int shard = 0; shard < 4; ++shard) controller.change_capacity(0, 1'000);
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
  controller.change_capacity(0, 2'000);
  for (KeyNumber key = 0; key < 200'000; ++key) use(controller, key);
  EXPECT_EQ(controller.switches(), 0u) << "nobody hits";
}

TEST(Controller, TakesLittleMemoryWhateverTheCapacity) {
  for (const std::uint64_t capacity : {100ULL, 255ULL, 16'383ULL, 1'000'000ULL, 1'000'000'000ULL}) {
    Controller controller;
    controller.change_capacity(0, capacity);
    for (KeyNumber key = 0, sampled = 0; sampled < 2'000; ++key) {
      sampled += controller.samples(hash_of(key));
      use(controller, key);
      if (key == 2'000'000) break;
    }
    EXPECT_LE(controller.footprint_bytes(), 160u * 1024) << capacity;
  }
}

TEST(Controller, MayBeOfferedByManyThreadsWhileShardsChange) {
  Controller controller;
  controller.change_capacity(0, 500);
  std::vector<std::jthread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      testkit::Random random(static_cast<std::uint64_t>(number));
      std::uint64_t capacity = 0;
      for (int i = 0; i < 20'000; ++i) {
        use(controller, pick_key(random, 2'000));
        if (i % 2'000 == 0) {
          const std::uint64_t wanted = random.between(100, 4'000);
          controller.change_capacity(capacity, wanted);
          capacity = wanted;
        }
        ASSERT_LT(controller.arm(), kArms.size());
      }
      controller.change_capacity(capacity, 0);
    });
  }
  threads.clear();
  EXPECT_EQ(controller.samples(0), true) << "a hash of zero is in every sample";
}

}  // namespace
}  // namespace strata::memory
