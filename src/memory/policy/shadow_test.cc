// Tests of Shadow: against the model of the rules, for each arm.
#include "memory/policy/shadow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "memory/policy/horizon.h"
#include "testkit/horizon_model.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

// It knows keys by 32 bits of their hash, as does its ghost: the model's keys are few enough to
// differ in them, and its ghost is told nothing else.
struct ShadowModel : HorizonModel {
  using HorizonModel::HorizonModel;

  bool use(KeyNumber key) {
    if (holds(key)) {
      hit(key);
      return true;
    }
    insert(key);
    while (known.size() > options.capacity) static_cast<void>(evict(key));
    return false;
  }
};

// As the simulator plays it.
bool request(PolicyBed& bed, KeyNumber key, std::uint32_t weight) {
  if (bed.holds(key)) {
    bed.hit(key);
    return true;
  }
  bed.insert(key, weight);
  for (KeyNumber spared = key; bed.is_over();) {
    if (bed.evict(spared) == kNobody) spared = kNobody;
  }
  return false;
}

ShadowOptions entries(std::uint32_t count, std::uint32_t ghosts) {
  return {.max_entries = count, .max_weight = 0, .residents = count, .ghosts = ghosts};
}

TEST(Shadow, HitsAboutWhatItsModelHits) {
  testkit::for_each_seed(5, [](testkit::Random& random) {
    for (const Arm& arm : kArms) {
      const auto capacity = static_cast<std::uint32_t>(random.between(20, 200));
      Shadow shadow(arm, entries(capacity, 4'000));
      ShadowModel model(
          arm, {.capacity = capacity, .ghosts = 4'000, .cleaning_moves = Shadow::kCleaningMoves});
      for (int step = 0; step < 5'000; ++step) {
        const KeyNumber key = pick_key(random, 500);
        // With so many ghosts hardly one is lost, so that it does not matter which.
        ASSERT_EQ(shadow.use(hash_of(key)), model.use(key)) << arm.name << " step " << step;
        if (step % 64 == 0) shadow.check_invariants();
      }
      EXPECT_EQ(shadow.residents(), capacity);
    }
  });
}

// With few enough keys for the ghost to forget nobody.
TEST(Shadow, OfTheWholeSizeHitsExactlyWhatHorizonHits) {
  testkit::for_each_seed(10, [](testkit::Random& random) {
    const auto capacity = static_cast<std::uint32_t>(random.between(5, 60));
    Horizon policy;
    PolicyBed bed(policy, capacity);
    Shadow shadow(kArms[0], entries(capacity, 512));
    for (int step = 0; step < 5'000; ++step) {
      const KeyNumber key = pick_key(random, 150);
      ASSERT_EQ(shadow.use(hash_of(key)), request(bed, key, 1)) << "step " << step;
    }
    EXPECT_EQ(shadow.residents(), policy.entries());
    shadow.check_invariants();
  });
}

struct Whole {
  EvictionAim aim = EvictionAim::kRequests;
  std::uint64_t max_entries = 0;
  std::uint64_t max_weight = 0;
  std::uint32_t residents = 200;  // that there is room for
};

// Look-ups, and new values of what is there, of keys whose weights differ.
void expect_what_horizon_hits(const Whole& whole, testkit::Random& random) {
  SCOPED_TRACE(testing::Message() << "aim " << static_cast<int>(whole.aim) << ", "
                                  << whole.max_entries << " entries, " << whole.max_weight
                                  << " bytes");
  Horizon policy(nullptr, whole.aim);
  PolicyBed bed(policy, whole.max_entries, whole.max_weight);
  Shadow shadow(kArms[0], {.max_entries = whole.max_entries,
                           .max_weight = whole.max_weight,
                           .residents = whole.residents,
                           .ghosts = 512,
                           .aim = whole.aim});
  for (int step = 0; step < 5'000; ++step) {
    const KeyNumber key = pick_key(random, 150);
    const auto weight =
        static_cast<std::uint32_t>(5U << (random.one_in(3) ? random.below(8) : key % 8));
    if (bed.holds(key) && random.one_in(3)) {
      bed.replace(key, weight);
      for (KeyNumber spared = key; bed.is_over();) {
        if (bed.evict(spared) == kNobody) spared = kNobody;
      }
      const Sample sample{.hash = hash_of(key), .weight = weight, .kind = UseKind::kReplace};
      ASSERT_TRUE(shadow.see(sample)) << "step " << step;
    } else if (bed.holds(key) && random.one_in(20)) {
      bed.erase(key);
      static_cast<void>(shadow.see({.hash = hash_of(key), .kind = UseKind::kErase}));
    } else {
      ASSERT_EQ(shadow.use(hash_of(key), weight), request(bed, key, weight)) << "step " << step;
    }
    ASSERT_EQ(shadow.residents(), policy.entries()) << "step " << step;
    if (whole.max_weight != 0) {
      ASSERT_EQ(shadow.weight(), policy.weight()) << "step " << step;
    }
    if (step % 64 == 0) shadow.check_invariants();
  }
}

TEST(Shadow, OfTheWholeSizeHitsExactlyWhatHorizonHitsWhateverTheWeights) {
  for (const EvictionAim aim : {EvictionAim::kRequests, EvictionAim::kBytes, EvictionAim::kCost}) {
    testkit::for_each_seed(5, [&](testkit::Random& random) {
      const std::uint64_t bytes = random.between(1'000, 5'000);
      const auto entries = static_cast<std::uint32_t>(random.between(5, 60));
      expect_what_horizon_hits({.aim = aim, .max_weight = bytes}, random);
      expect_what_horizon_hits({.aim = aim, .max_entries = entries, .residents = entries}, random);
      expect_what_horizon_hits(
          {.aim = aim, .max_entries = entries, .max_weight = bytes, .residents = entries}, random);
    });
  }
}

TEST(Shadow, KeepsSomeLongerWhereWeightsCount) {
  const auto grades_in_use = [](const ShadowOptions& options) {
    Shadow shadow(kArms[0], options);
    for (std::uint64_t key = 0; key < 60; ++key) {
      static_cast<void>(shadow.use(hash_of(key), 5U << key % 8));
    }
    return shadow.grades_in_use();
  };
  EXPECT_GT(grades_in_use({.max_weight = 9'000, .residents = 90}), 2u);
  EXPECT_EQ(grades_in_use({.max_weight = 9'000, .residents = 90, .aim = EvictionAim::kBytes}), 1u);
  EXPECT_EQ(grades_in_use({.max_entries = 30, .residents = 30}), 1u);
  EXPECT_GT(grades_in_use({.max_entries = 30, .residents = 30, .aim = EvictionAim::kBytes}), 2u);
}

TEST(Shadow, IsCrowdedWhereItsPlacesAreWhatIsScarce) {
  const ShadowOptions options{.max_entries = 0, .max_weight = 1'000, .residents = 20, .ghosts = 64};
  Shadow shadow(kArms[0], options);
  for (std::uint64_t key = 0; key < 15; ++key) static_cast<void>(shadow.use(hash_of(key), 60));
  EXPECT_FALSE(shadow.is_crowded());
  for (std::uint64_t key = 0; key < 30; ++key) static_cast<void>(shadow.use(hash_of(key + 20), 1));
  EXPECT_TRUE(shadow.is_crowded());
  Shadow by_entries(kArms[0], entries(20, 64));
  for (std::uint64_t key = 0; key < 30; ++key) static_cast<void>(by_entries.use(hash_of(key)));
  EXPECT_FALSE(by_entries.is_crowded()) << "that is its bound";
}

TEST(Shadow, OfAThinnerSampleHasTheKeysThatAreInIt) {
  testkit::for_each_seed(5, [](testkit::Random& random) {
    ShadowOptions options{.max_weight = 8'000, .residents = 400, .ghosts = 900};
    Shadow shadow(kArms[0], options);
    for (int step = 0; step < 3'000; ++step) {
      const KeyNumber key = pick_key(random, 500);
      static_cast<void>(shadow.use(hash_of(key), 5U << key % 8));
    }
    const auto has = [&](KeyNumber key) {
      return shadow.see({.hash = hash_of(key), .kind = UseKind::kMiss});
    };
    for (std::uint8_t level = 1; level <= 2 * kLevelsPerHalf; ++level) {
      std::vector<KeyNumber> kept;
      for (KeyNumber key = 0; key < 500; ++key) {
        if (has(key) && sample_place(hash_of(key)) < limit_of_level(level)) kept.push_back(key);
      }
      shadow.thin(level, options);  // the bounds are as they were, so that nobody has to go
      shadow.check_invariants();
      EXPECT_EQ(shadow.residents(), kept.size());
      for (const KeyNumber key : kept) EXPECT_TRUE(has(key)) << key;
    }
    options.max_weight = 1'000;
    options.ghosts = 4'000;
    shadow.thin(2 * kLevelsPerHalf, options);
    shadow.check_invariants();
    EXPECT_LE(shadow.weight(), 1'000u);
    EXPECT_NEAR(static_cast<double>(shadow.ghosts()), 4'000, 1'000);
  });
}

TEST(Shadow, AMissIsFollowedByTheInsertionAndCountsOnce) {
  Shadow shadow(kArms[0], entries(10, 30));
  EXPECT_FALSE(shadow.see({.hash = 1, .kind = UseKind::kMiss}));
  EXPECT_EQ(shadow.residents(), 0u) << "who missed it may store nothing";
  EXPECT_FALSE(shadow.see({.hash = 1, .kind = UseKind::kInsert}));
  EXPECT_EQ(shadow.residents(), 1u);
  EXPECT_TRUE(shadow.see({.hash = 1, .kind = UseKind::kMiss})) << "a larger one might have it";
  EXPECT_FALSE(shadow.see({.hash = 1, .kind = UseKind::kGone}));
  EXPECT_EQ(shadow.residents(), 1u);
}

TEST(Shadow, AReplacedValueHasItsNewWeight) {
  Shadow shadow(kArms[0], {.max_entries = 0, .max_weight = 100, .residents = 20, .ghosts = 64});
  static_cast<void>(shadow.use(1, 30));
  static_cast<void>(shadow.use(2, 30));
  static_cast<void>(shadow.see({.hash = 2, .weight = 50, .kind = UseKind::kReplace}));
  EXPECT_EQ(shadow.weight(), 80u);
  static_cast<void>(shadow.see({.hash = 2, .weight = 90, .kind = UseKind::kReplace}));
  EXPECT_LE(shadow.weight(), 100u);
  shadow.check_invariants();
}

TEST(Shadow, ForgetsWhatWasTakenAway) {
  testkit::for_each_seed(5, [](testkit::Random& random) {
    Shadow shadow(kArms[0], entries(50, 150));
    for (int step = 0; step < 5'000; ++step) {
      const std::uint64_t hash = hash_of(pick_key(random, 120));
      if (!random.one_in(4)) {
        static_cast<void>(shadow.use(hash));
        continue;
      }
      EXPECT_FALSE(shadow.see({.hash = hash, .kind = UseKind::kErase}));
      EXPECT_FALSE(shadow.see({.hash = hash, .kind = UseKind::kMiss}));
      shadow.check_invariants();
    }
  });
}

TEST(Shadow, FollowsAnotherArm) {
  Shadow shadow(kArms[0], entries(100, 300));
  Shadow stays(kArms[0], entries(100, 300));
  const auto play = [&](KeyNumber first) {
    std::pair<int, int> hits;
    for (KeyNumber i = 0; i < 4'000; ++i) {
      for (const KeyNumber key : {first + i, first + i - std::min<KeyNumber>(i, 40)}) {
        hits.first += shadow.use(hash_of(key)) ? 1 : 0;
        hits.second += stays.use(hash_of(key)) ? 1 : 0;
      }
    }
    return hits;
  };
  const auto before = play(1'000'000);
  EXPECT_EQ(before.first, before.second);
  shadow.follow(kArms.back());
  const auto after = play(2'000'000);
  EXPECT_GT(after.first, after.second + 1'000) << "what comes back soon is for recency";
  shadow.check_invariants();
}

TEST(Shadow, TakesAsMuchMemoryAsItsOptionsSay) {
  for (const std::uint64_t max_weight : {0ULL, 5'000ULL}) {
    const ShadowOptions options{
        .max_entries = 1'000, .max_weight = max_weight, .residents = 1'000, .ghosts = 3'000};
    Shadow shadow(kArms[0], options);
    for (std::uint64_t key = 0; key < 5'000; ++key) {
      static_cast<void>(shadow.use(hash_of(key), 5));
    }
    EXPECT_LE(shadow.footprint_bytes(), Shadow::footprint_bytes_max(options));
    const std::size_t a_resident = max_weight == 0 ? 14 : 18;
    EXPECT_LE(Shadow::footprint_bytes_max(options), 1'001 * a_resident + 3'000 * 4 + 768);
  }
}

}  // namespace
}  // namespace strata::memory
