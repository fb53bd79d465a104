// Tests of AgedGhost: what it remembers, for how long, and what growing costs.
#include "memory/policy/aged_ghost.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "testkit/random.h"

namespace strata::memory {
namespace {

TEST(AgedGhost, RemembersOnceWhenSomebodyWasUsed) {
  AgedGhost ghost;
  ghost.fit(100);
  EXPECT_EQ(ghost.take(7), std::nullopt);
  ghost.insert(7, 41, 42);
  EXPECT_EQ(ghost.take(7), 41);
  EXPECT_EQ(ghost.take(7), std::nullopt) << "it was forgotten";
}

TEST(AgedGhost, TakesNoMemoryBeforeSomebodyIsRemembered) {
  AgedGhost ghost;
  ghost.fit(1'000);
  EXPECT_EQ(ghost.footprint_bytes(), 0u);
  ghost.insert(1, 0, 0);
  EXPECT_EQ(ghost.footprint_bytes(), 4'000u);
}

TEST(AgedGhost, TheOldestOfABucketGivesWayAlsoWhenTimeWraps) {
  AgedGhost ghost;
  ghost.fit(AgedGhost::kSlotsPerBucket);
  testkit::Random random(1);
  std::uint64_t hashes[AgedGhost::kSlotsPerBucket + 1];
  std::uint16_t time = 0xfffc;
  for (std::uint64_t& hash : hashes) {
    hash = random.next();
    ghost.insert(hash, time, time);
    ++time;
  }
  EXPECT_EQ(ghost.take(hashes[0]), std::nullopt);
  for (std::size_t i = 1; i <= AgedGhost::kSlotsPerBucket; ++i) {
    EXPECT_EQ(ghost.take(hashes[i]), static_cast<std::uint16_t>(0xfffc + i));
  }
}

TEST(AgedGhost, SomebodyElseIsHardlyEverTakenForOneWhoIsRemembered) {
  AgedGhost ghost;
  ghost.fit(4'096);
  testkit::Random random(2);
  for (int i = 0; i < 20'000; ++i) ghost.insert(random.next(), 0, 0);
  int mistakes = 0;
  for (int i = 0; i < 100'000; ++i) mistakes += ghost.take(random.next()).has_value() ? 1 : 0;
  EXPECT_LE(mistakes, 30) << "about 12 are expected";
}

TEST(AgedGhost, RemembersMostOfAsManyAsItHasSlots) {
  AgedGhost ghost;
  ghost.fit(3'000);
  testkit::Random random(3);
  std::vector<std::uint64_t> hashes(3'000);
  std::uint16_t time = 0;
  for (std::uint64_t& hash : hashes) {
    hash = random.next();
    ghost.insert(hash, time, time);
    ++time;
  }
  int remembered = 0;
  for (const std::uint64_t hash : hashes) remembered += ghost.take(hash).has_value() ? 1 : 0;
  EXPECT_GE(remembered, 2'400);
}

TEST(AgedGhost, WhatItRemembersOutlivesItsGrowth) {
  AgedGhost ghost;
  ghost.fit(1'000);
  for (std::uint64_t i = 0; i < 300; ++i) ghost.insert(i << 32, 5, 5);
  ghost.fit(1'100);
  ghost.insert(1, 5, 5);
  EXPECT_EQ(ghost.slots(), 1'000u) << "a small difference is not worth a new table";
  ghost.fit(3'000);
  ghost.insert(2, 5, 5);
  EXPECT_EQ(ghost.slots(), 3'000u);
  for (std::uint64_t i = 0; i < 300; ++i) EXPECT_EQ(ghost.take(i << 32), 5) << i;
  for (std::uint64_t i = 0; i < 4'000; ++i) ghost.insert((i << 32) | 3, 6, 6);
  EXPECT_EQ(ghost.footprint_bytes(), 12'000u) << "the former table is gone";
}

// Of many pieces, the last of which is shorter.
TEST(AgedGhost, WhatALargeOneRemembersIsRight) {
  AgedGhost ghost;
  ghost.fit(100'000);
  testkit::Random random(4);
  std::vector<std::pair<std::uint64_t, std::uint16_t>> used(60'000);
  for (auto& [hash, time] : used) {
    hash = random.next();
    time = static_cast<std::uint16_t>(random.next());
    ghost.insert(hash, time, 0xffff);
  }
  EXPECT_EQ(ghost.footprint_bytes(), 400'000u);
  int remembered = 0;
  int wrong = 0;
  for (const auto& [hash, time] : used) {
    const auto found = ghost.take(hash);
    remembered += found.has_value() ? 1 : 0;
    wrong += found.has_value() && *found != time ? 1 : 0;
  }
  EXPECT_GE(remembered, 50'000);
  EXPECT_LE(wrong, 40) << "who has the fingerprint of another in a bucket of eight: about 10";
}

// Also when a third size is wanted meanwhile.
TEST(AgedGhost, AFormerTableGoesAPieceAtATime) {
  constexpr std::size_t kPiece = 16 << 10;
  for (const std::size_t third : {0u, 30'000u}) {
    AgedGhost ghost;
    ghost.fit(100'000);
    testkit::Random random(5);
    for (int i = 0; i < 100'000; ++i) ghost.insert(random.next(), 1, 1);
    ghost.fit(200'000);
    std::size_t former = ghost.footprint_bytes();
    for (int i = 0; i < 500'000; ++i) {
      if (i == 1'000 && third != 0) ghost.fit(third);
      ghost.insert(random.next(), 2, 2);
      ASSERT_LE(ghost.footprint_bytes(), former + kPiece) << i;
      ASSERT_GE(ghost.footprint_bytes() + kPiece, former) << i;
      former = ghost.footprint_bytes();
    }
    EXPECT_EQ(ghost.footprint_bytes(), third == 0 ? 800'000u : 4 * third);
  }
}

}  // namespace
}  // namespace strata::memory
