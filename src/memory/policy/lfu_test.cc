// Tests of Lfu: against lists of keys for each level.
#include "memory/policy/lfu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <map>

#include "testkit/policy_bed.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

struct LfuModel {
  std::array<std::deque<KeyNumber>, Lfu::kLevels> levels;
  std::map<KeyNumber, unsigned> uses;
  std::size_t ageing = 0;

  [[nodiscard]] bool holds(KeyNumber key) const { return uses.contains(key); }
  void insert(KeyNumber key) {
    levels[0].push_front(key);
    uses[key] = 0;
  }
  void hit(KeyNumber key) { uses[key] = std::min<unsigned>(uses[key] + 1, Lfu::kMostUses); }
  void replace(KeyNumber key) { hit(key); }
  void erase(KeyNumber key) {
    for (auto& level : levels) std::erase(level, key);
    uses.erase(key);
  }
  [[nodiscard]] KeyNumber last(std::size_t level, KeyNumber spared) const {
    for (auto key = levels[level].rbegin(); key != levels[level].rend(); ++key) {
      if (*key != spared) return *key;
    }
    return kNobody;
  }
  bool move_up(KeyNumber key, std::size_t level) {
    const auto steps = static_cast<std::size_t>(std::bit_width(uses[key]));
    if (steps == 0) return false;
    uses[key] = 0;
    std::erase(levels[level], key);
    levels[std::min(level + steps, Lfu::kLevels - 1)].push_front(key);
    return true;
  }
  KeyNumber evict(KeyNumber spared) {
    if (++ageing == Lfu::kLevels) ageing = 1;
    const KeyNumber old = last(ageing, spared);
    if (old != kNobody && !move_up(old, ageing)) {
      std::erase(levels[ageing], old);
      levels[ageing - 1].push_front(old);
    }
    for (std::size_t level = 0; level < Lfu::kLevels; ++level) {
      while (last(level, spared) != kNobody) {
        const KeyNumber key = last(level, spared);
        if (move_up(key, level)) continue;
        erase(key);
        return key;
      }
    }
    return kNobody;
  }
};

TEST(Lfu, EvictsAsItsModelDoes) {
  testkit::for_each_seed(10, [](testkit::Random& random) {
    Lfu lfu;
    LfuModel model;
    compare_with_model(lfu, model, random, {});
  });
}

TEST(Lfu, WhoIsUsedOftenOutlivesAScan) {
  Lfu lfu;
  PolicyBed bed(lfu, 10);
  bed.request(1);
  for (int i = 0; i < 8; ++i) bed.request(1);
  for (KeyNumber key = 100; key < 120; ++key) bed.request(key);
  EXPECT_TRUE(bed.holds(1));
}

TEST(Lfu, FormerUseIsForgottenInTime) {
  Lfu lfu;
  PolicyBed bed(lfu, 10);
  for (KeyNumber key = 1; key <= 8; ++key) {
    for (int i = 0; i < 100; ++i) bed.request(key);
  }
  for (KeyNumber key = 100; key < 2'000; ++key) bed.request(key);
  for (KeyNumber key = 1; key <= 8; ++key) EXPECT_FALSE(bed.holds(key)) << key;
}

}  // namespace
}  // namespace strata::memory
