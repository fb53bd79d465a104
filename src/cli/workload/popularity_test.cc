// Tests of drawing by weight.
#include "cli/workload/popularity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace strata::workload {
namespace {

constexpr std::uint64_t kSeed = 20'261'121;
constexpr int kDraws = 200'000;

std::vector<int> counts_of(const Popularity& popularity, std::size_t objects) {
  const auto random = seeded_random(kSeed);
  std::vector<int> counts(objects);
  for (int i = 0; i < kDraws; ++i) ++counts.at(popularity.pick(*random));
  return counts;
}

TEST(Popularity, ZipfGivesEachRankItsShare) {
  const std::vector<int> counts = counts_of(Popularity::zipf(4, 1.0), 4);
  const double sum = 1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4;
  for (std::size_t rank = 0; rank < 4; ++rank) {
    const double share = counts[rank] / static_cast<double>(kDraws);
    EXPECT_NEAR(share, 1 / (static_cast<double>(rank) + 1) / sum, 0.01) << "rank " << rank;
  }
}

TEST(Popularity, AnExponentOfZeroMakesAllEqual) {
  for (const int count : counts_of(Popularity::zipf(10, 0.0), 10)) {
    EXPECT_NEAR(count, kDraws / 10, kDraws / 100);
  }
}

TEST(Popularity, AWeightOfZeroIsNeverPicked) {
  const double weights[] = {0, 3, 0, 1, 0};
  const std::vector<int> counts = counts_of(Popularity::of_weights(weights), 5);
  EXPECT_EQ(counts[0], 0);
  EXPECT_EQ(counts[2], 0);
  EXPECT_EQ(counts[4], 0);
  EXPECT_NEAR(counts[1], 3 * counts[3], kDraws / 50);
}

// A generator that only knows one number.
class Constant final : public Random {
 public:
  explicit Constant(std::uint64_t number) : number_(number) {}
  std::uint64_t next() override { return number_; }

 private:
  const std::uint64_t number_;
};

TEST(Popularity, TheEndsOfTheRangeStayInside) {
  Constant least(0);
  Constant most(~std::uint64_t{0});
  const Popularity popularity = Popularity::zipf(6'093, 1.0);
  EXPECT_EQ(popularity.pick(least), 0u);
  EXPECT_EQ(popularity.pick(most), 6'092u);
  const double nothing_first[] = {0, 1, 0};
  EXPECT_EQ(Popularity::of_weights(nothing_first).pick(least), 1u);
  EXPECT_EQ(Popularity::of_weights(nothing_first).pick(most), 1u);
  EXPECT_EQ(unit(least), 0.0);
  EXPECT_LT(unit(most), 1.0);
  EXPECT_LT(below(most, 7), 7u);
}

TEST(Popularity, AShuffleHasEverythingOnceInAnOrderOfItsSeed) {
  const auto order_of = [](std::uint64_t seed) {
    const auto random = seeded_random(seed);
    return shuffled(100, *random);
  };
  std::vector<std::size_t> order = order_of(1);
  EXPECT_EQ(order, order_of(1));
  EXPECT_NE(order, order_of(2));
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
}

}  // namespace
}  // namespace strata::workload
