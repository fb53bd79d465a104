// Tests of S3FifoPolicy: against two lists and the ghost, which has tests of its own.
#include "memory/policy/s3fifo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "testkit/policy_bed.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

struct S3FifoModel {
  explicit S3FifoModel(std::size_t capacity) : most_main(capacity - capacity / 10) {}

  std::size_t most_main;
  std::deque<KeyNumber> small;
  std::deque<KeyNumber> main;
  std::map<KeyNumber, int> uses;
  AgedGhost ghost;
  std::uint16_t evictions = 0;
  std::size_t ghost_length = 0;

  [[nodiscard]] bool holds(KeyNumber key) const { return uses.contains(key); }
  void hit(KeyNumber key) { uses[key] = std::min(uses[key] + 1, 3); }
  void replace(KeyNumber key) { hit(key); }
  void erase(KeyNumber key) {
    std::erase(small, key);
    std::erase(main, key);
    uses.erase(key);
  }
  void insert(KeyNumber key) {
    const auto left_at = ghost.take(hash_of(key));
    const bool back = left_at && static_cast<std::uint16_t>(evictions - *left_at) < ghost_length;
    (back ? main : small).push_front(key);
    uses[key] = 0;
  }
  static KeyNumber last(const std::deque<KeyNumber>& queue, KeyNumber spared) {
    for (auto key = queue.rbegin(); key != queue.rend(); ++key) {
      if (*key != spared) return *key;
    }
    return kNobody;
  }
  KeyNumber evict(KeyNumber spared) {
    for (;;) {
      const KeyNumber old = last(main, spared);
      const KeyNumber candidate = last(small, spared);
      if (old != kNobody && (candidate == kNobody || main.size() > most_main)) {
        if (uses[old] == 0) {
          erase(old);
          return old;
        }
        --uses[old];
        std::erase(main, old);
        main.push_front(old);
      } else if (uses[candidate] >= 2) {
        uses[candidate] = 0;
        std::erase(small, candidate);
        main.push_front(candidate);
      } else {
        ghost_length = (small.size() + main.size()) * 9 / 10;
        ghost.fit(ghost_length * 2);
        ++evictions;
        ghost.insert(hash_of(candidate), evictions, evictions);
        erase(candidate);
        return candidate;
      }
    }
  }
};

TEST(S3FifoPolicy, EvictsAsItsModelDoes) {
  testkit::for_each_seed(10, [](testkit::Random& random) {
    S3FifoPolicy policy;
    const ModelRun run{.capacity = random.between(10, 50), .keys = 120};
    S3FifoModel model(run.capacity);
    compare_with_model(policy, model, random, run);
  });
}

TEST(S3FifoPolicy, OneUseIsNotEnoughToStayButTwoAre) {
  S3FifoPolicy policy;
  PolicyBed bed(policy, 10);
  for (KeyNumber key = 1; key <= 3; ++key) bed.insert(key);
  bed.hit(1);
  bed.hit(2);
  bed.hit(2);
  EXPECT_EQ(bed.evict(), 1u);
  EXPECT_EQ(bed.evict(), 3u) << "2 moved to the main queue";
}

TEST(S3FifoPolicy, WhoComesBackSoonEntersTheMainQueue) {
  S3FifoPolicy policy;
  PolicyBed bed(policy, 10);
  for (KeyNumber key = 1; key <= 4; ++key) bed.insert(key);
  EXPECT_EQ(bed.evict(), 1u);
  bed.insert(1);
  EXPECT_EQ(bed.evict(), 2u);
  EXPECT_EQ(bed.evict(), 3u);
  EXPECT_EQ(bed.evict(), 4u);
  EXPECT_EQ(bed.evict(), 1u);
}

}  // namespace
}  // namespace strata::memory
