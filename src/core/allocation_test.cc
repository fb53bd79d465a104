// Compares the formula for the size of allocations with what the C library says of them.
#include "core/allocation.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "testkit/sanitizer.h"

namespace strata::internal {
namespace {

TEST(AllocationBytes, RoundsUpLikeTheAllocator) {
  EXPECT_EQ(allocation_bytes(0), 0u);
  EXPECT_EQ(allocation_bytes(1), 32u);
  EXPECT_EQ(allocation_bytes(24), 32u);
  EXPECT_EQ(allocation_bytes(25), 48u);
  EXPECT_EQ(allocation_bytes(40), 48u);
  EXPECT_EQ(allocation_bytes(41), 64u);
}

TEST(StringHeapBytes, IsZeroForShortStrings) {
  EXPECT_EQ(string_heap_bytes(std::string("short").capacity()), 0u);
  EXPECT_EQ(string_heap_bytes(15), 0u);
  EXPECT_EQ(string_heap_bytes(16), 32u);
}

#if !STRATA_SANITIZED
// Sanitizers bring allocators of their own, so this is for builds without them.
TEST(AllocationBytes, IsWhatTheAllocatorUsed) {
  constexpr std::size_t kHeader = 8;
  std::vector<std::unique_ptr<char[]>> kept;
  for (std::size_t size = 1; size < 100'000; size = size * 9 / 8 + 1) {
    kept.push_back(std::make_unique<char[]>(size));
    const std::size_t used = ::malloc_usable_size(kept.back().get()) + kHeader;
    // The allocator may give a little more when the rest of a free block is too small to keep.
    EXPECT_LE(allocation_bytes(size), used) << size;
    EXPECT_GE(allocation_bytes(size) + 16, used) << size;
  }
}
#endif

}  // namespace
}  // namespace strata::internal
