// Tests of wall-clock times as text.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "strata/core/duration.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

constexpr std::int64_t kEarliestMs = -62'167'219'200'000;
constexpr std::int64_t kLatestMs = 253'402'300'799'999;

struct Case {
  std::string_view text;
  std::int64_t unix_ms;
};

TEST(FormatWallTime, WritesUtcWithMilliseconds) {
  const std::vector<Case> cases{{"1970-01-01T00:00:00.000Z", 0},
                                {"1969-12-31T23:59:59.999Z", -1},
                                {"2000-02-29T12:00:00.000Z", 951'825'600'000},
                                {"2026-11-21T09:30:00.000Z", 1'795'253'400'000},
                                {"2100-03-01T00:00:00.001Z", 4'107'542'400'001},
                                {"0000-01-01T00:00:00.000Z", kEarliestMs},
                                {"9999-12-31T23:59:59.999Z", kLatestMs}};
  for (const Case& c : cases) EXPECT_EQ(format_wall_time({c.unix_ms}), c.text);
}

TEST(FormatWallTime, YearsOfMoreThanFourDigitsAreClamped) {
  EXPECT_EQ(format_wall_time({INT64_MAX}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_wall_time({INT64_MIN}), "0000-01-01T00:00:00.000Z");
}

TEST(ParseWallTime, ReadsOffsetsFractionsAndLeapSeconds) {
  const std::vector<Case> cases{{"1970-01-01T00:00:00Z", 0},
                                {"1970-01-01t00:00:00z", 0},
                                {"1970-01-01 00:00:00Z", 0},
                                {"1970-01-01T01:30:00+01:30", 0},
                                {"1969-12-31T23:00:00-01:00", 0},
                                {"1970-01-01T00:00:00.5Z", 500},
                                {"1970-01-01T00:00:00.1239999Z", 123},
                                {"1972-06-30T23:59:60Z", 78'796'800'000},
                                {"2000-02-29T12:00:00Z", 951'825'600'000},
                                {"2024-02-29T00:00:00Z", 1'709'164'800'000}};
  for (const Case& c : cases) {
    const Result<WallTime> parsed = parse_wall_time(c.text);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed->unix_ms, c.unix_ms) << c.text;
  }
}

TEST(ParseWallTime, RefusesWhatIsNotATime) {
  for (const std::string_view text : {"",
                                      "now",
                                      "2026-11-21",
                                      "2026-11-21T09:30:00",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-11-31T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2100-02-29T00:00:00Z",
                                      "2026-11-00T00:00:00Z",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T09:60:00Z",
                                      "2026-11-21T09:30:61Z",
                                      "2026-11-21T09:30:00.Z",
                                      "2026-11-21T09:30:00Zx",
                                      "2026-11-21T09:30:00+1:00",
                                      "2026-11-21T09:30:00+24:00",
                                      "26-11-21T09:30:00Z",
                                      "2026-1-21T09:30:00Z",
                                      "+2026-11-21T09:30:00Z"}) {
    const Result<WallTime> parsed = parse_wall_time(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kRejected);
    EXPECT_NE(parsed.error().message.find("\"" + std::string(text) + "\""), std::string::npos);
  }
}

TEST(ParseWallTime, ReadsBackWhatFormatWrites) {
  testkit::for_each_seed(2'000, [](testkit::Random& random) {
    const auto range = static_cast<std::uint64_t>(kLatestMs - kEarliestMs);
    const WallTime time{kEarliestMs + static_cast<std::int64_t>(random.between(0, range))};
    const Result<WallTime> back = parse_wall_time(format_wall_time(time));
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_EQ(*back, time);
  });
}

}  // namespace
}  // namespace strata
