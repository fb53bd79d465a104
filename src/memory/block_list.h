// BlockList: a list of small things that grows at its end, in blocks, so that no call copies more
// than a block of them: where a vector of a million doubles, it copies a million.
//
// The last block grows by doubling up to kBlock, the others are full. Of those that are full a
// vector is kept, which grows by doubling, too: 24 bytes for each.
//
// Threads   Thread-compatible.
// Errors    push_back() throws std::bad_alloc, and then has changed nothing.
// Memory    Blocks lie in the slab heap, on large pages, and go as they become empty.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/slab_heap.h"

namespace strata::memory {

template <typename T>
struct SlabAllocator {
  using value_type = T;
  SlabAllocator() = default;
  template <typename U>
  SlabAllocator(const SlabAllocator<U>& /*other*/) {}
  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(internal::slab_allocate(count * sizeof(T), alignof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    internal::slab_free(memory, count * sizeof(T), alignof(T));
  }
  friend bool operator==(const SlabAllocator&, const SlabAllocator&) { return true; }
};

template <typename T>
class BlockList {
 public:
  static constexpr std::size_t kBlock = 512;

  [[nodiscard]] bool empty() const { return blocks_.empty(); }
  [[nodiscard]] std::size_t size() const {
    return empty() ? 0 : (blocks_.size() - 1) * kBlock + blocks_.back().size();
  }
  [[nodiscard]] T& operator[](std::size_t at) { return blocks_[at / kBlock][at % kBlock]; }
  [[nodiscard]] const T& operator[](std::size_t at) const {
    return blocks_[at / kBlock][at % kBlock];
  }
  [[nodiscard]] T& back() { return blocks_.back().back(); }

  void push_back(T one) {
    if (!empty() && blocks_.back().size() < kBlock) {
      blocks_.back().push_back(std::move(one));
      return;
    }
    Block block;
    block.push_back(std::move(one));
    blocks_.push_back(std::move(block));
  }
  // Precondition: it is not empty.
  void pop_back() {
    blocks_.back().pop_back();
    if (!blocks_.back().empty()) return;
    blocks_.pop_back();
    if (blocks_.empty()) std::vector<Block>().swap(blocks_);
  }
  // How many things there is memory for. O(blocks).
  [[nodiscard]] std::size_t capacity() const {
    std::size_t sum = 0;
    for (const Block& block : blocks_) sum += block.capacity();
    return sum;
  }

 private:
  using Block = std::vector<T, SlabAllocator<T>>;

  std::vector<Block> blocks_;  // none is empty
};

}  // namespace strata::memory
