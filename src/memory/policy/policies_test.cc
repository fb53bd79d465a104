// Tests of what all policies have in common, and of their names.
#include "memory/policy/policies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "testkit/policy_bed.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

TEST(Policies, HaveNames) {
  for (const std::string_view name : policy_names()) {
    const Result<PolicyKind> kind = parse_policy(name);
    ASSERT_TRUE(kind) << name;
    EXPECT_EQ(to_string(*kind), name);
  }
}

TEST(Policies, AnUnknownNameIsRejectedWithThoseThatThereAre) {
  const Result<PolicyKind> kind = parse_policy("fifo");
  ASSERT_FALSE(kind);
  EXPECT_EQ(kind.error().code, ErrorCode::kRejected);
  EXPECT_EQ(kind.error().message,
            "there is no policy \"fifo\"; there are lru, lfu, s3fifo, wtinylfu, lirs, horizon, "
            "adaptive");
}

TEST(Policies, OnlyTheAdaptiveOneHasAController) {
  EXPECT_NE(make_policies(PolicyKind::kAdaptive, 2).controller, nullptr);
  EXPECT_EQ(make_policies(PolicyKind::kHorizon, 2).controller, nullptr);
  EXPECT_EQ(make_policies(PolicyKind::kAdaptive, 3).shards.size(), 3u);
}

class EveryPolicy : public testing::TestWithParam<PolicyKind> {
 protected:
  PolicySet set = make_policies(GetParam(), 1);
  Policy& policy = *set.shards[0];
};

TEST_P(EveryPolicy, EvictsEverybodyButTheSparedOne) {
  PolicyBed bed(policy, 100);
  EXPECT_EQ(policy.evict(nullptr), nullptr);
  for (KeyNumber key = 0; key < 50; ++key) {
    bed.insert(key);
    for (KeyNumber i = 0; i < key % 4; ++i) bed.hit(key);
  }
  for (int left = 49; left > 0; --left) {
    EXPECT_NE(bed.evict(7), kNobody);
    bed.check();
  }
  EXPECT_EQ(bed.evict(7), kNobody);
  EXPECT_TRUE(bed.holds(7));
  EXPECT_EQ(bed.evict(), 7u);
  EXPECT_EQ(policy.entries(), 0u);
}

TEST_P(EveryPolicy, KeepsToItsBoundsInARandomLife) {
  testkit::for_each_seed(5, [&](testkit::Random& random) {
    const PolicySet its = make_policies(GetParam(), 1);
    const std::uint64_t max_entries = random.one_in(3) ? 0 : random.between(1, 200);
    const std::uint64_t max_weight = max_entries != 0 && random.one_in(2) ? 0 : 10'000;
    PolicyBed bed(*its.shards[0], max_entries, max_weight);
    for (int step = 0; step < 6'000; ++step) {
      const KeyNumber key = pick_key(random, 600);
      const auto weight = static_cast<std::uint32_t>(random.between(0, 300));
      if (bed.holds(key) && random.one_in(10)) {
        bed.erase(key);
      } else if (bed.holds(key) && random.one_in(5)) {
        bed.replace(key, weight);
        while (bed.is_over() && bed.evict(key) != kNobody) {
        }
      } else {
        bed.request(key, weight);
      }
      ASSERT_TRUE(!bed.is_over() || bed.size() == 1) << "step " << step;
      if (step % 64 == 0) bed.check();
    }
  });
}

