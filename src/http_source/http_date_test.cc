#include "http_source/http_date.h"

#include <gtest/gtest.h>

#include <string>

#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

// The examples of RFC 9110, section 5.6.7: three forms of one second.
TEST(HttpDate, ReadsTheThreeFormsOfTheStandard) {
  constexpr WallTime kTime{784111777000};
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kTime);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kTime);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kTime);
}

TEST(HttpDate, IsWrittenInTheFirstForm) {
  EXPECT_EQ(format_http_date({784111777000}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date({784111777999}), "Sun, 06 Nov 1994 08:49:37 GMT") << "rounded down";
  EXPECT_EQ(format_http_date({0}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date({-1}), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(format_http_date({1709164800000}), "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST(HttpDate, WhatIsNoDateIsNothing) {
  for (const char* text :
       {"", "0", "never", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 99999 08:49:37 GMT", "\"abc-123\"", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 0x Nov 1994 08:49:37 GMT", "Sun, 29 Feb 2023 00:00:00 GMT"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(HttpDate, EverySecondSurvivesTheRoundTrip) {
  testkit::for_each_seed(20, [](testkit::Random& random) {
    for (int round = 0; round < 200; ++round) {
      constexpr std::uint64_t kUntil9999 = 253402300799;
      const WallTime time{static_cast<std::int64_t>(random.below(kUntil9999)) * 1000};
      ASSERT_EQ(parse_http_date(format_http_date(time)), time) << format_http_date(time);
    }
  });
}

}  // namespace
}  // namespace strata
