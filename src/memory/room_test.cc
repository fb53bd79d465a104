// Tests of Room: who may take how much.
#include "memory/room.h"

#include <gtest/gtest.h>

namespace strata::memory {
namespace {

constexpr Room::Amount kOne{.entries = 1, .bytes = 10};
constexpr Room::Amount kGone{.entries = -1, .bytes = -10};

class RoomTest : public testing::Test {
 protected:
  RoomTest() {
    room.set_bounds(50, 500);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(room.take(kOne, {}));
  }
  // Gives one up.
  void evict(Room::Given& given) {
    room.adjust(kGone);
    given = given.with(kOne);
  }
  Room room;
};

TEST_F(RoomTest, TakesNoMoreThanItsBounds) {
  EXPECT_FALSE(room.take(kOne, {}));
  EXPECT_FALSE(room.take({.entries = 0, .bytes = 1}, {}));
  EXPECT_FALSE(room.take({.entries = 1, .bytes = 0}, {}));
  EXPECT_TRUE(room.take({.entries = 0, .bytes = -5}, {}));
  EXPECT_TRUE(room.take({.entries = 0, .bytes = 5}, {}));
  EXPECT_EQ(room.held(), (Room::Amount{.entries = 50, .bytes = 500}));
}

TEST_F(RoomTest, WhatIsGivenUpMayBeTakenWhileTheBoundsAreExceeded) {
  Room::Given given{.amount = {}, .held_before = room.held()};
  room.set_bounds(20, 200);
  EXPECT_FALSE(room.allows(kOne, given));
  evict(given);
  EXPECT_TRUE(room.allows(kOne, given));
  EXPECT_TRUE(room.take(kOne, given));
  EXPECT_EQ(room.entries(), 50u);
}

// Or each who comes late would add one to what is beyond the bounds.
TEST_F(RoomTest, WhatIsGivenUpAndTakenBySomebodyElseIsNotTakenAgain) {
  Room::Given given{.amount = {}, .held_before = room.held()};
  evict(given);
  EXPECT_TRUE(room.take(kOne, {})) << "there is room";
  EXPECT_FALSE(room.allows(kOne, given));
  EXPECT_FALSE(room.take(kOne, given));
  EXPECT_EQ(room.entries(), 50u);
  EXPECT_EQ(room.bytes(), 500u);
  evict(given);
  EXPECT_TRUE(room.take(kOne, given));
  EXPECT_EQ(room.entries(), 50u);
}

// Or who lowers them, and has seen them hold, would find them exceeded.
TEST_F(RoomTest, WhatWasGivenUpBeforeTheBoundsWereLoweredDoesNotExceedThem) {
  Room::Given given{.amount = {}, .held_before = room.held()};
  evict(given);
  room.set_bounds(20, 500);
  while (room.entries() > 20) room.adjust(kGone);
  EXPECT_FALSE(room.take(kOne, given)) << "all 20 are held";
  room.set_bounds(0, 200);
  EXPECT_FALSE(room.take(kOne, given)) << "and all bytes";
  evict(given);
  EXPECT_TRUE(room.take(kOne, given));
  EXPECT_EQ(room.held(), (Room::Amount{.entries = 20, .bytes = 200}));
}

}  // namespace
}  // namespace strata::memory
