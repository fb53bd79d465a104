// Tests of durations as text.
#include "strata/core/duration.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "testkit/seeds.h"

namespace strata {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ns;
constexpr Duration kDay = 24h;

struct Good {
  std::string_view text;
  Duration means;
};

TEST(ParseDuration, ReadsWhatPeopleWrite) {
  const std::vector<Good> cases{
      {"0", 0ns},
      {"0s", 0ns},
      {"90", 90s},
      {"1.5", 1500ms},
      {"365d", 365 * kDay},
      {"2w", 14 * kDay},
      {"1h30m", 90min},
      {"1.5h", 90min},
      {"250ms", 250ms},
      {"1us", 1us},
      {"7ns", 7ns},
      {"1w2d3h4m5s6ms7us8ns", 9 * kDay + 3h + 4min + 5s + 6ms + 7us + 8ns},
      {"1h0.5s", 1h + 500ms},
      {"007s", 7s},
      {"0000000000000000000000007s", 7s},
      {"0.5us", 500ns},
      {"0.333333333333h", 1199999999999ns},
      {"1.0000000000000000000000001s", 1s},
      {"PT30M", 30min},
      {"P1DT12H", 36h},
      {"P2W", 14 * kDay},
      {"P3D", 3 * kDay},
      {"PT1H2M3.5S", 1h + 2min + 3500ms},
      {"PT0S", 0ns},
      {"never", kForever},
  };
  for (const Good& good : cases) {
    const Result<Duration> parsed = parse_duration(good.text);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(*parsed, good.means) << good.text;
  }
}

TEST(ParseDuration, WhatExceedsTwoHundredNinetyTwoYearsIsForever) {
  EXPECT_EQ(*parse_duration("106751d"), 106751 * kDay) << "the last that fits";
  for (const std::string_view text :
       {"106752d", "999999999999999999w", "99999999999999999999999999s", "P999999D",
        "9223372036854775807ns", "999999999999999999w999999999999999999d"}) {
    const Result<Duration> parsed = parse_duration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, kForever) << text;
  }
  EXPECT_EQ(*parse_duration("9223372036854775806ns"), kForever - 1ns);
}

struct Bad {
  std::string_view text;
  std::string_view reason;
};

TEST(ParseDuration, RefusesTheRestAndSaysWhy) {
  const std::vector<Bad> cases{
      {"", "empty"},
      {"-1", "negative"},
      {"-1h", "negative"},
      {"1h1h", "each at most once"},
      {"1m1h", "from the largest to the smallest"},
      {"1w1w", "each at most once"},
      {"PT1S1S", "each at most once"},
      {"PT1M1H", "from the largest to the smallest"},
      {"1.5h30m", "only its last part may have a fraction"},
      {"1h5", "no unit"},
      {"h", "a number is expected"},
      {"soon", "a number is expected"},
      {" 1h", "a number is expected"},
      {"1h ", "is not a unit"},
      {"+1h", "a number is expected"},
      {"1min", "is not a unit; the units are w d h m s ms us ns"},
      {"1H", "is not a unit"},
      {"1.h", "digits are expected after the point"},
      {".5h", "a number is expected"},
      {"1..5h", "digits are expected after the point"},
      {"1.5.5", "no unit"},
      {"1e3", "is not a unit"},
      {"0.0000000001s", "shorter than a nanosecond"},
      {"P", "nothing follows the P"},
      {"PT", "nothing follows the T"},
      {"P1DT", "nothing follows the T"},
      {"P1Y", "no fixed length"},
      {"P1M", "no fixed length"},
      {"P1", "no unit"},
      {"P1H", "is not a unit"},
      {"PT1D", "is not a unit"},
      {"P1.5DT1H", "only its last part may have a fraction"},
      {"NEVER", "a number is expected"},
      {"neverr", "a number is expected"},
      {"1\x1b[31m", "\\x1b"},
  };
  for (const Bad& bad : cases) {
    const Result<Duration> parsed = parse_duration(bad.text);
    ASSERT_FALSE(parsed.ok()) << bad.text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kRejected);
    EXPECT_NE(parsed.error().message.find(bad.reason), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().message.find("write for example \"1h30m\""), std::string::npos)
        << parsed.error().message;
  }
}

TEST(ParseDuration, TheErrorNamesTheText) {
  EXPECT_EQ(parse_duration("1m1h").error().message,
            "duration \"1m1h\": units go from the largest to the smallest, each at most once; "
            "write for example \"1h30m\", \"1.5s\", \"250ms\" or \"never\"");
}

TEST(FormatDuration, WritesTheCanonicalText) {
  const std::vector<Good> cases{{"0", 0ns},        {"never", kForever},
                                {"1h30m", 90min},  {"365d", 365 * kDay},
                                {"7d", 7 * kDay},  {"90ms", 90ms},
                                {"1.5s", 1500ms},  {"1m250ms", 60s + 250ms},
                                {"1.5us", 1500ns}, {"1d1ns", kDay + 1ns},
                                {"-5s", -5s},      {"106751d23h47m16.854775806s", kForever - 1ns}};
  for (const Good& good : cases) EXPECT_EQ(format_duration(good.means), good.text);
  EXPECT_EQ(format_duration(Duration::min()).front(), '-');
}

TEST(FormatDuration, ReadsBackAsTheSameDuration) {
  testkit::for_each_seed(2'000, [](testkit::Random& random) {
    const Duration duration(static_cast<std::int64_t>(random.skewed() >> 1));
    const Result<Duration> back = parse_duration(format_duration(duration));
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_EQ(*back, duration) << format_duration(duration);
  });
}

TEST(DescribeDuration, HasAtMostTwoUnitsAndIsRounded) {
  const std::vector<Good> cases{{"0 s", 0ns},         {"7 ns", 7ns},
                                {"1.5 us", 1540ns},   {"3.2 ms", 3240us},
                                {"12 ms", 12340us},   {"1 ms", 999960ns},
                                {"1 s", 999960us},    {"59 s", 59400ms},
                                {"1m", 59600ms},      {"1m 5s", 65s},
                                {"2h 5m", 125min},    {"2h 5m", 2h + 5min + 20s},
                                {"2h", 119min + 40s}, {"1d", 23h + 59min + 40s},
                                {"1d 1h", kDay + 1h}, {"365d", 365 * kDay},
                                {"never", kForever},  {"-5 s", -5s},
                                {"10 us", 9960ns},    {"106752d", kForever - 1ns}};
  for (const Good& good : cases) {
    EXPECT_EQ(describe_duration(good.means), good.text) << good.means.count();
  }
}

}  // namespace
}  // namespace strata
