// `strata simulate` in this process.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "strata/codecs/json.h"
#include "testkit/program_run.h"

namespace strata::cli {
namespace {

class SimulateTest : public testing::Test, protected testkit::ProgramRun {
 protected:
  std::string trace(const std::string& text) {
    std::ofstream(folder_.file("requests.txt")) << text;
    return folder_.file("requests.txt");
  }
};

TEST_F(SimulateTest, PrintsATableAndAPlot) {
  const std::string file = trace("a\nb\na\nc\na\n");
  const Outcome outcome = run({"simulate", file, "--policy", "lru,belady", "--sizes", "1,2"});
  EXPECT_EQ(outcome.code, ExitCode::kOk);
  const std::string table =
      "TRACE     POLICY  SIZE  REQUESTS  HITS  HIT RATIO\n"
      "requests  lru        1         5     0      0.0 %\n"
      "requests  lru        2         5     2     40.0 %\n"
      "requests  belady     1         5     0      0.0 %\n"
      "requests  belady     2         5     2     40.0 %\n"
      "\nrequests: hit ratio in % over size\n";
  EXPECT_EQ(outcome.data.substr(0, table.size()), table);
}

TEST_F(SimulateTest, PrintsAListAsJsonAndWritesAPicture) {
  const std::string file = trace("a 10\nb 20\na 10\nc 5\na 10\n");
  const std::string svg = folder_.file("out.svg");
  const Outcome outcome = run(
      {"simulate", file, "--policy", "lru", "--sizes", "100%", "--bytes", "--svg", svg, "--json"});
  EXPECT_EQ(outcome.code, ExitCode::kOk);
  EXPECT_EQ(outcome.data, R"([{"trace":"requests","policy":"lru","size":35,"requests":5,"hits":2,)"
                          R"("hit_ratio":0.4}])"
                          "\n");
  std::ifstream stream(svg);
  const std::string picture{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_NE(picture.find("</svg>"), std::string::npos);
}

TEST_F(SimulateTest, RefusesWhatItDoesNotKnow) {
  const std::string file = trace("a\n");
  EXPECT_EQ(run({"simulate", file, "--policy", "arc"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", file, "--sizes", "0"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", file, "--shards", "0"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", file, "--bytes"}).code, ExitCode::kUsage) << "no sizes";
  EXPECT_EQ(run({"simulate", trace("a b c\n")}).code, ExitCode::kCorrupt);
  EXPECT_EQ(run({"simulate", folder_.file("none")}).code, ExitCode::kFailed);
  EXPECT_EQ(run({"simulate", trace("a\n"), "--policy", "lru", "--svg", "/none/x.svg"}).code,
            ExitCode::kFailed);
}

}  // namespace
}  // namespace strata::cli
