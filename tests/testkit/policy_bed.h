// PolicyBed: runs a policy and a naive model of its definition through the same random life.
//
// A model has: `bool holds(key)`, `hit(key)`, `insert(key)`, `erase(key)`, `replace(key)` and
// `KeyNumber evict(KeyNumber spared)`, which may be kNobody. After each step both must have evicted
// the same keys, and the policy's invariants must hold.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "memory/policy/policy.h"
#include "testkit/random.h"

namespace strata::memory {

using KeyNumber = std::uint64_t;
inline constexpr KeyNumber kNobody = ~KeyNumber{0};

inline std::uint64_t hash_of(KeyNumber key) { return testkit::Random(key).next(); }

struct KeyedResident : Resident {
  KeyNumber key = 0;
};

struct ModelRun {
  std::uint64_t capacity = 20;
  std::uint64_t keys = 60;
  int steps = 4'000;
  bool erases_and_replaces = true;
};

// A shard without values.
class PolicyBed {
 public:
  PolicyBed(Policy& policy, std::uint64_t max_entries, std::uint64_t max_weight = 0)
      : policy_(policy), max_entries_(max_entries), max_weight_(max_weight) {
    policy_.set_bounds(max_entries, max_weight);
  }

  void set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) {
    max_entries_ = max_entries;
    max_weight_ = max_weight;
    policy_.set_bounds(max_entries, max_weight);
  }

  [[nodiscard]] bool holds(KeyNumber key) const { return held_.contains(key); }
  [[nodiscard]] std::size_t size() const { return held_.size(); }
  [[nodiscard]] std::uint64_t weight() const { return weight_; }
  [[nodiscard]] KeyedResident& at(KeyNumber key) { return *held_.at(key); }

  void hit(KeyNumber key) {
    Resident& entry = at(key);
    mark_use(entry, policy_.marks());
    if (policy_.wants_hits()) policy_.on_hit(entry);
  }
  KeyedResident& insert(KeyNumber key, std::uint32_t weight = 1) {
    std::unique_ptr<KeyedResident> entry = make(key, weight);
    policy_.insert(*entry);
    weight_ += weight;
    return *(held_[key] = std::move(entry));
  }
  void erase(KeyNumber key) {
    policy_.erase(at(key));
    weight_ -= at(key).weight;
    held_.erase(key);
  }
  void replace(KeyNumber key, std::uint32_t weight = 1) {
    std::unique_ptr<KeyedResident> incoming = make(key, weight);
    policy_.replace(at(key), *incoming);
    weight_ += weight;
    weight_ -= at(key).weight;
    held_[key] = std::move(incoming);
  }
  [[nodiscard]] bool is_over() const {
    return (max_entries_ != 0 && policy_.entries() > max_entries_) ||
           (max_weight_ != 0 && policy_.weight() > max_weight_);
  }
  // Who left, or kNobody.
  KeyNumber evict(KeyNumber spared = kNobody) {
    Resident* victim = policy_.evict(spared == kNobody ? nullptr : &at(spared));
    if (victim == nullptr) return kNobody;
    EXPECT_EQ(memory::queue_of(*victim), 0) << "it is still in a queue";
    const KeyNumber key = static_cast<KeyedResident*>(victim)->key;
    EXPECT_NE(key, spared);
    weight_ -= at(key).weight;
    held_.erase(key);
    return key;
  }
  // As a cache does it; returns whether it was a hit.
  bool request(KeyNumber key, std::uint32_t weight = 1) {
    if (holds(key)) {
      hit(key);
      return true;
    }
    insert(key, weight);
    while (is_over() && evict(key) != kNobody) {
    }
    return false;
  }
  void check() const {
    policy_.check_invariants();
    EXPECT_EQ(policy_.entries(), held_.size());
    EXPECT_EQ(policy_.weight(), weight_);
  }

 private:
  static std::unique_ptr<KeyedResident> make(KeyNumber key, std::uint32_t weight) {
    auto entry = std::make_unique<KeyedResident>();
    entry->key = key;
    entry->hash = hash_of(key);
    entry->weight = weight;
    return entry;
  }

  Policy& policy_;
  std::uint64_t max_entries_;
  std::uint64_t max_weight_;
  std::uint64_t weight_ = 0;
  std::map<KeyNumber, std::unique_ptr<KeyedResident>> held_;
};

// Half of the requests go to a quarter of the keys.
inline KeyNumber pick_key(testkit::Random& random, std::uint64_t keys) {
  return random.one_in(2) ? random.below(keys / 4) : random.below(keys);
}

template <typename Model>
void compare_with_model(Policy& policy, Model& model, testkit::Random& random,
                        const ModelRun& run) {
  PolicyBed bed(policy, run.capacity);
  for (int step = 0; step < run.steps; ++step) {
    const KeyNumber key = pick_key(random, run.keys);
    ASSERT_EQ(bed.holds(key), model.holds(key)) << "step " << step;
    const bool other = run.erases_and_replaces && random.one_in(20);
    if (!bed.holds(key)) {
      bed.insert(key);
      model.insert(key);
      while (bed.is_over()) {
        ASSERT_EQ(bed.evict(key), model.evict(key)) << "step " << step;
      }
    } else if (other && random.one_in(2)) {
      bed.erase(key);
      model.erase(key);
    } else if (other) {
      bed.replace(key);
      model.replace(key);
    } else {
      bed.hit(key);
      model.hit(key);
    }
    if (step % 16 == 0) bed.check();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace strata::memory
