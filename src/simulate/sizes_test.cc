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

TEST(Sizes, OfBytesHaveUnits) {
  const auto sizes = parse_sizes("1KiB,50%,2 MiB,700", true);
  ASSERT_TRUE(sizes) << sizes.error().message;
  EXPECT_EQ(sizes_for(*sizes, 10'000), (std::vector<std::uint64_t>{700, 1'024, 5'000, 2 << 20}));
  for (const char* text : {"", "1KiB,", "-1KiB", "0", "0KiB", "1.5KiB", "1kib", "50%%"}) {
    EXPECT_FALSE(parse_sizes(text, true)) << text;
  }
  EXPECT_EQ(
      parse_sizes("1KiB").error().message,
      "\"1KiB\" is no size in entries; sizes are numbers, or percentages like 5%, unless they "
      "are --by bytes");
}

TEST(Sizes, TheWholeIsAllKeysOrTheirBytes) {
  const Trace trace{.name = "", .requests = {0, 1, 0}, .hashes = {1, 2}, .sizes = {10, 20, 15}};
  EXPECT_EQ(whole_size(trace, false), 2u);
  EXPECT_EQ(whole_size(trace, true), 35u);
  EXPECT_EQ(whole_size(trace, true, 200), 435u);
}

}  // namespace
}  // namespace strata::simulate
