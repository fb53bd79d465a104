// LirsNodes: the places in the recency stack of Lirs, which can be found by hash.
//
// Nodes are numbered and live in blocks that never move. They are found through a table that grows
// by one chain with each node: no call does work for all of them.
//
// Threads   Thread-compatible.
// Errors    add() answers kNoNode without memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "memory/policy/resident.h"

namespace strata::memory {

using LirsIndex = std::uint32_t;
inline constexpr LirsIndex kNoNode = UINT32_MAX;

struct LirsNode {
  std::uint64_t hash = 0;
  Resident* resident = nullptr;  // null: it was evicted, and is remembered
  LirsIndex above = kNoNode;     // in the stack
  LirsIndex below = kNoNode;
  LirsIndex newer = kNoNode;  // among those that are only remembered
  LirsIndex older = kNoNode;
  LirsIndex chain = kNoNode;
};

class LirsNodes {
 public:
  [[nodiscard]] LirsNode& operator[](LirsIndex index) {
    return blocks_[index / kBlockNodes][index % kBlockNodes];
  }
  [[nodiscard]] const LirsNode& operator[](LirsIndex index) const {
    return blocks_[index / kBlockNodes][index % kBlockNodes];
  }
  [[nodiscard]] LirsIndex find(std::uint64_t hash) const;
  // Precondition: there is none with this hash.
  [[nodiscard]] LirsIndex add(std::uint64_t hash);
  void erase(LirsIndex index);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t footprint_bytes() const;

 private:
  static constexpr std::size_t kBlockNodes = 512;
  static constexpr std::size_t kSegmentChains = 1024;

  [[nodiscard]] LirsIndex& chain_at(std::size_t chain) {
    return segments_[chain / kSegmentChains][chain % kSegmentChains];
  }
  [[nodiscard]] std::size_t chain_of(std::uint64_t hash) const;
  [[nodiscard]] bool grow_blocks();
  void grow_chains();

  std::vector<std::unique_ptr<LirsNode[]>> blocks_;
  std::vector<std::unique_ptr<LirsIndex[]>> segments_;
  std::size_t chains_ = 0;  // in use; those below chains_ - round_ are split in this round
  std::size_t round_ = 0;   // a power of two, at most chains_
  std::size_t size_ = 0;
  LirsIndex free_ = kNoNode;
};

}  // namespace strata::memory
