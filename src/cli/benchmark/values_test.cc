// Tests of values that tell whether they are right.
#include "cli/benchmark/values.h"

#include <gtest/gtest.h>

#include "cli/benchmark/options.h"

namespace strata::benchmark {
namespace {

constexpr std::size_t kBytes = 100;

class ValuesTest : public testing::Test {
 protected:
  const std::shared_ptr<Random> random_ = seeded_random(7);
  const Values values_{kBytes, *random_};
};

TEST_F(ValuesTest, AreOfTheirSizeAndRightForTheirEntryAlone) {
  const std::string value = values_.make(42, 3);
  EXPECT_EQ(value.size(), kBytes);
  EXPECT_TRUE(values_.check(value, 42).has_value());
  EXPECT_FALSE(values_.check(value, 43).has_value());
}

TEST_F(ValuesTest, DifferByVersionAndAreRightInEach) {
  EXPECT_NE(values_.make(42, 3), values_.make(42, 4));
  EXPECT_NE(values_.check(values_.make(42, 3), 42), values_.check(values_.make(42, 4), 42));
  EXPECT_EQ(values_.make(42, 3), values_.make(42, 3));
}

TEST_F(ValuesTest, AreWrongWhenAnyByteIsAnother) {
  const std::string value = values_.make(42, 3);
  for (std::size_t at = 0; at < value.size(); ++at) {
    std::string damaged = value;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(values_.check(damaged, 42).has_value()) << "byte " << at;
  }
}

TEST_F(ValuesTest, AreWrongWhenTheyAreCutOrLonger) {
  const std::string value = values_.make(42, 3);
  for (const std::size_t size : {std::size_t{0}, std::size_t{8}, kBytes - 1}) {
    EXPECT_FALSE(values_.check(value.substr(0, size), 42).has_value());
  }
  EXPECT_FALSE(values_.check(value + "x", 42).has_value());
}

TEST_F(ValuesTest, TheSmallestIsEnough) {
  const Values small(kValueBytesMin, *random_);
  EXPECT_EQ(small.make(1, 2).size(), kValueBytesMin);
  EXPECT_TRUE(small.check(small.make(1, 2), 1).has_value());
}

}  // namespace
}  // namespace strata::benchmark
