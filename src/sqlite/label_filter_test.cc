// Tests of LabelFilter: it never says no for what was added.
#include "sqlite/label_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::sqlite {
namespace {

using Way = LabelFilter::Way;

LabelId numbered(std::size_t number) { return tag(std::to_string(number)).id(); }

std::size_t taken_for_there(const LabelFilter& filter, std::size_t from, std::size_t count) {
  std::size_t yes = 0;
  for (std::size_t i = from; i < from + count; ++i) yes += filter.may_have(Way::kOwn, numbered(i));
  return yes;
}

TEST(LabelFilter, SaysYesToEverythingUntilAllRowsWereLookedAt) {
  LabelFilter filter;
  EXPECT_TRUE(filter.is_wanted());
  filter.add(Way::kOwn, numbered(1));
  EXPECT_EQ(taken_for_there(filter, 0, 100), 100u);
  filter.set_done();
  EXPECT_FALSE(filter.is_wanted());
  EXPECT_EQ(taken_for_there(filter, 0, 100), 1u);
  EXPECT_TRUE(filter.may_have(Way::kOwn, numbered(1)));
  filter.add(Way::kOwn, numbered(2));
  EXPECT_TRUE(filter.may_have(Way::kOwn, numbered(2)));
}

TEST(LabelFilter, TellsTheWaysApart) {
  LabelFilter filter;
  filter.set_done();
  filter.add(Way::kKey, numbered(1));
  EXPECT_TRUE(filter.may_have(Way::kKey, numbered(1)));
  EXPECT_FALSE(filter.may_have(Way::kGroup, numbered(1)));
  EXPECT_FALSE(filter.may_have(Way::kOwn, numbered(1)));
}

TEST(LabelFilter, MistakesFewOfAMillion) {
  LabelFilter filter;
  filter.set_done();
  constexpr std::size_t kMany = 1'000'000;
  for (std::size_t i = 0; i < kMany; ++i) filter.add(Way::kOwn, numbered(i));
  EXPECT_EQ(taken_for_there(filter, 0, kMany), kMany);
  EXPECT_LT(taken_for_there(filter, kMany, 100'000), 2'500u);
}

// What is added while it is made anew is in the former one and in the new one.
TEST(LabelFilter, IsMadeAnewWhenItIsHalfFullAndForgetsWhatHasGone) {
  LabelFilter filter;
  filter.set_done();
  std::size_t added = 0;
  while (!filter.is_wanted()) filter.add(Way::kOwn, numbered(added++));
  EXPECT_GT(added, LabelFilter::kBits / 4);
  EXPECT_TRUE(filter.may_have(Way::kOwn, numbered(added - 1)));
  filter.add(Way::kOwn, numbered(added));
  EXPECT_TRUE(filter.may_have(Way::kOwn, numbered(0)));
  filter.set_done();
  EXPECT_TRUE(filter.may_have(Way::kOwn, numbered(added)));
  EXPECT_TRUE(filter.may_have(Way::kOwn, numbered(added - 1)));
  EXPECT_LT(taken_for_there(filter, 0, 1'000), 5u) << "nobody added them again";
}

TEST(LabelFilter, IsNotMadeAnewAgainAndAgainWhereThereIsSoMuch) {
  LabelFilter filter;
  filter.set_done();
  std::size_t added = 0;
  while (!filter.is_wanted()) filter.add(Way::kOwn, numbered(added++));
  for (std::size_t i = 0; i < added; ++i) filter.add(Way::kOwn, numbered(i));
  filter.set_done();
  for (std::size_t i = 0; i < 10'000; ++i) filter.add(Way::kOwn, numbered(added + i));
  EXPECT_FALSE(filter.is_wanted());
}

}  // namespace
}  // namespace strata::sqlite
