// Tests of the progress line.
#include "cli/workload/progress.h"

#include <gtest/gtest.h>

#include <chrono>

namespace strata::workload {
namespace {

TEST(Progress, TellsShareRateAndTimeLeft) {
  EXPECT_EQ(Progress::line("traffic", 25'000, 50'000, std::chrono::seconds(4)),
            "traffic  [##############..............]  50 %  25,000 of 50,000  6,250/s  4 s left");
}

TEST(Progress, AtTheBeginningNoRateIsKnown) {
  EXPECT_EQ(Progress::line("burst", 0, 10, Duration(0)),
            "burst  [............................]  0 %  0 of 10");
}

TEST(Progress, MoreThanAllIsAll) {
  EXPECT_EQ(Progress::line("x", 12, 10, std::chrono::seconds(1)),
            "x  [############################]  100 %  10 of 10  10/s  0 s left");
  EXPECT_EQ(Progress::line("x", 0, 0, Duration(0)),
            "x  [############################]  100 %  0 of 0");
}

TEST(Progress, OneThatIsNotShownDoesNothing) {
  Progress progress(false, system_clock());
  ::testing::internal::CaptureStderr();
  progress.begin("traffic", 10);
  progress.advance(3);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, ThousandsAreSeparated) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1'000), "1,000");
  EXPECT_EQ(with_thousands(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace strata::workload
