// Shadow: what a small cache in one arm would hit, without values: hashes only.
//
// It does what Horizon does, in the same order, so that one of a whole cache's size that sees all
// uses hits exactly what a Horizon hits. One that is smaller, and sees a sample of the keys that is
// thinner in the same measure, hits about the same share of it: a miniature.
//
// Threads   Thread-compatible.
// Memory    14 bytes a resident, 18 where weights count; 4 a ghost.
// Errors    is_valid() is false if there was no memory; then nothing else may be called.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "memory/policy/aged_ghost.h"
#include "memory/policy/arm.h"
#include "memory/policy/bounds.h"
#include "memory/policy/horizon_rules.h"
#include "memory/policy/sample.h"

namespace strata::memory {

struct ShadowOptions {
  std::uint64_t max_entries = 0;  // 0: not bounded so
  std::uint64_t max_weight = 0;   // 0: not bounded so
  std::uint32_t residents = 0;    // there is room for, at most Shadow::kResidentsMax;
                                  // further ones leave as if that were a bound
  std::uint32_t ghosts = 0;
};

class Shadow {
 public:
  static constexpr std::uint32_t kResidentsMax = 65'000;
  static constexpr int kCleaningMoves = 2;
  static constexpr int kMaxTurns = 128;

  Shadow(const Arm& arm, const ShadowOptions& options);

  [[nodiscard]] bool is_valid() const { return nodes_ != nullptr && chains_ != nullptr; }
  // Another arm from now on.
  void follow(const Arm& arm);
  // From now on it sees a thinner sample, of a larger cache: forgets the keys that are not in it.
  // Precondition: there is room for the residents of the new options.
  void thin(std::uint8_t level, const ShadowOptions& options);
  // Sees a use; returns whether it found the key.
  bool see(const Sample& sample);
  // Asks for a key, which is there afterwards if it fits. Returns whether it was before.
  bool use(std::uint64_t hash, std::uint32_t weight = 1);

  [[nodiscard]] std::uint32_t residents() const { return count_; }
  [[nodiscard]] std::uint32_t places() const { return places_; }
  [[nodiscard]] std::uint64_t weight() const { return row(kSmall).weight + row(kMain).weight; }
  [[nodiscard]] std::size_t footprint_bytes() const;
  // Of one with these options, at most.
  [[nodiscard]] static std::size_t footprint_bytes_max(const ShadowOptions& options);
  void check_invariants() const;

 private:
  using Index = std::uint16_t;
  static constexpr Index kNoIndex = 0xffff;

  struct Node {
    std::uint32_t fingerprint;
    Index towards_head;  // in its queue
    Index next;          // in its chain, or among the free ones
    std::uint16_t last_use;
    std::uint8_t level;  // the last one that its key is in
    std::uint8_t uses : 4;
    std::uint8_t queue : 4;
  };

  // Entries that are evicted leave it at the tail, or next to it.
  struct Row {
    Index tail = kNoIndex;
    Index head = kNoIndex;
    std::uint32_t count = 0;
    std::uint64_t weight = 0;
  };

  friend class HorizonRules<Shadow>;

  // The host of HorizonRules.
  using Handle = Index;
  [[nodiscard]] static Handle none() { return kNoIndex; }
  [[nodiscard]] bool main_is_over() const;
  [[nodiscard]] bool main_has_room() const;
  [[nodiscard]] Handle tail(HorizonQueue queue) const {
    const Index last = row(queue).tail;
    return last != kNoIndex && last == spared_ ? nodes_[last].towards_head : last;
  }
  void move(Handle handle, HorizonQueue to);
  void take(Handle handle);
  void remember(Handle handle);
  [[nodiscard]] std::uint8_t uses(Handle handle) const { return nodes_[handle].uses; }
  void set_uses(Handle handle, std::uint8_t uses) { nodes_[handle].uses = uses & 0xf; }
  [[nodiscard]] std::uint16_t last_use(Handle handle) const { return nodes_[handle].last_use; }
  [[nodiscard]] static int lead(Handle) { return 0; }
  [[nodiscard]] static int horizon_lead() { return 0; }
  [[nodiscard]] std::uint16_t horizon() const { return horizon_; }
  void set_horizon(std::uint16_t horizon) { horizon_ = horizon; }

  [[nodiscard]] const Row& row(std::uint8_t queue) const { return rows_[queue - 1]; }
  [[nodiscard]] Row& row(std::uint8_t queue) { return rows_[queue - 1]; }
  [[nodiscard]] std::uint32_t weight_of(Index index) const {
    return weights_ == nullptr ? 1 : weights_[index];
  }
  [[nodiscard]] Index& chain_of(std::uint32_t fingerprint) const;
  [[nodiscard]] Index find(std::uint32_t fingerprint) const;
  [[nodiscard]] bool look(std::uint32_t fingerprint);
  void add(const Sample& sample);
  void forget(std::uint32_t fingerprint);
  void change_weight(std::uint32_t fingerprint, std::uint32_t weight);
  void make_room();
  [[nodiscard]] bool is_over() const;
  void update_share();
  void tick();
  void push(Index index, HorizonQueue to);
  void pop(Index index);
  void unchain(Index index);
  void free(Index index);
  [[nodiscard]] Index insert(const Sample& sample, HorizonQueue to);

  const Arm* arm_;
  Bounds bounds_;
  Share main_share_;
  std::uint64_t capacity_ = 0;  // in entries; what it holds when full if not bounded so
  std::uint32_t places_;
  std::uint32_t count_ = 0;
  std::unique_ptr<Node[]> nodes_;  // one more than there are places, for a newcomer
  std::unique_ptr<Index[]> chains_;
  std::unique_ptr<std::uint32_t[]> weights_;  // where they count
  AgedGhost ghost_;
  std::array<Row, 2> rows_;
  Index free_ = kNoIndex;
  Index spared_ = kNoIndex;  // the newcomer that room is made for
  std::uint16_t now_ = 0;
  std::uint16_t horizon_ = 0;
  std::uint64_t misses_since_tick_ = 0;
};

}  // namespace strata::memory
