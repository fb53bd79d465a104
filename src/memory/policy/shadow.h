// Shadow: what a small cache in one arm would hit, without values: hashes only.
//
// Threads   Thread-compatible.
// Memory    14 bytes a resident, 4 a ghost.
// Errors    is_valid() is false if there was no memory; then nothing else may be called.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "memory/policy/aged_ghost.h"
#include "memory/policy/arm.h"
#include "memory/policy/horizon_rules.h"

namespace strata::memory {

struct ShadowOptions {
  std::uint32_t residents = 0;  // at most Shadow::kResidentsMax
  std::uint32_t ghosts = 0;
};

class Shadow {
 public:
  static constexpr std::uint32_t kResidentsMax = 1024;
  static constexpr int kCleaningMoves = 16;
  static constexpr int kMaxTurns = 128;

  Shadow(const Arm& arm, const ShadowOptions& options);

  [[nodiscard]] bool is_valid() const { return nodes_ != nullptr && chains_ != nullptr; }
  // Asks for a key, which is there afterwards. Returns whether it was before.
  bool use(std::uint64_t hash);
  [[nodiscard]] std::uint32_t residents() const { return count_; }
  [[nodiscard]] std::size_t footprint_bytes() const;
  void check_invariants() const;

 private:
  using Index = std::uint16_t;
  static constexpr Index kNoIndex = 0xffff;

  struct Node {
    std::uint32_t fingerprint;
    Index towards_head;  // in its queue
    Index next;          // in its chain, or among the free ones
    std::uint16_t last_use;
    std::uint8_t uses;
    std::uint8_t queue;
  };

  // Entries leave it at the tail only.
  struct Row {
    Index tail = kNoIndex;
    Index head = kNoIndex;
    std::uint32_t count = 0;
  };

  friend class HorizonRules<Shadow>;

  // The host of HorizonRules.
  using Handle = Index;
  [[nodiscard]] static Handle none() { return kNoIndex; }
  [[nodiscard]] bool main_is_over() const { return row(kMain).count > main_share_; }
  [[nodiscard]] bool main_has_room() const { return row(kMain).count < main_share_; }
  [[nodiscard]] Handle tail(HorizonQueue queue) const { return row(queue).tail; }
  void move(Handle handle, HorizonQueue to);
  void take(Handle handle);
  void remember(Handle handle);
  [[nodiscard]] std::uint8_t uses(Handle handle) const { return nodes_[handle].uses; }
  void set_uses(Handle handle, std::uint8_t uses) { nodes_[handle].uses = uses; }
  [[nodiscard]] std::uint16_t last_use(Handle handle) const { return nodes_[handle].last_use; }
  [[nodiscard]] std::uint16_t horizon() const { return horizon_; }
  void set_horizon(std::uint16_t horizon) { horizon_ = horizon; }

  [[nodiscard]] const Row& row(std::uint8_t queue) const { return rows_[queue - 1]; }
  [[nodiscard]] Row& row(std::uint8_t queue) { return rows_[queue - 1]; }
  [[nodiscard]] Index& chain_of(std::uint32_t fingerprint) const;
  [[nodiscard]] Index find(std::uint32_t fingerprint) const;
  void push(Index index, HorizonQueue to);
  void pop(Index index);
  void free(Index index);
  void insert(std::uint32_t fingerprint, HorizonQueue to);

  const Arm& arm_;
  std::uint32_t capacity_;
  std::uint32_t main_share_;
  std::uint32_t count_ = 0;
  std::unique_ptr<Node[]> nodes_;
  std::unique_ptr<Index[]> chains_;
  AgedGhost ghost_;
  std::array<Row, 2> rows_;
  Index free_ = kNoIndex;
  std::uint16_t now_ = 0;
  std::uint16_t horizon_ = 0;
  std::uint32_t misses_since_tick_ = 0;
};

}  // namespace strata::memory
