// Shares of keys: how many, which, and how they are written.
#include "strata/tiered/enabled.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "strata/core/key.h"

namespace strata {
namespace {

std::vector<bool> included(Enabled enabled) {
  std::vector<bool> included;
  for (int i = 0; i < 10'000; ++i) {
    included.push_back(enabled.includes(key_hash("1:user::" + std::to_string(i))));
  }
  return included;
}

TEST(Enabled, TrueIncludesEveryKeyAndFalseNone) {
  EXPECT_EQ(included(true), std::vector<bool>(10'000, true));
  EXPECT_EQ(included(false), std::vector<bool>(10'000, false));
  EXPECT_EQ(Enabled::percent(100), Enabled(true));
  EXPECT_EQ(Enabled::percent(0), Enabled(false));
}

TEST(Enabled, AShareHasAboutSoManyKeys) {
  for (const double percent : {0.5, 1.0, 25.0, 50.0, 99.0}) {
    const std::vector<bool> keys = included(Enabled::percent(percent));
    const auto count = static_cast<double>(std::count(keys.begin(), keys.end(), true));
    EXPECT_NEAR(count, percent * 100, 150) << percent;
  }
}

TEST(Enabled, ALargerShareHasAllKeysOfASmallerOne) {
  std::vector<bool> before = included(false);
  for (const double percent : {1.0, 2.5, 10.0, 25.0, 50.0, 75.0, 99.99, 100.0}) {
    const std::vector<bool> now = included(Enabled::percent(percent));
    for (std::size_t i = 0; i < now.size(); ++i) EXPECT_LE(before[i], now[i]);
    before = now;
  }
}

// Processes of different releases work on one set of keys, so this may not change.
TEST(Enabled, WhichKeysAShareHasIsFixed) {
  const Enabled quarter = Enabled::percent(25);
  std::string ids;
  for (int i = 0; i < 20; ++i) {
    if (quarter.includes(key_hash("1:user::" + std::to_string(i)))) ids += std::to_string(i) + " ";
  }
  EXPECT_EQ(ids, "0 6 13 ");
}

TEST(Enabled, IsWrittenAsItIsRead) {
  EXPECT_EQ(to_string(Enabled(true)), "true");
  EXPECT_EQ(to_string(Enabled(false)), "false");
  EXPECT_EQ(to_string(Enabled::percent(25)), "25%");
  EXPECT_EQ(to_string(Enabled::percent(12.5)), "12.5%");
  EXPECT_EQ(to_string(Enabled::percent(0.07)), "0.07%");
  EXPECT_EQ(to_string(Enabled::percent(12.34)), "12.34%");
}

TEST(Enabled, WhatIsOutsideCountsAsTheNearerEnd) {
  EXPECT_EQ(Enabled::percent(-3), Enabled(false));
  EXPECT_EQ(Enabled::percent(101), Enabled(true));
  EXPECT_EQ(Enabled::percent(0.001), Enabled(false));
  EXPECT_EQ(Enabled::percent(99.999), Enabled(true));
}

}  // namespace
}  // namespace strata
