// Tests of Lru: against a list in the order of the last uses.
#include "memory/policy/lru.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "testkit/policy_bed.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

struct LruModel {
  std::deque<KeyNumber> keys;  // the last used first

  [[nodiscard]] bool holds(KeyNumber key) const { return std::ranges::count(keys, key) != 0; }
  void erase(KeyNumber key) { std::erase(keys, key); }
  void insert(KeyNumber key) { keys.push_front(key); }
  void hit(KeyNumber key) {
    erase(key);
    insert(key);
  }
  void replace(KeyNumber key) { hit(key); }
  KeyNumber evict(KeyNumber spared) {
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      if (*key == spared) continue;
      const KeyNumber victim = *key;
      erase(victim);
      return victim;
    }
    return kNobody;
  }
};

TEST(Lru, EvictsAsItsModelDoes) {
  testkit::for_each_seed(10, [](testkit::Random& random) {
    Lru lru;
    LruModel model;
    compare_with_model(lru, model, random, {});
  });
}

}  // namespace
}  // namespace strata::memory
