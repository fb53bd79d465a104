// What every Random promises: strata/ports/random.h as tests.
//
//   INSTANTIATE_TEST_SUITE_P(System, RandomContract, testing::Values(RandomMaker(system_random)));
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "strata/ports/random.h"
#include "strata/ports/thread.h"

namespace strata::contract {

using RandomMaker = std::function<std::shared_ptr<Random>()>;

class RandomContract : public ::testing::TestWithParam<RandomMaker> {
 protected:
  const std::shared_ptr<Random> random_ = GetParam()();
};

// Of 4,096 draws, six standard deviations: a good generator fails once in 10^9 runs per bit.
TEST_P(RandomContract, EveryBitIsSetHalfOfTheTime) {
  constexpr int kDraws = 4'096;
  std::array<int, 64> set{};
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::uint64_t bits = random_->next();
    for (unsigned bit = 0; bit < 64; ++bit) set[bit] += static_cast<int>((bits >> bit) & 1);
  }
  const double deviation = std::sqrt(kDraws) / 2;
  for (unsigned bit = 0; bit < 64; ++bit) {
    EXPECT_NEAR(set[bit], kDraws / 2, 6.5 * deviation) << "bit " << bit;
  }
}

TEST_P(RandomContract, ThreadsNeverDrawTheSameNumber) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kDraws = 5'000;
  std::vector<std::vector<std::uint64_t>> drawn(kThreads);
  {
    std::vector<Thread> threads;
    for (std::vector<std::uint64_t>& numbers : drawn) {
      threads.emplace_back("drawer", [this, &numbers] {
        for (std::size_t draw = 0; draw < kDraws; ++draw) numbers.push_back(random_->next());
      });
    }
  }
  std::set<std::uint64_t> all;
  for (const auto& numbers : drawn) all.insert(numbers.begin(), numbers.end());
  EXPECT_EQ(all.size(), kThreads * kDraws);
}

}  // namespace strata::contract
