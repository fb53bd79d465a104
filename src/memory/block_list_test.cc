// Tests of BlockList: against a standard vector, and how much a call copies.
#include "memory/block_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

constexpr std::size_t kBlock = BlockList<int>::kBlock;

TEST(BlockList, AgreesWithAStandardVector) {
  testkit::for_each_seed(30, [](testkit::Random& random) {
    BlockList<std::uint64_t> list;
    std::vector<std::uint64_t> model;
    for (int phase = 0; phase < 8; ++phase) {
      const std::uint64_t wanted = random.below(3) * kBlock + random.below(3);
      while (model.size() < wanted) {
        list.push_back(model.size() * 3);
        model.push_back(model.size() * 3);
        ASSERT_EQ(list.back(), model.back());
      }
      while (model.size() > wanted) {
        list.pop_back();
        model.pop_back();
        ASSERT_EQ(list.size(), model.size());
      }
      ASSERT_EQ(list.empty(), model.empty());
      for (std::size_t at = 0; at < model.size(); ++at) ASSERT_EQ(list[at], model[at]);
      ASSERT_LE(list.capacity(), 2 * model.size() + kBlock);
    }
  });
}

// A thing whose copies are counted.
struct Counting {
  Counting() = default;
  Counting(const Counting&) { ++copies; }
  Counting& operator=(const Counting&) {
    ++copies;
    return *this;
  }
  static std::size_t copies;
};
std::size_t Counting::copies = 0;

TEST(BlockList, NoCallCopiesAThousandThings) {
  constexpr std::size_t kThings = 200'000;
  BlockList<Counting> list;
  std::size_t most = 0;
  for (std::size_t i = 0; i < kThings; ++i) {
    Counting::copies = 0;
    list.push_back({});
    most = std::max(most, Counting::copies);
  }
  EXPECT_GE(most, kBlock / 2) << "or nothing was counted";
  EXPECT_LE(most, 1'000u);
  EXPECT_EQ(list.size(), kThings);
  while (!list.empty()) list.pop_back();
  EXPECT_EQ(list.capacity(), 0u);
}

}  // namespace
}  // namespace strata::memory
