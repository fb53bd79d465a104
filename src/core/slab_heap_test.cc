// Tests of the slab heap: that objects do not overlap and are aligned, and what it keeps and gives
// back.
#include "core/slab_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "testkit/random.h"
#include "testkit/threads.h"

namespace strata::internal {
namespace {

struct Object {
  unsigned char* bytes;
  std::size_t size;
  std::size_t alignment;
  unsigned char mark;
};

Object make(std::size_t size, std::size_t alignment, unsigned char mark) {
  Object object{static_cast<unsigned char*>(slab_allocate(size, alignment)), size, alignment, mark};
  std::memset(object.bytes, mark, size);
  return object;
}

bool is_untouched(const Object& object) {
  return std::all_of(object.bytes, object.bytes + object.size,
                     [&](unsigned char byte) { return byte == object.mark; });
}

void free_it(const Object& object) { slab_free(object.bytes, object.size, object.alignment); }

// Under a sanitizer, and where a program wants it so, nothing comes from slabs.
bool has_slabs() {
  const Object object = make(100, 8, 0);
  const bool has = slab_use().objects > 0;
  free_it(object);
  return has;
}

TEST(SlabHeap, ASizeTakesWhatItsClassTakes) {
  if (!has_slabs()) GTEST_SKIP() << "plain allocations";
  EXPECT_EQ(slab_bytes(0, 8), 16u);
  EXPECT_EQ(slab_bytes(1, 8), 16u);
  EXPECT_EQ(slab_bytes(16, 8), 16u);
  EXPECT_EQ(slab_bytes(17, 8), 32u);
  EXPECT_EQ(slab_bytes(1'024, 8), 1'024u);
  EXPECT_EQ(slab_bytes(1'025, 8), 1'152u);
  EXPECT_EQ(slab_bytes(2'048, 8), 2'048u);
  EXPECT_EQ(slab_bytes(2'049, 8), 2'304u);
  EXPECT_EQ(slab_bytes(kSlabObjectMax, 8), kSlabObjectMax);
  EXPECT_GT(slab_bytes(kSlabObjectMax + 1, 8), kSlabObjectMax) << "the C library's";
  EXPECT_EQ(slab_bytes(65, 64), 128u);
  for (std::size_t size = 1; size <= kSlabObjectMax; ++size) {
    ASSERT_GE(slab_bytes(size, 8), size);
    ASSERT_LE(slab_bytes(size, 8), size + std::max<std::size_t>(15, size / 8)) << size;
  }
}

TEST(SlabHeap, ObjectsAreAlignedAndDoNotOverlap) {
  testkit::Random random(5);
  std::vector<Object> objects;
  for (int i = 0; i < 20'000; ++i) {
    if (!objects.empty() && random.one_in(3)) {
      std::swap(objects[random.below(objects.size())], objects.back());
      ASSERT_TRUE(is_untouched(objects.back()));
      free_it(objects.back());
      objects.pop_back();
      continue;
    }
    const std::size_t alignment = std::size_t{1} << random.below(8);
    const std::size_t size =
        random.one_in(20) ? random.between(1, 2 * kSlabObjectMax) : random.between(1, 600);
    objects.push_back(make(size, alignment, static_cast<unsigned char>(random.below(256))));
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(objects.back().bytes) % alignment, 0u);
  }
  check_slab_invariants();
  for (const Object& object : objects) {
    ASSERT_TRUE(is_untouched(object));
    free_it(object);
  }
  check_slab_invariants();
}

TEST(SlabHeap, WhatIsFreedIsGivenBack) {
  if (!has_slabs()) GTEST_SKIP() << "plain allocations";
  const SlabUse before = slab_use();
  for (int round = 0; round < 3; ++round) {
    std::vector<Object> objects;
    for (int i = 0; i < 100'000; ++i) objects.push_back(make(300, 8, 7));
    const SlabUse full = slab_use();
    EXPECT_EQ(full.objects, before.objects + 100'000);
    EXPECT_EQ(full.object_bytes, before.object_bytes + 100'000 * slab_bytes(300, 8));
    EXPECT_LE(full.spans * (64 << 10),
              full.object_bytes * 102 / 100 + (200 << 10) + before.spans * (64 << 10));
    for (const Object& object : objects) free_it(object);
    const SlabUse after = slab_use();
    EXPECT_EQ(after.objects, before.objects);
    EXPECT_LE(after.spans, before.spans + 1) << "one stays with its class";
    EXPECT_LE(after.chunks, before.chunks + 2);
    check_slab_invariants();
  }
}

TEST(SlabHeap, ThreadsMayFreeWhatOthersAllocated) {
  constexpr std::size_t kThreads = 4;
  constexpr int kObjects = 20'000;
  std::vector<std::vector<Object>> made(kThreads);
  testkit::run_threads(kThreads, [&](std::size_t index) {
    testkit::Random random(index);
    for (int i = 0; i < kObjects; ++i) {
      made[index].push_back(
          make(random.between(1, 400), 8, static_cast<unsigned char>(random.below(256))));
    }
  });
  testkit::run_threads(kThreads, [&](std::size_t index) {
    for (const Object& object : made[(index + 1) % kThreads]) {
      EXPECT_TRUE(is_untouched(object));
      free_it(object);
      free_it(make(object.size, object.alignment, 1));
    }
  });
  check_slab_invariants();
}

}  // namespace
}  // namespace strata::internal
