// Tests of CurvePlan: how large shadows are, and how much memory that is.
#include "memory/policy/curve_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "memory/policy/controller.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

Capacity entries(std::uint64_t count) {
  return {.entries = count, .max_entries = count, .max_weight = 0};
}

Capacity bytes(std::uint64_t count, std::uint64_t each) {
  return {.entries = count, .max_entries = 0, .max_weight = count * each};
}

TEST(CurvePlan, OfASmallCacheSeesEverything) {
  const CurvePlan plan = CurvePlan::of(entries(256));
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    EXPECT_EQ(plan.followers[i].limit, kSampleAll) << i;
    EXPECT_EQ(plan.followers[i].options.max_entries, 256 * kCurveSizes[i]) << i;
  }
}

TEST(CurvePlan, TheSampleIsAsThinAsTheShadowIsSmall) {
  for (std::uint64_t count = 1; count < (1ULL << 50); count = count * 3 / 2 + 1) {
    for (const Capacity& capacity : {entries(count), bytes(count, 100)}) {
      const CurvePlan plan = CurvePlan::of(capacity);
      for (std::size_t i = 0; i < kCurvePoints; ++i) {
        const SampledShadow& follower = plan.followers[i];
        ASSERT_LE(follower.limit, kSampleAll);
        ASSERT_GT(follower.limit, 0u);
        ASSERT_LE(follower.options.residents, Shadow::kResidentsMax);
        const double size = std::max(1.0, std::floor(static_cast<double>(count) * kCurveSizes[i]));
        if (follower.limit < 1'000 || size < 200) continue;
        const double held = capacity.max_weight == 0
                                ? static_cast<double>(follower.options.max_entries)
                                : static_cast<double>(follower.options.max_weight) / 100;
        EXPECT_NEAR(held / size, follower.share(), 0.03 * follower.share()) << count << " " << i;
      }
    }
  }
}

TEST(CurvePlan, AllOfItTakesAQuarterMebibyte) {
  for (std::uint64_t count = 1; count < (1ULL << 36); count = count * 5 / 4 + 1) {
    for (const Capacity& capacity : {entries(count), bytes(count, 100)}) {
      for (const EvictionAim aim : {EvictionAim::kRequests, EvictionAim::kBytes}) {
        const CurvePlan plan = CurvePlan::of(capacity, nullptr, aim);
        EXPECT_LE(plan.footprint_bytes_max() + sizeof(Controller) + sizeof(CurveCounts),
                  Controller::kFootprintBytesMax)
            << count << (capacity.max_weight == 0 ? " entries" : " entries, bounded by bytes");
      }
    }
  }
}

// What another size misses is compared with what the present one does on the same sample.
TEST(CurvePlan, ThePresentSizeSeesWhatTheOthersSee) {
  testkit::Random random(1);
  for (std::uint64_t count = 1; count < (1ULL << 36); count = count * 5 / 4 + 1) {
    for (const Capacity& capacity : {entries(count), bytes(count, 100)}) {
      CurvePlan former = CurvePlan::of(capacity);
      former.followers[random.below(kCurvePoints)].level += 3;
      former.followers[kOwnSize].level += 2;
      const CurvePlan plan = CurvePlan::of(capacity, &former);
      for (std::size_t i = 0; i < kCurvePoints; ++i) {
        EXPECT_LE(plan.followers[i].limit, plan.followers[kOwnSize].limit) << count << " " << i;
        EXPECT_GE(plan.followers[i].level, former.followers[i].level) << count << " " << i;
      }
    }
  }
}

// A key is in the sample of a level and in those before it.
TEST(CurvePlan, LevelsAreNestedSamples) {
  testkit::Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t place = random.below(kSampleAll) >> random.below(33);
    const std::uint8_t level = level_of(place);
    ASSERT_TRUE(level == kLevelMax || place < limit_of_level(level)) << place;
    if (level < kLevelMax) {
      ASSERT_GE(place, limit_of_level(static_cast<std::uint8_t>(level + 1))) << place;
    }
  }
  EXPECT_EQ(limit_of_level(0), kSampleAll);
  EXPECT_EQ(level_for(1), 0);
  EXPECT_EQ(level_for(0.5), 8);
  EXPECT_EQ(level_for(0.49), 9);
}

TEST(CurvePlan, OfAnUnknownCapacityIsNothing) {
  const CurvePlan plan = CurvePlan::of({});
  for (const SampledShadow& follower : plan.followers) EXPECT_EQ(follower.limit, 0u);
  for (const SampledShadow& trial : plan.trials) EXPECT_EQ(trial.limit, 0u);
}

}  // namespace
}  // namespace strata::memory
