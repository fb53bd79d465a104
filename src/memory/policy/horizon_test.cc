// Tests of Horizon: against its model, in loops, and by weight.
#include "memory/policy/horizon.h"

#include <gtest/gtest.h>

#include "testkit/horizon_model.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

TEST(Horizon, EvictsAsItsModelDoes) {
  testkit::for_each_seed(10, [](testkit::Random& random) {
    Horizon policy;
    const ModelRun run{.capacity = random.between(5, 200), .keys = 400, .steps = 8'000};
    HorizonModel model(kArms[0], {.capacity = run.capacity,
                                  .ghosts = std::max<std::size_t>(512, 3 * run.capacity),
                                  .cleaning_moves = Horizon::kCleaningMoves});
    compare_with_model(policy, model, random, run);
  });
}

// The model knows nothing of worth.
TEST(Horizon, WhereAllAreAlikeItsAimMakesNoDifference) {
  for (const EvictionAim aim : {EvictionAim::kRequests, EvictionAim::kBytes, EvictionAim::kCost}) {
    testkit::for_each_seed(5, [aim](testkit::Random& random) {
      Horizon policy(nullptr, aim);
      const ModelRun run{.capacity = random.between(5, 200), .keys = 400, .steps = 8'000};
      HorizonModel model(kArms[0], {.capacity = run.capacity,
                                    .ghosts = std::max<std::size_t>(512, 3 * run.capacity),
                                    .cleaning_moves = Horizon::kCleaningMoves});
      compare_with_model(policy, model, random, run);
    });
  }
}

// Whose memory is fetched before it is known that it leaves: a wrong guess costs time only.
TEST(Horizon, TheNextVictimIsGuessedMostly) {
  Horizon policy;
  PolicyBed bed(policy, 500, 0);
  EXPECT_EQ(policy.next_victim(), nullptr);
  testkit::Random random(1);
  int evictions = 0;
  int guessed = 0;
  for (int i = 0; i < 20'000; ++i) {
    const KeyNumber key = pick_key(random, 2'000);
    if (bed.holds(key)) {
      bed.hit(key);
      continue;
    }
    bed.insert(key);
    if (!bed.is_over()) continue;
    const auto* guess = static_cast<const KeyedResident*>(policy.next_victim());
    ASSERT_NE(guess, nullptr);
    const KeyNumber likely = guess->key;
    ++evictions;
    guessed += bed.evict(key) == likely ? 1 : 0;
  }
  EXPECT_GE(guessed * 2, evictions) << guessed << " of " << evictions;
}

// Entries of every size come and go in a random life, and queues and sums agree throughout.
TEST(Horizon, EntriesThatDifferAreWithinTheirBounds) {
  for (const EvictionAim aim : {EvictionAim::kRequests, EvictionAim::kBytes, EvictionAim::kCost}) {
    for (const std::uint64_t max_entries : {0u, 150u}) {
      Horizon policy(nullptr, aim);
      PolicyBed bed(policy, max_entries, 100'000);
      testkit::Random random(1);
      for (int i = 0; i < 20'000; ++i) {
        const KeyNumber key = pick_key(random, 3'000);
        const auto weight = static_cast<std::uint32_t>(1 << random.below(14));
        if (bed.holds(key) && random.below(4) == 0) {
          if (random.below(2) == 0) {
            bed.erase(key);
          } else {
            bed.replace(key, weight);
            while (bed.is_over()) bed.evict(key);
          }
        } else {
          bed.request(key, weight);
        }
        if (i % 500 == 0) bed.check();
        ASSERT_FALSE(bed.is_over());
      }
    }
  }
}

TEST(Horizon, ALoopThatDoesNotFitKeepsWhatFits) {
  Horizon policy;
  PolicyBed bed(policy, 500);
  int hits = 0;
  for (int round = 0; round < 20; ++round) {
    for (KeyNumber key = 0; key < 800; ++key) hits += bed.request(key) ? 1 : 0;
  }
  EXPECT_GT(hits, 19 * 440);
}

TEST(Horizon, AScanDoesNotDisplaceWhatIsUsed) {
  Horizon policy;
  PolicyBed bed(policy, 100);
  for (int round = 0; round < 5; ++round) {
    for (KeyNumber key = 0; key < 60; ++key) bed.request(key);
  }
  for (KeyNumber key = 1'000; key < 2'000; ++key) bed.request(key);
  int held = 0;
  for (KeyNumber key = 0; key < 60; ++key) held += bed.holds(key) ? 1 : 0;
  EXPECT_EQ(held, 60);
}

// Shares are of the bytes, and how many entries there are is seen when the shard is full.
TEST(Horizon, WithBytesBoundedTheSmallQueueHasItsShareOfThem) {
  Horizon policy;
  PolicyBed bed(policy, 0, 100'000);
  testkit::Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const KeyNumber key = pick_key(random, 3'000);
    bed.request(key, static_cast<std::uint32_t>(50 + hash_of(key) % 200));
    if (i % 500 == 0) bed.check();
    ASSERT_LE(policy.weight(), 100'000u);
  }
  EXPECT_GT(policy.weight(), 99'000u);
  EXPECT_GE(policy.footprint_bytes(), policy.entries() * 10) << "ghosts for thrice the entries";
  EXPECT_LE(policy.footprint_bytes(), policy.entries() * 16);
}

TEST(Horizon, AChoiceLooksAtABoundedNumberOfEntries) {
  Horizon policy;
  PolicyBed bed(policy, 2'000);
  for (KeyNumber key = 0; key < 2'000; ++key) {
    bed.insert(key);
    for (int i = 0; i < 3; ++i) bed.hit(key);
  }
  const auto uses = [&] {
    int sum = 0;
    for (KeyNumber key = 0; key < 2'000; ++key) sum += bed.holds(key) ? bed.at(key).uses.load() : 0;
    return sum;
  };
  const int before = uses();
  EXPECT_NE(bed.evict(), kNobody);
  EXPECT_LE(before - uses(), 3 * Policy::kMaxTurns + 3);
}

}  // namespace
}  // namespace strata::memory
