// Tests of Shadow: against the model of the rules, for each arm.
#include "memory/policy/shadow.h"

#include <gtest/gtest.h>

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
    const bool hot = begin_miss(key);
    if (known.size() == options.capacity) static_cast<void>(evict(kNobody));
    clean(kNobody);
    place(key, hot);
    return false;
  }
};

TEST(Shadow, HitsAboutWhatItsModelHits) {
  testkit::for_each_seed(5, [](testkit::Random& random) {
    for (const Arm& arm : kArms) {
      const auto capacity = static_cast<std::uint32_t>(random.between(20, 200));
      Shadow shadow(arm, {.residents = capacity, .ghosts = 4'000});
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

TEST(Shadow, TakesFourteenBytesForAResidentAndFourForAGhost) {
  Shadow shadow(kArms[0], {.residents = 1'000, .ghosts = 3'000});
  for (std::uint64_t key = 0; key < 5'000; ++key) static_cast<void>(shadow.use(hash_of(key)));
  EXPECT_LE(shadow.footprint_bytes(), 1'000u * 14 + 3'000u * 4 + 256);
}

}  // namespace
}  // namespace strata::memory
