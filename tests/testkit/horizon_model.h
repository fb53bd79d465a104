// HorizonModel: the rules of HorizonRules, on lists of keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>

#include "memory/policy/aged_ghost.h"
#include "memory/policy/arm.h"
#include "testkit/policy_bed.h"

namespace strata::memory {

struct HorizonModelOptions {
  std::size_t capacity = 0;
  std::size_t ghosts = 0;
  int cleaning_moves = 0;
};

struct HorizonModel {
  struct Known {
    int uses = 0;
    std::uint16_t last_use = 0;
  };
  using Keys = std::deque<KeyNumber>;  // the last to leave first

  HorizonModel(const Arm& its_arm, const HorizonModelOptions& its_options)
      : arm(its_arm), options(its_options) {
    const std::size_t share = options.capacity * arm.small_permille / 1000;
    const std::size_t least = arm.small_permille < 50 && options.capacity >= 4 ? 2 : 1;
    most_main = options.capacity - std::min(options.capacity, std::max(share, least));
    ghost.fit(options.ghosts);
  }

  const Arm& arm;
  HorizonModelOptions options;
  std::size_t most_main;
  Keys small, main;
  std::map<KeyNumber, Known> known;
  AgedGhost ghost;
  std::uint64_t misses = 0;
  std::uint16_t now = 0, horizon = 0;

  static bool has(const Keys& keys, KeyNumber key) { return std::ranges::count(keys, key) != 0; }
  [[nodiscard]] bool holds(KeyNumber key) const { return known.contains(key); }
  [[nodiscard]] static KeyNumber last(const Keys& keys, KeyNumber spared) {
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      if (*key != spared) return *key;
    }
    return kNobody;
  }
  static void move(Keys& from, Keys& to, KeyNumber key) {
    std::erase(from, key);
    to.push_front(key);
  }
  void hit(KeyNumber key) {
    known[key].uses = std::max(known[key].uses, std::min<int>(known[key].uses + 1, arm.most_uses));
    known[key].last_use = now;
  }
  void replace(KeyNumber key) { hit(key); }
  void erase(KeyNumber key) {
    std::erase(small, key);
    std::erase(main, key);
    known.erase(key);
  }
  [[nodiscard]] bool is_hot(std::uint16_t last_use) const {
    if (!arm.has_horizon) return true;
    const unsigned age = static_cast<std::uint16_t>(now - last_use);
    const unsigned reach = static_cast<std::uint16_t>(now - horizon);
    return age * 100 <= reach * arm.reach_percent;
  }
  void clean(KeyNumber spared) {
    KeyNumber tail = last(main, spared);
    for (int i = 0; i < options.cleaning_moves && tail != kNobody && known[tail].uses > 0; ++i) {
      --known[tail].uses;
      move(main, main, tail);
      tail = last(main, spared);
    }
    horizon = tail == kNobody ? now : known[tail].last_use;
  }
  // The first half of a miss: whether the newcomer's return counts.
  [[nodiscard]] bool begin_miss(KeyNumber key) {
    if (++misses % std::max<std::uint64_t>(1, options.capacity / 64) == 0) ++now;
    const auto last_use = ghost.take(hash_of(key));
    return last_use && is_hot(*last_use);
  }
  void place(KeyNumber key, bool hot) {
    (hot || main.size() < most_main ? main : small).push_front(key);
    known[key] = {.uses = 0, .last_use = now};
  }
  void insert(KeyNumber key) {
    const bool hot = begin_miss(key);
    clean(kNobody);
    place(key, hot);
  }
  KeyNumber evict(KeyNumber spared) {
    for (;;) {
      const KeyNumber old = last(main, spared);
      const KeyNumber young = last(small, spared);
      if (old == kNobody && young == kNobody) return kNobody;
      const std::size_t in_main = main.size() - (has(main, spared) ? 1 : 0);
      if (old != kNobody && (young == kNobody || in_main > most_main)) {
        if (known[old].uses > 0) {
          --known[old].uses;
          move(main, main, old);
          continue;
        }
        if (!arm.demotes) {
          erase(old);
          return old;
        }
        move(main, small, old);
        clean(spared);
        continue;
      }
      if (known[young].uses >= arm.uses_to_stay) {
        known[young].uses = 0;
        move(small, main, young);
        clean(spared);
        continue;
      }
      if (known[young].uses > 0 && arm.second_chance) {
        known[young].uses = 0;
        move(small, small, young);
        continue;
      }
      if (is_hot(known[young].last_use)) ghost.insert(hash_of(young), known[young].last_use, now);
      erase(young);
      return young;
    }
  }
};

}  // namespace strata::memory
