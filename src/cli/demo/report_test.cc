// Tests of the demo's reports.
#include "cli/demo/report.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/demo/sample_figures.h"

namespace strata::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(Report, SaysForPeopleWhatThePromisesAreAbout) {
  const std::string text = text_report(good_figures(), {});
  for (const char* part :
       {"seed 77", "6,093 Debian packages", "418 places", "20.0 ms added", "50,000 reads",
        "88.0 % of requests", "73.0 % of the look-ups", "44,380 saved", "10,500 times",
        "250 by key, 150 by tag, 2 by source", "1 origin call;", "585 reads of 195 known keys",
        "550 keys cached, 40 invalidated last: 510 answered by SQLite"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  EXPECT_TRUE(text.ends_with("stale reads: 0 of 53,000 (seed 77, 11.0 s)\n")) << text;
  EXPECT_EQ(text.find("WRONG"), std::string::npos);
}

TEST(Report, NoLineIsWiderThanAHundredColumns) {
  const std::string text = text_report(good_figures(), {});
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 100u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(Report, TellsProblemsAndStoriesAlsoWhenShort) {
  Figures figures = good_figures();
  figures.stale_reads = 3;
  figures.stories = {"package bash: ..."};
  const std::string text = short_report(figures, {"3 stale reads"});
  EXPECT_NE(text.find("WRONG: 3 stale reads\n"), std::string::npos);
  EXPECT_NE(text.find("package bash: ..."), std::string::npos);
  EXPECT_TRUE(text.ends_with("stale reads: 3 of 53,000 (seed 77, 11.0 s)\n"));
}

TEST(Report, SaysWhetherABrokenProtocolWasNoticed) {
  Figures figures = good_figures();
  figures.mutant = "no-tickets";
  EXPECT_NE(short_report(figures, {}).find("MISSING"), std::string::npos);
  figures.stale_reads = 9;
  EXPECT_NE(short_report(figures, {}).find("what the check had to see"), std::string::npos);
}

TEST(Report, IsJsonWithTheSameFigures) {
  const nlohmann::json json = nlohmann::json::parse(json_report(good_figures(), {}));
  EXPECT_EQ(json.at("schema"), "strata.demo/1");
  EXPECT_EQ(json.at("seed"), 77);
  EXPECT_TRUE(json.at("mutant").is_null());
  EXPECT_EQ(json.at("ok"), true);
  EXPECT_EQ(json.at("/data/packages"_json_pointer), 6'093);
  EXPECT_EQ(json.at("/traffic/answered_by/http_origin/reads"_json_pointer), 5'500);
  EXPECT_EQ(json.at("/traffic/answered_by/memory/p95_us"_json_pointer), 4.0);
  EXPECT_EQ(json.at("/traffic/tiers/1/misses"_json_pointer), 6'300);
  EXPECT_EQ(json.at("/traffic/request_hit_rate"_json_pointer), 0.88);
  EXPECT_EQ(json.at("/traffic/invalidations/by_source"_json_pointer), 2);
  EXPECT_EQ(json.at("/burst/origin_calls"_json_pointer), 1);
  EXPECT_EQ(json.at("/outage/served_past_ttl"_json_pointer), 585);
  EXPECT_EQ(json.at("/restart/from_sqlite"_json_pointer), 510);
  EXPECT_EQ(json.at("/kill/origin_calls"_json_pointer), 40);
  EXPECT_EQ(json.at("stale_reads"), 0);
  EXPECT_EQ(json.at("problems").size(), 0u);
}

TEST(Report, JsonTellsTheMutantAndTheProblems) {
  Figures figures = good_figures();
  figures.mutant = "late-ticket";
  const nlohmann::json json = nlohmann::json::parse(json_report(figures, {"a \"problem\""}));
  EXPECT_EQ(json.at("mutant"), "late-ticket");
  EXPECT_EQ(json.at("ok"), false);
  EXPECT_EQ(json.at("problems").at(0), "a \"problem\"");
}

TEST(ShortDuration, HasThreeDigits) {
  EXPECT_EQ(short_duration(Duration(0)), "0 ns");
  EXPECT_EQ(short_duration(nanoseconds(999)), "999 ns");
  EXPECT_EQ(short_duration(nanoseconds(1'000)), "1.00 us");
  EXPECT_EQ(short_duration(nanoseconds(1'234)), "1.23 us");
  EXPECT_EQ(short_duration(nanoseconds(99'940)), "99.9 us");
  EXPECT_EQ(short_duration(nanoseconds(123'456)), "123 us");
  EXPECT_EQ(short_duration(nanoseconds(999'900)), "1.00 ms");
  EXPECT_EQ(short_duration(milliseconds(20)), "20.0 ms");
  EXPECT_EQ(short_duration(milliseconds(61'500)), "61.5 s");
}

}  // namespace
}  // namespace strata::demo
