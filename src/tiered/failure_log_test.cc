// Lines about failing tiers are thinned out by kind, not lost.
#include "tiered/failure_log.h"

#include <gtest/gtest.h>

namespace strata::internal {
namespace {

const Error kGone{ErrorCode::kUnavailable, "gone", {}};
const Error kDamaged{ErrorCode::kCorrupt, "damaged", {}};

constexpr Instant kStart{std::chrono::hours(1)};

Instant later(Duration by) { return saturating_add(kStart, by); }

TEST(FailureLog, TheFirstOfAKindIsALineAndTheRestAreCounted) {
  FailureLog log;
  EXPECT_EQ(log.line("sqlite", "reading", kGone, kStart),
            "sqlite: reading failed (unavailable): gone");
  EXPECT_EQ(log.line("sqlite", "writing", kGone, kStart), std::nullopt);
  EXPECT_EQ(
      log.line("sqlite", "reading", kGone, later(FailureLog::kPause - std::chrono::nanoseconds(1))),
      std::nullopt);
  EXPECT_EQ(log.line("sqlite", "reading", kGone, later(FailureLog::kPause)),
            "sqlite: reading failed (unavailable): gone (and 2 times since the last such line)");
  EXPECT_EQ(log.line("sqlite", "reading", kGone, later(2 * FailureLog::kPause)),
            "sqlite: reading failed (unavailable): gone");
}

TEST(FailureLog, OtherTiersAndOtherErrorsAreLinesOfTheirOwn) {
  FailureLog log;
  EXPECT_TRUE(log.line("sqlite", "reading", kGone, kStart));
  EXPECT_TRUE(log.line("disk", "reading", kGone, kStart));
  EXPECT_TRUE(log.line("sqlite", "reading", kDamaged, kStart));
}

}  // namespace
}  // namespace strata::internal
