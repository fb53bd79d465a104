// Tests of FrequencySketch: counts, their ageing, and keys that were never seen.
#include "memory/policy/frequency_sketch.h"

#include <gtest/gtest.h>

#include "testkit/random.h"

namespace strata::memory {
namespace {

TEST(FrequencySketch, CountsUpToFifteen) {
  FrequencySketch sketch;
  sketch.ensure_capacity(1'000);
  EXPECT_EQ(sketch.frequency(42), 0u);
  for (std::uint32_t i = 1; i <= 20; ++i) {
    sketch.count(42);
    EXPECT_EQ(sketch.frequency(42), std::min(i, FrequencySketch::kCountMax));
  }
}

TEST(FrequencySketch, IsEmptyWithoutATable) {
  FrequencySketch sketch;
  sketch.count(42);
  EXPECT_FALSE(sketch.is_ready());
  EXPECT_EQ(sketch.frequency(42), 0u);
}

TEST(FrequencySketch, NeverCountsTooFewBeforeItAges) {
  FrequencySketch sketch;
  sketch.ensure_capacity(1'000);
  for (std::uint64_t key = 0; key < 500; ++key) {
    for (std::uint64_t i = 0; i <= key % 10; ++i) sketch.count(testkit::Random(key).next());
  }
  int exact = 0;
  for (std::uint64_t key = 0; key < 500; ++key) {
    const std::uint32_t its = sketch.frequency(testkit::Random(key).next());
    EXPECT_GE(its, key % 10 + 1);
    exact += its == key % 10 + 1 ? 1 : 0;
  }
  EXPECT_GE(exact, 400);
}

TEST(FrequencySketch, AllCountsAreHalvedInTime) {
  FrequencySketch sketch;
  sketch.ensure_capacity(512);
  for (int i = 0; i < 15; ++i) sketch.count(42);
  testkit::Random random(1);
  for (std::uint64_t i = 0; i < 512 * FrequencySketch::kSamplesPerEntry + 200; ++i) {
    sketch.count(random.next());
  }
  EXPECT_GE(sketch.frequency(42), 7u);
  EXPECT_LE(sketch.frequency(42), 12u);
}

TEST(FrequencySketch, GrowsButDoesNotShrink) {
  FrequencySketch sketch;
  sketch.ensure_capacity(1'000);
  const std::size_t bytes = sketch.footprint_bytes();
  sketch.ensure_capacity(10);
  EXPECT_EQ(sketch.footprint_bytes(), bytes);
  sketch.ensure_capacity(10'000);
  EXPECT_GT(sketch.footprint_bytes(), bytes);
  EXPECT_LE(sketch.footprint_bytes(), 10'000u * 16);
}

}  // namespace
}  // namespace strata::memory
