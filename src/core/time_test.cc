// Tests of time that saturates.
#include "strata/core/time.h"

#include <gtest/gtest.h>

namespace strata {
namespace {

using std::chrono::seconds;

TEST(SaturatingAdd, AddsWhatFits) {
  EXPECT_EQ(saturating_add(seconds(2), seconds(3)), seconds(5));
  EXPECT_EQ(saturating_add(seconds(2), -seconds(3)), -seconds(1));
  EXPECT_EQ(saturating_add(Instant{seconds(2)}, seconds(3)), Instant{seconds(5)});
}

TEST(SaturatingAdd, NeitherEndWraps) {
  EXPECT_EQ(saturating_add(kForever - Duration(1), Duration(2)), kForever);
  EXPECT_EQ(saturating_add(Duration::min() + Duration(1), Duration(-2)), Duration::min());
}

TEST(SaturatingAdd, ForeverStaysForever) {
  EXPECT_EQ(saturating_add(kForever, -seconds(1)), kForever);
  EXPECT_EQ(saturating_add(-seconds(1), kForever), kForever);
  EXPECT_EQ(saturating_add(kNever, -seconds(1)), kNever);
}

TEST(Between, IsThePathFromOneInstantToAnother) {
  EXPECT_EQ(between({seconds(2)}, {seconds(5)}), seconds(3));
  EXPECT_EQ(between({seconds(5)}, {seconds(2)}), -seconds(3));
}

TEST(Between, NeverIsForeverAway) { EXPECT_EQ(between({seconds(5)}, kNever), kForever); }

TEST(Between, FarInstantsSaturate) {
  const Instant early{Duration::min()};
  const Instant late{kForever - Duration(1)};
  EXPECT_EQ(between(early, late), kForever);
  EXPECT_EQ(between(late, early), Duration::min());
}

}  // namespace
}  // namespace strata
