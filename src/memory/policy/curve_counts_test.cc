// Tests of CurveCounts: what a thinned sample leaves of the estimate.
#include "memory/policy/curve_counts.h"

#include <gtest/gtest.h>

#include "testkit/policy_bed.h"

namespace strata::memory {
namespace {

// All sizes see the keys of that level.
CurvePlan plan_of(std::uint8_t level) {
  CurvePlan plan;
  for (SampledShadow& follower : plan.followers) {
    follower.level = level;
    follower.limit = limit_of_level(level);
  }
  return plan;
}

class CurveCountsTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kWindow = 1 << 20;

  // Uses of the keys that are sampled at that level: each size misses one in `i + 1`, one in ten of
  // the keyspace 1 is gone, and as many as `lost` in a hundred are lost.
  void play(std::uint8_t level, KeyNumber keys, KeyNumber lost) {
    for (KeyNumber key = 0; key < keys; ++key) {
      now_.hits += key % 3 != 0 ? 1 : 0;
      now_.misses += key % 3 == 0 ? 1 : 0;
      Sample sample{.hash = hash_of(key), .kind = UseKind::kHit};
      if (sample_place(sample.hash) >= limit_of_level(level)) continue;
      if (key % 100 < lost) {
        counts_.count_lost(1);
        continue;
      }
      sample.keyspace = static_cast<std::uint8_t>(key / 100 % 2);
      if (sample.keyspace == 1 && key % 10 == 0) sample.kind = UseKind::kGone;
      std::array<bool, kCurvePoints> missed{};
      for (std::size_t i = 0; i < kCurvePoints; ++i) missed[i] = key % (i + 1) == 0;
      EXPECT_FALSE(counts_.count(sample, missed));
    }
  }
  void expect_same(const Curve& one, const Curve& other) {
    EXPECT_EQ(one.requests, other.requests);
    for (std::size_t i = 0; i < kCurvePoints; ++i) {
      EXPECT_NEAR(one.points[i].hit_ratio, other.points[i].hit_ratio, 1e-4) << i;
    }
    for (std::size_t k = 0; k < 2; ++k) {
      const double ratio = static_cast<double>(one.keyspaces[k].requests) /
                           static_cast<double>(other.keyspaces[k].requests);
      EXPECT_NEAR(ratio, 1, 0.01) << k;
    }
  }

  CurveCounts counts_;
  LookUps now_;
};

TEST_F(CurveCountsTest, WhatWasCountedCountsAtTheScaleOfAThinnedSample) {
  for (const KeyNumber lost : {0, 5}) {
    now_ = {};
    counts_.begin(plan_of(4), now_, kWindow);
    play(4, 40'000, lost);
    counts_.begin_window(now_);
    play(4, 40'000, lost);
    const Curve before = counts_.curve(now_);
    counts_.thin(plan_of(16), kWindow);
    const Curve thinned = counts_.curve(now_);
    expect_same(before, thinned);
    const double part = plan_of(16).followers[0].share() / plan_of(4).followers[0].share();
    EXPECT_NEAR(static_cast<double>(thinned.sampled), static_cast<double>(before.sampled) * part,
                9);
    EXPECT_NEAR(static_cast<double>(thinned.lost), static_cast<double>(before.lost) * part, 9);
    play(16, 80'000, lost);
    const Curve after = counts_.curve(now_);
    EXPECT_EQ(after.requests, 2 * before.requests);
    for (std::size_t i = 0; i < kCurvePoints; ++i) {
      EXPECT_NEAR(after.points[i].hit_ratio, before.points[i].hit_ratio, 0.02) << i;
    }
  }
}

}  // namespace
}  // namespace strata::memory
