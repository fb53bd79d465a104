// Tests of WTinyLfu: against three lists, with the sketch, which has tests of its own.
#include "memory/policy/wtinylfu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "testkit/policy_bed.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

struct WTinyLfuModel {
  using Keys = std::deque<KeyNumber>;  // the last used first

  explicit WTinyLfuModel(std::size_t entries)
      : capacity(entries), step(-0.0625 * static_cast<double>(entries)) {
    window_max = capacity - static_cast<std::size_t>(0.99 * static_cast<double>(capacity));
    protected_max = static_cast<std::size_t>(0.8 * static_cast<double>(capacity - window_max));
  }

  std::size_t capacity;
  std::size_t window_max;
  std::size_t protected_max;
  Keys window, probation, guarded;
  FrequencySketch sketch;
  Luck luck;
  KeyNumber candidate = kNobody;
  std::size_t hits = 0, misses = 0;
  double step, former = 0;
  long adjustment = 0;  // of the window, that is yet to be made

  static bool has(const Keys& keys, KeyNumber key) { return std::ranges::count(keys, key) != 0; }
  [[nodiscard]] bool holds(KeyNumber key) const {
    return has(window, key) || has(probation, key) || has(guarded, key);
  }
  static void move(Keys& from, Keys& to, KeyNumber key) {
    std::erase(from, key);
    to.push_front(key);
  }
  void demote() {
    while (guarded.size() > protected_max) move(guarded, probation, KeyNumber{guarded.back()});
  }
  void hit(KeyNumber key) {
    ++hits;
    sketch.count(hash_of(key));
    if (has(probation, key)) {
      if (candidate == key) candidate = kNobody;
      move(probation, guarded, key);
      demote();
    } else {
      Keys& keys = has(window, key) ? window : guarded;
      move(keys, keys, key);
    }
  }
  void replace(KeyNumber key) { hit(key); }
  void erase(KeyNumber key) {
    if (candidate == key) candidate = kNobody;
    for (Keys* keys : {&window, &probation, &guarded}) std::erase(*keys, key);
  }
  void climb() {
    if (!sketch.is_ready()) hits = misses = 0;
    if (sketch.is_ready() && hits + misses >= capacity * 10) {
      const double ratio = static_cast<double>(hits) / static_cast<double>(hits + misses);
      const double amount = ratio >= former ? step : -step;
      const bool restarts = std::abs(ratio - former) >= 0.05;
      step =
          restarts ? std::copysign(0.0625 * static_cast<double>(capacity), amount) : 0.98 * amount;
      former = ratio;
      adjustment = static_cast<long>(amount);
      hits = misses = 0;
    }
    demote();
    long moved = 0;
    for (; moved < adjustment && moved < static_cast<long>(protected_max); ++moved) {
      Keys& from = probation.empty() ? guarded : probation;
      if (from.empty()) break;
      if (candidate == from.back()) candidate = kNobody;
      move(from, window, KeyNumber{from.back()});
    }
    for (; moved > adjustment && moved > 1 - static_cast<long>(window_max); --moved) {
      if (window.empty()) break;
      move(window, probation, KeyNumber{window.back()});
    }
    window_max = static_cast<std::size_t>(static_cast<long>(window_max) + moved);
    protected_max = static_cast<std::size_t>(static_cast<long>(protected_max) - moved);
    // What could not be moved is tried again, as far as limits allow at all.
    const bool at_limit = adjustment > 0 ? protected_max == 0 : window_max <= 1;
    adjustment = at_limit ? 0 : adjustment - moved;
  }
  void insert(KeyNumber key) {
    ++misses;
    climb();
    sketch.ensure_capacity(capacity);
    sketch.count(hash_of(key));
    window.push_front(key);
    candidate = kNobody;
    while (window.size() > window_max) {
      if (candidate == kNobody) candidate = window.back();
      move(window, probation, KeyNumber{window.back()});
    }
  }
  static KeyNumber last(const Keys& keys, KeyNumber spared) {
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      if (*key != spared) return *key;
    }
    return kNobody;
  }
  KeyNumber evict(KeyNumber spared) {
    const KeyNumber newcomer =
        candidate != kNobody && candidate != spared ? candidate : last(window, spared);
    KeyNumber victim = last(probation, spared);
    if (victim == kNobody) victim = newcomer != kNobody ? newcomer : last(guarded, spared);
    if (newcomer != kNobody && newcomer != victim) {
      const auto its = sketch.frequency(hash_of(newcomer));
      const bool wins = its > sketch.frequency(hash_of(victim)) ||
                        (its >= WTinyLfu::kWarmFrequency && luck.strikes(hash_of(newcomer)));
      if (!wins) victim = newcomer;
    }
    if (victim != kNobody) erase(victim);
    candidate = kNobody;
    return victim;
  }
};

TEST(WTinyLfu, EvictsAsItsModelDoes) {
  testkit::for_each_seed(10, [](testkit::Random& random) {
    WTinyLfu policy;
    const ModelRun run{.capacity = random.between(10, 80), .keys = 200, .steps = 20'000};
    WTinyLfuModel model(run.capacity);
    compare_with_model(policy, model, random, run);
  });
}

TEST(WTinyLfu, AScanDoesNotDisplaceWhatIsUsed) {
  WTinyLfu policy;
  PolicyBed bed(policy, 100);
  for (int round = 0; round < 5; ++round) {
    for (KeyNumber key = 0; key < 80; ++key) bed.request(key);
  }
  for (KeyNumber key = 1'000; key < 1'400; ++key) bed.request(key);
  int held = 0;
  for (KeyNumber key = 0; key < 80; ++key) held += bed.holds(key) ? 1 : 0;
  EXPECT_GE(held, 78);
}

}  // namespace
}  // namespace strata::memory
