// Tests of the demo's verdict: each promise that is not kept is told.
#include "cli/demo/figures.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "cli/demo/sample_figures.h"

namespace strata::demo {
namespace {

TEST(Verdict, ARunInWhichAllWentWellHasNoProblems) {
  EXPECT_EQ(problems_of(good_figures()), std::vector<std::string>());
}

TEST(Verdict, EachThingThatIsNotAsPromisedIsAProblem) {
  struct Bad {
    const char* in_problem;
    std::function<void(Figures&)> spoil;
  };
  const Bad bad[] = {
      {"1 stale reads", [](Figures& f) { f.stale_reads = 1; }},
      {"2 reads brought what", [](Figures& f) { f.impossible_reads = 2; }},
      {"1 reads failed: no route",
       [](Figures& f) {
         f.traffic.failed = 1;
         f.traffic.first_failure = "no route";
       }},
      {"hit rate", [](Figures& f) { f.traffic.request_hit_rate = 0.799; }},
      {"made 0 calls", [](Figures& f) { f.burst.origin_calls = 0; }},
      {"made 2 calls", [](Figures& f) { f.burst.origin_calls = 2; }},
      {"reads of the burst failed", [](Figures& f) { f.burst.failed = 1; }},
      {"only 999 reads", [](Figures& f) { f.burst.at_once = 999; }},
      {"failed while the origin was down",
       [](Figures& f) {
         f.outage.failed = 1;
         f.outage.served_past_ttl = 584;
       }},
      {"did not fail during", [](Figures& f) { f.outage.origin_failures = 0; }},
      {"answered as fresh", [](Figures& f) { f.outage.served_past_ttl = 584; }},
      {"1 values that had been invalidated", [](Figures& f) { f.outage.changed_served = 1; }},
      {"nobody knew", [](Figures& f) { f.outage.unknown_failed = 4; }},
      {"fresh again", [](Figures& f) { f.outage.recovered = false; }},
      {"after the restart SQLite answered only", [](Figures& f) { f.restart.from_sqlite = 484; }},
      {"after the restart the origins", [](Figures& f) { f.restart.origin_calls = 39; }},
      {"failed after the restart", [](Figures& f) { f.restart.failed = 1; }},
      {"after the kill SQLite answered only", [](Figures& f) { f.kill.from_sqlite = 0; }},
  };
  for (const Bad& one : bad) {
    Figures figures = good_figures();
    one.spoil(figures);
    const std::vector<std::string> problems = problems_of(figures);
    ASSERT_EQ(problems.size(), 1u) << one.in_problem;
    EXPECT_NE(problems.front().find(one.in_problem), std::string::npos) << problems.front();
  }
}

TEST(Verdict, AShortRunNeedNotReachTheHitRate) {
  Figures figures = good_figures();
  figures.traffic.reads = kReadsForHitRate - 1;
  figures.traffic.request_hit_rate = 0.5;
  EXPECT_EQ(problems_of(figures), std::vector<std::string>());
}

TEST(Figures, SavedCallsAndSpeedUpFollowFromTheRest) {
  Figures figures = good_figures();
  EXPECT_EQ(figures.traffic.origin_calls(), 6'120u);
  EXPECT_EQ(figures.traffic.calls_saved(), 50'500u - 6'120u);
  EXPECT_DOUBLE_EQ(figures.traffic.speed_up(), 10'500.0);
  figures.traffic.hit_p50 = Duration(0);
  EXPECT_EQ(figures.traffic.speed_up(), 0.0);
  figures.traffic.http_calls = 60'000;
  EXPECT_EQ(figures.traffic.calls_saved(), 0u);
}

}  // namespace
}  // namespace strata::demo
