// Tests of suggestions for misspelt names.
#include "core/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace strata::internal {
namespace {

constexpr std::array<std::string_view, 5> kNames{"ttl", "stale_for", "keep_for", "negative_ttl",
                                                 "compress"};

TEST(Nearest, OneEditOfEveryKindIsFound) {
  EXPECT_EQ(nearest("stale_fo", kNames), "stale_for") << "deleted";
  EXPECT_EQ(nearest("stalee_for", kNames), "stale_for") << "inserted";
  EXPECT_EQ(nearest("stale-for", kNames), "stale_for") << "replaced";
  EXPECT_EQ(nearest("stael_for", kNames), "stale_for") << "swapped";
  EXPECT_EQ(nearest("tlt", kNames), "ttl") << "a swap is one edit, not two";
}

TEST(Nearest, CaseDoesNotCount) { EXPECT_EQ(nearest("KEEP_FOR", kNames), "keep_for"); }

TEST(Nearest, TheClosestWinsAndTheFirstOfEquals) {
  constexpr std::array<std::string_view, 4> kAlike{"abcd", "abcx", "abcy", "abcde"};
  EXPECT_EQ(nearest("abcde", kAlike), "abcde");
  EXPECT_EQ(nearest("abcz", kAlike), "abcd");
}

TEST(Nearest, NothingIsSuggestedForWhatIsFarFromAll) {
  EXPECT_EQ(nearest("bandwidth", kNames), std::nullopt);
  EXPECT_EQ(nearest("tx", kNames), std::nullopt) << "two edits of three characters";
  EXPECT_EQ(nearest("txy", kNames), std::nullopt);
  EXPECT_EQ(nearest("keexxfor", kNames), "keep_for") << "two edits of eight";
  constexpr std::array<std::string_view, 1> kFive{"abcde"};
  EXPECT_EQ(nearest("abxye", kFive), std::nullopt) << "two edits of five";
  EXPECT_EQ(nearest("xxxative_ttl", kNames), "negative_ttl") << "three edits of twelve";
  EXPECT_EQ(nearest("", kNames), std::nullopt);
  EXPECT_EQ(nearest("ttl", {}), std::nullopt);
  EXPECT_EQ(nearest("negatixxxx_ttl", kNames), std::nullopt) << "more than three edits";
}

TEST(Nearest, LongNamesAreComparedByTheirBeginning) {
  const std::string name(1000, 'x');
  const std::array<std::string_view, 1> candidates{name};
  EXPECT_EQ(nearest(std::string(500, 'x'), candidates), name);
}

TEST(Suggestion, ReadsAsTheEndOfASentence) {
  EXPECT_EQ(suggestion("tll", kNames), ", did you mean \"ttl\"?");
  EXPECT_EQ(suggestion("bandwidth", kNames), "");
}

}  // namespace
}  // namespace strata::internal
