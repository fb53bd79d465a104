// Tests of Worth: grades by aim and by what is scarce.
#include "memory/policy/worth.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace strata::memory {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::uint8_t kMean = Worth::kMeanGrade;

// A hundred residents of the same weight and cost, and one that is asked about.
class WorthTest : public testing::Test {
 protected:
  void have(EvictionAim aim, std::uint32_t weight, std::uint8_t cost_class) {
    worth.emplace(aim);
    residents.clear();
    for (int i = 0; i < 100; ++i) {
      residents.push_back(std::make_unique<Resident>());
      residents.back()->weight = weight;
      set_cost_class(*residents.back(), cost_class & 15U);
      worth->add(*residents.back());
    }
  }
  int lead(std::uint32_t weight, std::uint8_t cost_class = 0) {
    Resident entry;
    entry.weight = weight;
    set_cost_class(entry, cost_class & 15U);
    return worth->grade(entry) - kMean;
  }

  std::optional<Worth> worth;
  std::vector<std::unique_ptr<Resident>> residents;
};

TEST_F(WorthTest, WhatLoadingTookIsKnownByPowersOfThree) {
  EXPECT_EQ(cost_class_of(Duration(0)), 0);
  EXPECT_EQ(cost_class_of(Duration(1)), 1);
  EXPECT_EQ(cost_class_of(microseconds(59)), 1);
  EXPECT_EQ(cost_class_of(microseconds(60)), 2);
  EXPECT_EQ(cost_class_of(microseconds(179)), 2);
  EXPECT_EQ(cost_class_of(microseconds(180)), 3);
  EXPECT_EQ(cost_class_of(seconds(1)), 10);
  EXPECT_EQ(cost_class_of(seconds(1'000'000)), 15) << "the last";
}

TEST_F(WorthTest, AllAreOfTheMeanGradeWhereAllAreAlike) {
  for (const EvictionAim aim : {EvictionAim::kRequests, EvictionAim::kBytes, EvictionAim::kCost}) {
    for (const std::uint32_t weight : {1u, 7u, 1'000u, 4'000'000'000u}) {
      for (const std::uint8_t cost : {0, 1, 7, 15}) {
        have(aim, weight, cost);
        for (const bool counts_places : {false, true}) {
          worth->set_counts_places(counts_places);
          EXPECT_EQ(lead(weight, cost), 0) << weight << " " << int{cost};
        }
      }
    }
  }
}

TEST_F(WorthTest, AnEmptyShardHasTheMeanGradeOnly) {
  for (const EvictionAim aim : {EvictionAim::kRequests, EvictionAim::kBytes, EvictionAim::kCost}) {
    worth.emplace(aim);
    EXPECT_EQ(lead(10, 5), 0);
    EXPECT_EQ(lead(0), 0);
  }
}

TEST_F(WorthTest, ForRequestsAFourthOfTheBytesIsAGrade) {
  have(EvictionAim::kRequests, 1'000, 0);
  EXPECT_EQ(lead(600), 0);
  EXPECT_EQ(lead(250), 1);
  EXPECT_EQ(lead(62), 2);
  EXPECT_EQ(lead(1), 3) << "and no more";
  EXPECT_EQ(lead(1'900), 0);
  EXPECT_EQ(lead(4'000), -1);
  EXPECT_EQ(lead(16'000), -2);
  EXPECT_EQ(lead(4'000'000'000), -3);
  worth->set_counts_places(true);
  EXPECT_EQ(lead(250), 0) << "all places are alike";
}

TEST_F(WorthTest, ForBytesSizeCountsOnlyWherePlacesAreScarce) {
  have(EvictionAim::kBytes, 1'000, 0);
  EXPECT_EQ(lead(250), 0);
  EXPECT_EQ(lead(16'000), 0);
  worth->set_counts_places(true);
  EXPECT_EQ(lead(250), -1);
  EXPECT_EQ(lead(16'000), 2);
}

TEST_F(WorthTest, ForCostItIsLoadTimePerByte) {
  have(EvictionAim::kCost, 1'000, 5);
  EXPECT_EQ(lead(1'000, 6), 1) << "thrice is nearer to four times than to once";
  EXPECT_EQ(lead(1'000, 7), 2) << "nine times";
  EXPECT_EQ(lead(9'000, 7), 0);
  EXPECT_EQ(lead(1'000, 4), -1);
  EXPECT_EQ(lead(1'000, 0), 0) << "not known: as the others";
  worth->set_counts_places(true);
  EXPECT_EQ(lead(9'000, 7), 2);
}

TEST_F(WorthTest, ForgetsWhatLeaves) {
  have(EvictionAim::kCost, 1'000, 5);
  for (std::size_t i = 1; i < residents.size(); ++i) worth->remove(*residents[i]);
  worth->check_invariants(1, 1'000);
  worth->remove(*residents[0]);
  worth->check_invariants(0, 0);
  EXPECT_EQ(lead(1, 9), 0);
}

}  // namespace
}  // namespace strata::memory
