// LirsNodes: a pool, and linear hashing.
#include "memory/policy/lirs_nodes.h"

#include <algorithm>
#include <new>
#include <utility>

namespace strata::memory {
namespace {

std::uint64_t mix(std::uint64_t hash) {
  hash = (hash ^ (hash >> 32)) * 0xc2b2ae3d27d4eb4fULL;
  return hash ^ (hash >> 32);
}

template <typename T>
bool add_block(std::vector<std::unique_ptr<T[]>>& blocks, std::size_t length) {
  std::unique_ptr<T[]> block(new (std::nothrow) T[length]);
  if (block == nullptr) return false;
  try {
    blocks.push_back(std::move(block));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

}  // namespace

// While chains double from round_ to 2 * round_, the first chains_ - round_ of them have been split
// in two by one more bit of the hash.
std::size_t LirsNodes::chain_of(std::uint64_t hash) const {
  const std::uint64_t mixed = mix(hash);
  const auto chain = static_cast<std::size_t>(mixed & (round_ - 1));
  return chain < chains_ - round_ ? static_cast<std::size_t>(mixed & (2 * round_ - 1)) : chain;
}

LirsIndex LirsNodes::find(std::uint64_t hash) const {
  if (chains_ == 0) return kNoNode;
  const std::size_t chain = chain_of(hash);
  LirsIndex index = segments_[chain / kSegmentChains][chain % kSegmentChains];
  while (index != kNoNode && (*this)[index].hash != hash) index = (*this)[index].chain;
  return index;
}

bool LirsNodes::grow_blocks() {
  const std::size_t first = blocks_.size() * kBlockNodes;
  if (first + kBlockNodes >= kNoNode || !add_block(blocks_, kBlockNodes)) return false;
  for (std::size_t i = kBlockNodes; i > 0; --i) {
    const auto index = static_cast<LirsIndex>(first + i - 1);
    (*this)[index].chain = std::exchange(free_, index);
  }
  return true;
}

void LirsNodes::grow_chains() {
  if (chains_ == segments_.size() * kSegmentChains) {
    if (!add_block(segments_, kSegmentChains)) return;
    std::fill_n(segments_.back().get(), kSegmentChains, kNoNode);
  }
  if (chains_ == 0) {
    chains_ = round_ = 1;
    return;
  }
  const std::size_t split = chains_ - round_;
  LirsIndex index = std::exchange(chain_at(split), kNoNode);
  if (++chains_ == 2 * round_) round_ = chains_;
  while (index != kNoNode) {
    LirsNode& node = (*this)[index];
    const LirsIndex next = node.chain;
    node.chain = std::exchange(chain_at(chain_of(node.hash)), index);
    index = next;
  }
}

LirsIndex LirsNodes::add(std::uint64_t hash) {
  if (size_ >= chains_) grow_chains();
  if (chains_ == 0 || (free_ == kNoNode && !grow_blocks())) return kNoNode;
  const LirsIndex index = free_;
  LirsNode& node = (*this)[index];
  free_ = node.chain;
  node = {};
  node.hash = hash;
  node.chain = std::exchange(chain_at(chain_of(hash)), index);
  ++size_;
  return index;
}

void LirsNodes::erase(LirsIndex index) {
  LirsIndex* link = &chain_at(chain_of((*this)[index].hash));
  while (*link != index) link = &(*this)[*link].chain;
  *link = (*this)[index].chain;
  (*this)[index].chain = std::exchange(free_, index);
  --size_;
}

std::size_t LirsNodes::footprint_bytes() const {
  return blocks_.size() * kBlockNodes * sizeof(LirsNode) +
         segments_.size() * kSegmentChains * sizeof(LirsIndex);
}

}  // namespace strata::memory