// The bound is set lower, and the shard follows by evictions; then higher.
TEST_P(EveryPolicy, FollowsABoundThatChanges) {
  PolicyBed bed(policy, 1'000);
  for (KeyNumber key = 0; key < 3'000; ++key) bed.request(key % 1'500);
  policy.set_bounds(50, 0);
  while (policy.entries() > 50) ASSERT_NE(bed.evict(), kNobody);
  bed.check();
  testkit::Random random(1);
  for (int i = 0; i < 2'000; ++i) {
    const KeyNumber key = pick_key(random, 200);
    bed.request(key);
    while (policy.entries() > 50) ASSERT_NE(bed.evict(key), kNobody);
  }
  bed.check();
  policy.set_bounds(500, 0);
  for (int i = 0; i < 5'000; ++i) bed.request(pick_key(random, 400));
  EXPECT_GE(policy.entries(), 390u) << "nobody leaves while there is room";
  bed.check();
}

// A hit ratio that only an order of eviction explains: nine in ten requests are for a tenth.
TEST_P(EveryPolicy, KeepsWhatIsAskedForMost) {
  PolicyBed bed(policy, 120);
  testkit::Random random(1);
  int hits = 0;
  for (int i = 0; i < 30'000; ++i) {
    hits += bed.request(random.one_in(10) ? random.below(1'000) : random.below(100)) ? 1 : 0;
  }
  EXPECT_GT(hits, 30'000 * 78 / 100);
}

// What it says of the entries, and then does. At the end all are as they were: nobody looked.
TEST_P(EveryPolicy, GivesUpFirstWhoStandsLowest) {
  constexpr std::size_t kHeld = 1'000;
  constexpr std::size_t kLeaving = 250;
  PolicyBed bed(policy, kHeld);
  testkit::Random random(1);
  for (int i = 0; i < 20'000; ++i) bed.request(random.below(1 + random.below(4'000)));

  std::vector<std::pair<std::uint32_t, KeyNumber>> ranked;
  for (KeyNumber key = 0; key < 4'000; ++key) {
    if (bed.holds(key)) ranked.emplace_back(policy.standing(bed.at(key)).rank, key);
  }
  ASSERT_EQ(ranked.size(), kHeld);
  std::sort(ranked.begin(), ranked.end());
  for (std::size_t i = 0; i < kLeaving; ++i) ASSERT_NE(bed.evict(), kNobody);
  const auto gone = [&](std::size_t from) {
    return std::count_if(
        ranked.begin() + static_cast<std::ptrdiff_t>(from),
        ranked.begin() + static_cast<std::ptrdiff_t>(from + kLeaving),
        [&](const std::pair<std::uint32_t, KeyNumber>& one) { return !bed.holds(one.second); });
  };
  EXPECT_GT(gone(0), static_cast<std::ptrdiff_t>(kLeaving * 3 / 5)) << "of the lowest quarter";
  EXPECT_LT(gone(kHeld - kLeaving), static_cast<std::ptrdiff_t>(kLeaving / 20)) << "the highest";
}

// Who is used all the time stands above those that never are, however the two came in.
TEST_P(EveryPolicy, WhoIsUsedStandsAboveWhoIsNot) {
  PolicyBed bed(policy, 200);
  for (KeyNumber key = 0; key < 1'000; ++key) {
    bed.request(key);
    for (KeyNumber used = 0; used < 5; ++used) bed.request(used);
  }
  for (KeyNumber used = 0; used < 5; ++used) {
    const Standing standing = policy.standing(bed.at(used));
    EXPECT_GT(standing.uses, 0u) << used;
    EXPECT_LE(standing.unused_for, 1u) << used;
    for (KeyNumber key = 5; key < 990; ++key) {
      if (!bed.holds(key)) continue;
      EXPECT_GT(standing.rank, policy.standing(bed.at(key)).rank) << used << " and " << key;
    }
  }
}

// A new value of a key stands where the former one stood.
TEST_P(EveryPolicy, WhatReplacesAnEntryStandsNoLower) {
  PolicyBed bed(policy, 100);
  for (KeyNumber key = 0; key < 300; ++key) {
    bed.request(key);
    bed.request(1);
  }
  const Standing before = policy.standing(bed.at(1));
  bed.replace(1);
  const Standing after = policy.standing(bed.at(1));
  EXPECT_GE(after.rank, before.rank);
  EXPECT_GE(after.uses, before.uses);
}

INSTANTIATE_TEST_SUITE_P(Policies, EveryPolicy,
                         testing::Values(PolicyKind::kLru, PolicyKind::kLfu, PolicyKind::kS3Fifo,
                                         PolicyKind::kWTinyLfu, PolicyKind::kLirs,
                                         PolicyKind::kHorizon, PolicyKind::kAdaptive),
                         [](const auto& test) { return std::string(to_string(test.param)); });

}  // namespace
}  // namespace strata::memory
