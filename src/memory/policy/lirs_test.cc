// Tests of Lirs: against a stack and a queue of keys, as the paper has them.
#include "memory/policy/lirs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>

#include "testkit/policy_bed.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

struct LirsModel {
  LirsModel(std::size_t capacity, std::size_t remembered)
      : most_lir(capacity - 2), history_per_entry(remembered) {}

  std::size_t most_lir;
  std::size_t history_per_entry;
  std::deque<KeyNumber> stack;  // the last used first
  std::deque<KeyNumber> queue;  // the last to leave first
  std::deque<KeyNumber> history;
  std::set<KeyNumber> lir;

  static bool has(const std::deque<KeyNumber>& keys, KeyNumber key) {
    return std::ranges::count(keys, key) != 0;
  }
  [[nodiscard]] bool holds(KeyNumber key) const { return lir.contains(key) || has(queue, key); }
  void prune() {
    while (!stack.empty() && !lir.contains(stack.back())) {
      std::erase(history, stack.back());
      stack.pop_back();
    }
  }
  void promote(KeyNumber key) {
    std::erase(queue, key);
    lir.insert(key);
    while (lir.size() > most_lir) {
      prune();
      lir.erase(stack.back());
      queue.push_front(stack.back());
      stack.pop_back();
    }
    prune();
  }
  void use(KeyNumber key) {
    const bool was_there = has(stack, key);
    std::erase(stack, key);
    std::erase(history, key);
    stack.push_front(key);
    if (lir.contains(key)) return prune();
    if (was_there) return promote(key);
    std::erase(queue, key);
    queue.push_front(key);
  }
  void hit(KeyNumber key) { use(key); }
  void replace(KeyNumber key) { use(key); }
  void insert(KeyNumber key) {
    if (!has(stack, key) && lir.size() < most_lir) {
      stack.push_front(key);
      return promote(key);
    }
    use(key);
  }
  void erase(KeyNumber key) {
    std::erase(stack, key);
    std::erase(queue, key);
    lir.erase(key);
    prune();
  }
  KeyNumber evict(KeyNumber spared) {
    for (auto key = queue.rbegin(); key != queue.rend(); ++key) {
      if (*key == spared) continue;
      const KeyNumber victim = *key;
      std::erase(queue, victim);
      if (!has(stack, victim)) return victim;
      history.push_back(victim);
      while (history.size() > (lir.size() + queue.size()) * history_per_entry) {
        std::erase(stack, history.front());
        history.pop_front();
      }
      return victim;
    }
    const KeyNumber coldest = stack.empty() ? kNobody : stack.back();
    if (coldest != kNobody) erase(coldest);
    return coldest;
  }
};

TEST(Lirs, EvictsAsItsModelDoes) {
  testkit::for_each_seed(10, [](testkit::Random& random) {
    Lirs lirs;
    const ModelRun run{.capacity = random.between(5, 40), .keys = 200};
    LirsModel model(run.capacity, 3);
    compare_with_model(lirs, model, random, run);
  });
}

TEST(Lirs, WithAnUnboundedHistoryItIsAsInThePaper) {
  testkit::for_each_seed(10, [](testkit::Random& random) {
    Lirs lirs({.unbounded_history = true});
    const ModelRun run{.capacity = random.between(5, 40), .keys = 400};
    LirsModel model(run.capacity, 1'000'000);
    compare_with_model(lirs, model, random, run);
  });
}

TEST(Lirs, ALoopThatDoesNotFitKeepsWhatFits) {
  Lirs lirs;
  PolicyBed bed(lirs, 100);
  int hits = 0;
  for (int round = 0; round < 20; ++round) {
    for (KeyNumber key = 0; key < 150; ++key) hits += bed.request(key) ? 1 : 0;
  }
  EXPECT_GT(hits, 19 * 97);
}

TEST(Lirs, TheHistoryIsBounded) {
  Lirs lirs;
  PolicyBed bed(lirs, 100);
  for (KeyNumber key = 0; key < 10'000; ++key) bed.request(key);
  EXPECT_LE(lirs.footprint_bytes(), 100'000u);
  bed.check();
}

// Two keys may have the same hash: the second is held as any, and known by nobody.
TEST(Lirs, KeysOfOneHashDoNotDisturbEachOther) {
  Lirs lirs;
  lirs.set_bounds(3, 0);
  KeyedResident entries[4];
  for (KeyedResident& entry : entries) {
    entry.hash = 7;
    entry.weight = 1;
    lirs.insert(entry);
    lirs.check_invariants();
  }
  lirs.on_hit(entries[3]);
  lirs.on_hit(entries[0]);
  lirs.check_invariants();
  lirs.erase(entries[0]);
  lirs.on_hit(entries[3]);
  lirs.check_invariants();
  for (int left = 3; left > 0; --left) {
    EXPECT_NE(lirs.evict(nullptr), nullptr);
    lirs.check_invariants();
  }
  EXPECT_EQ(lirs.entries(), 0u);
}

}  // namespace
}  // namespace strata::memory
