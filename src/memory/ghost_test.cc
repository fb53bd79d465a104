// Tests of Ghost: it remembers nearly all of the last `length`, and nearly nothing else.
#include "memory/ghost.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace strata::memory {
namespace {

std::uint64_t hash_of(std::uint64_t number) {
  std::uint64_t bits = number * 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
  return bits ^ (bits >> 31);
}

std::size_t remembered(const Ghost& ghost, std::uint64_t begin, std::uint64_t end,
                       std::size_t length) {
  std::size_t count = 0;
  for (std::uint64_t i = begin; i < end; ++i) count += ghost.contains(hash_of(i), length) ? 1 : 0;
  return count;
}

TEST(Ghost, RemembersNothingAtFirstAndTakesNoMemory) {
  const Ghost ghost;
  EXPECT_FALSE(ghost.contains(hash_of(1), 100));
  EXPECT_EQ(ghost.footprint_bytes(), 0u);
}

TEST(Ghost, RemembersTheLastOfThemAndForgetsTheRest) {
  constexpr std::size_t kLength = 10'000;
  Ghost ghost;
  for (std::uint64_t i = 0; i < 5 * kLength; ++i) ghost.insert(hash_of(i), kLength);
  EXPECT_EQ(remembered(ghost, 0, 3 * kLength, kLength), 0u);
  EXPECT_GT(remembered(ghost, 4 * kLength, 5 * kLength, kLength), kLength * 95 / 100);
  EXPECT_LT(remembered(ghost, 5 * kLength, 15 * kLength, kLength), kLength / 100);
  EXPECT_TRUE(ghost.contains(hash_of(5 * kLength - 1), kLength));
  ghost.forget(hash_of(5 * kLength - 1));
  EXPECT_FALSE(ghost.contains(hash_of(5 * kLength - 1), kLength));
}

TEST(Ghost, AShorterLengthRemembersLess) {
  Ghost ghost;
  for (std::uint64_t i = 0; i < 100; ++i) ghost.insert(hash_of(i), 100);
  EXPECT_EQ(remembered(ghost, 0, 100, 10), 10u);
  EXPECT_EQ(remembered(ghost, 0, 90, 10), 0u);
}

TEST(Ghost, GrowsAndShrinksWithItsLengthAndKeepsWhatFits) {
  Ghost ghost;
  std::uint64_t next = 0;
  for (; next < 1'000; ++next) ghost.insert(hash_of(next), 1'000);
  ghost.insert(hash_of(next++), 100'000);
  EXPECT_GE(ghost.footprint_bytes(), 100'000u * 8);
  EXPECT_LE(ghost.footprint_bytes(), 270'000u * 8);
  EXPECT_GT(remembered(ghost, 0, next, 2'000), 950u);

  ghost.insert(hash_of(next++), 200);
  EXPECT_LE(ghost.footprint_bytes(), 540u * 8);
  EXPECT_TRUE(ghost.contains(hash_of(next - 1), 200));
  EXPECT_GT(remembered(ghost, next - 200, next, 200), 180u);
  EXPECT_EQ(remembered(ghost, 0, next - 200, 200), 0u);
}

}  // namespace
}  // namespace strata::memory
