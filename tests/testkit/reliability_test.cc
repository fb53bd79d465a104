// Tests of what reliability tests report.
#include "testkit/reliability.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "testkit/temp_dir.h"

namespace strata::testkit {
namespace {

using ::testing::HasSubstr;

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class ReliabilityTest : public ::testing::Test {
 protected:
  ReliabilityTest() { ::setenv("STRATA_RELIABILITY", folder_.path().c_str(), 1); }
  ~ReliabilityTest() override { ::unsetenv("STRATA_RELIABILITY"); }
  TempDir folder_;
};

TEST_F(ReliabilityTest, WritesAFileNamedAfterTheTest) {
  {
    Reliability report("R0", "counts \"things\"");
    report.count("rounds", 1'000'000).seeds(3, 9).figure("share", 0.25).found("late-ticket", 4);
    report.violations("stale", 0);
  }
  const std::string text =
      text_of_file(folder_.file("R0-ReliabilityTest.WritesAFileNamedAfterTheTest.json"));
  EXPECT_THAT(text, HasSubstr(R"("id": "R0")"));
  EXPECT_THAT(text, HasSubstr(R"("what": "counts \"things\"")"));
  EXPECT_THAT(text, HasSubstr(R"("passed": true)"));
  EXPECT_THAT(text, HasSubstr(R"("counts": {"rounds": 1000000})"));
  EXPECT_THAT(text, HasSubstr(R"("violations": {"stale": 0})"));
  EXPECT_THAT(text, HasSubstr(R"("figures": {"share": 0.25})"));
  EXPECT_THAT(text, HasSubstr(R"("seeds": [3, 9])"));
  EXPECT_THAT(text, HasSubstr(R"("mutants": {"late-ticket": 4})"));
}

TEST_F(ReliabilityTest, PercentilesAreSamplesThatSoManyDoNotExceed) {
  std::vector<double> samples;
  for (int i = 200; i > 0; --i) samples.push_back(i);
  Reliability report("R0", "percentiles");
  report.percentiles("took_us", samples).percentiles("nothing_us", {});
  EXPECT_THAT(report.json(),
              HasSubstr(R"({"took_us": {"samples": 200, "p50": 100, "p90": 180, "p99": 198, )"
                        R"("max": 200}})"));
}

TEST_F(ReliabilityTest, AViolationFailsTheTest) {
  static Reliability* report = nullptr;
  Reliability made("R0", "violations");
  report = &made;
  EXPECT_NONFATAL_FAILURE(report->violations("stale", 1), "R0: stale");
}

}  // namespace
}  // namespace strata::testkit
