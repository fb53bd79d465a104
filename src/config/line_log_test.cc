// Tests of log lines: levels, form, repetitions.
#include "config/line_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "strata/testing/manual_clock.h"

namespace strata::internal {
namespace {

struct Lines {
  LogSink sink(LogThreshold threshold) {
    return line_log("shop", threshold, clock,
                    [this](std::string_view line) { lines.emplace_back(line); });
  }
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::vector<std::string> lines;
};

TEST(LineLog, ALineSaysWhenHowSevereWhoAndWhat) {
  Lines lines;
  lines.sink(LogThreshold::kDebug)(LogLevel::kWarning, "sqlite is slow");
  EXPECT_EQ(lines.lines,
            std::vector<std::string>{"2027-01-15T08:00:00.000Z warning shop: sqlite is slow\n"});
}

TEST(LineLog, WhatIsLessSevereIsNotWritten) {
  const std::vector<std::pair<LogThreshold, std::size_t>> expected = {{LogThreshold::kDebug, 4},
                                                                      {LogThreshold::kInfo, 3},
                                                                      {LogThreshold::kWarning, 2},
                                                                      {LogThreshold::kError, 1}};
  for (const auto& [threshold, count] : expected) {
    Lines lines;
    const LogSink sink = lines.sink(threshold);
    sink(LogLevel::kDebug, "a");
    sink(LogLevel::kInfo, "b");
    sink(LogLevel::kWarning, "c");
    sink(LogLevel::kError, "d");
    EXPECT_EQ(lines.lines.size(), count);
  }
  Lines lines;
  EXPECT_FALSE(lines.sink(LogThreshold::kOff));
}

TEST(LineLog, ARepetitionIsWrittenOnceAMinuteWithItsCount) {
  Lines lines;
  const LogSink sink = lines.sink(LogThreshold::kWarning);
  for (int time = 0; time < 5; ++time) sink(LogLevel::kError, "sqlite is away");
  sink(LogLevel::kError, "something else");
  EXPECT_EQ(lines.lines.size(), 2u);

  lines.clock->advance(kLogRepeatAfter - Duration(1));
  sink(LogLevel::kError, "sqlite is away");
  EXPECT_EQ(lines.lines.size(), 2u);

  lines.clock->advance(Duration(1));
  sink(LogLevel::kError, "sqlite is away");
  ASSERT_EQ(lines.lines.size(), 3u);
  EXPECT_TRUE(lines.lines[2].ends_with("error shop: sqlite is away (and 5 times since)\n"))
      << lines.lines[2];

  lines.clock->advance(kLogRepeatAfter);
  sink(LogLevel::kError, "sqlite is away");
  EXPECT_TRUE(lines.lines.back().ends_with("error shop: sqlite is away\n"));
}

TEST(LineLog, WhatIsRememberedIsBounded) {
  Lines lines;
  const LogSink sink = lines.sink(LogThreshold::kWarning);
  for (int message = 0; message < 1000; ++message) {
    sink(LogLevel::kError, "key " + std::to_string(message));
  }
  EXPECT_EQ(lines.lines.size(), 1000u) << "different things are all said";
  sink(LogLevel::kError, "key 999");
  EXPECT_EQ(lines.lines.size(), 1000u) << "the last ones are remembered";
  sink(LogLevel::kError, "key 999 again");
  sink(LogLevel::kError, "key 0");
  EXPECT_EQ(lines.lines.size(), 1002u) << "the first are not";
}

}  // namespace
}  // namespace strata::internal
