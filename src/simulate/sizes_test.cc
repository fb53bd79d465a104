// Tests of sizes.
#include "simulate/sizes.h"

#include <gtest/gtest.h>

namespace strata::simulate {
namespace {

TEST(Sizes, AreNumbersAndPercentages) {
  const auto sizes = parse_sizes("1%,0.5%,100,1000,100%");
  ASSERT_TRUE(sizes) << sizes.error().message;
  EXPECT_EQ(sizes_for(*sizes, 2'000), (std::vector<std::uint64_t>{10, 20, 100, 1'000, 2'000}));
  EXPECT_EQ(sizes_for(*sizes, 10), (std::vector<std::uint64_t>{1, 10, 100, 1'000}));
}

TEST(Sizes, AnythingElseIsRejected) {
  for (const char* text : {"", "1%,", "x", "-1", "0", "0%", "101%", "1.5", "nan%", "1 ", "%"}) {
    const auto sizes = parse_sizes(text);
    ASSERT_FALSE(sizes) << text;
    EXPECT_EQ(sizes.error().code, ErrorCode::kRejected);
    EXPECT_NE(sizes.error().message.find("is no size"), std::string::npos);
  }
}

TEST(Sizes, TheWholeIsAllKeysOrTheirBytes) {
  const Trace trace{.name = "", .requests = {0, 1, 0}, .hashes = {1, 2}, .sizes = {10, 20, 15}};
  EXPECT_EQ(whole_size(trace, false), 2u);
  EXPECT_EQ(whole_size(trace, true), 35u);
}

}  // namespace
}  // namespace strata::simulate
