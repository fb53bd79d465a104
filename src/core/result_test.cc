// Tests of Result: what value() gives and what it throws.
#include "strata/core/result.h"

#include <gtest/gtest.h>

#include <memory>

#include "strata/core/outcome.h"
#include "strata/core/removal.h"

namespace strata {
namespace {

Result<int> failed() { return Error{ErrorCode::kUnavailable, "the disk is gone", {}}; }

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 7;
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  EXPECT_EQ(good.value(), 7);
  EXPECT_EQ(good.value_or(9), 7);

  const Result<int> bad = failed();
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(bad.value_or(9), 9);
}

TEST(Result, AMoveOnlyValueCanBeTakenOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, ValueThrowsWhatTheLoaderThrew) {
  Result<int> bad = failed();
  try {
    throw std::out_of_range("no such row");
  } catch (...) {
    bad = Error{ErrorCode::kLoadFailed, "loading", std::current_exception()};
  }
  EXPECT_THROW(static_cast<void>(bad.value()), std::out_of_range);
}

TEST(Result, ValueThrowsBadResultWithCodeAndMessageOtherwise) {
  try {
    static_cast<void>(failed().value());
    FAIL() << "nothing was thrown";
  } catch (const BadResult& thrown) {
    EXPECT_EQ(thrown.code(), ErrorCode::kUnavailable);
    EXPECT_STREQ(thrown.what(), "the disk is gone");
  }
}

TEST(Result, OfVoidIsOkUnlessAnErrorIsGiven) {
  const Result<void> good;
  EXPECT_TRUE(good.ok());
  EXPECT_NO_THROW(good.value());
  const Result<void> bad = Error{ErrorCode::kClosed, "closed", {}};
  EXPECT_FALSE(bad);
  EXPECT_THROW(bad.value(), BadResult);
}

TEST(ErrorCode, NamesAreStable) {
  EXPECT_EQ(to_string(ErrorCode::kUnavailable), "unavailable");
  EXPECT_EQ(to_string(ErrorCode::kDeadlineExceeded), "deadline_exceeded");
  EXPECT_EQ(to_string(ErrorCode::kCorrupt), "corrupt");
  EXPECT_EQ(to_string(ErrorCode::kRejected), "rejected");
  EXPECT_EQ(to_string(ErrorCode::kLoadFailed), "load_failed");
  EXPECT_EQ(to_string(ErrorCode::kClosed), "closed");
}

// The lists of all enumerators and their names, which metrics use.
TEST(Outcome, NamesAreStableAndListedInOrder) {
  constexpr std::array<std::string_view, kOutcomeCount> kNames{
      "hit", "stale_hit", "negative_hit", "loaded", "refreshed", "miss", "error"};
  static_assert(kOutcomes.size() == kOutcomeCount);
  for (std::size_t index = 0; index < kOutcomeCount; ++index) {
    EXPECT_EQ(static_cast<std::size_t>(kOutcomes[index]), index);
    EXPECT_EQ(to_string(kOutcomes[index]), kNames[index]);
  }
}

TEST(RemovalCause, NamesAreStableAndListedInOrder) {
  constexpr std::array<std::string_view, kRemovalCauseCount> kNames{
      "erased", "replaced", "invalidated", "expired", "evicted", "cleared", "corrupt"};
  static_assert(kRemovalCauses.size() == kRemovalCauseCount);
  for (std::size_t index = 0; index < kRemovalCauseCount; ++index) {
    EXPECT_EQ(static_cast<std::size_t>(kRemovalCauses[index]), index);
    EXPECT_EQ(to_string(kRemovalCauses[index]), kNames[index]);
  }
}

}  // namespace
}  // namespace strata
