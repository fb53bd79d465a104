// `strata simulate` in this process.
#include <gtest/gtest.h>

#include <filesystem>
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
  const Outcome outcome = run({"simulate", file, "--policy", "lru", "--sizes", "100%", "--by",
                               "bytes", "--svg", svg, "--json"});
  EXPECT_EQ(outcome.code, ExitCode::kOk);
  EXPECT_EQ(outcome.data, R"([{"trace":"requests","policy":"lru","size":35,"requests":5,"hits":2,)"
                          R"("hit_ratio":0.4,"byte_hit_ratio":0.36363636363636365,)"
                          R"("cost_saved":null}])"
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
  EXPECT_EQ(run({"simulate", file, "--by", "bytes"}).code, ExitCode::kUsage) << "no sizes";
  EXPECT_EQ(run({"simulate", file, "--by", "kilos"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", file, "--aim", "fame"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", file, "--threads", "0"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", file, "--fields", "tabs"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", trace("a b c d\n")}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", trace("")}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"simulate", folder_.file("none")}).code, ExitCode::kFailed);
  EXPECT_EQ(run({"simulate", trace("a\n"), "--policy", "lru", "--svg", "/none/x.svg"}).code,
            ExitCode::kFailed);
}

TEST_F(SimulateTest, TellsHowMuchOfBytesAndCostIsSaved) {
  const std::string file = trace("a 10 5\nb 20 100\na 10 5\nb 20 100\na 10 5\n");
  const Outcome outcome = run({"simulate", file, "--policy", "lru", "--sizes", "2"});
  const std::string table =
      "TRACE     POLICY  SIZE  REQUESTS  HITS  HIT RATIO  OF BYTES  OF COST\n"
      "requests  lru        2         5     3     60.0 %    57.1 %   51.2 %\n";
  EXPECT_EQ(outcome.data.substr(0, table.size()), table);
}

// A link could lead anywhere.
TEST_F(SimulateTest, DoesNotFollowASymbolicLinkToAPicture) {
  const std::string file = trace("a\nb\na\n");
  const std::string target = folder_.file("precious");
  std::ofstream(target) << "precious";
  const std::string link = folder_.file("link.svg");
  std::filesystem::create_symlink(target, link);
  const Outcome outcome = run({"simulate", file, "--policy", "lru", "--svg", link});
  EXPECT_EQ(outcome.code, ExitCode::kFailed);
  EXPECT_NE(outcome.messages.find("is a symbolic link"), std::string::npos) << outcome.messages;
  std::ifstream stream(target);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), "precious");
}

TEST_F(SimulateTest, SaysTheRangeOfEachOption) {
  const std::string file = trace("a\n");
  const auto said = [&](const std::string& option, const std::string& value) {
    return run({"simulate", file, option, value}).messages;
  };
  EXPECT_NE(said("--shards", "-1").find("--shards: \"-1\" is not a whole number from 1 to 4096"),
            std::string::npos);
  EXPECT_NE(said("--threads", "65").find("is not a whole number from 1 to 64"), std::string::npos);
  EXPECT_NE(said("--entry-overhead", "2MiB").find("is not a size from 0 to 1MiB"),
            std::string::npos);
  EXPECT_NE(said("--by", "byte").find("did you mean \"bytes\"?"), std::string::npos);
}

TEST_F(SimulateTest, CommasSeparateFieldsIfItIsToldSo) {
  const std::string file = trace("a,10\nb,20\na,10\n");
  const Outcome keys = run({"simulate", file, "--policy", "lru", "--sizes", "100%", "--json"});
  EXPECT_NE(keys.data.find("\"byte_hit_ratio\":null"), std::string::npos) << keys.data;
  const Outcome sizes = run({"simulate", file, "--policy", "lru", "--sizes", "100%", "--by",
                             "bytes", "--fields", "comma", "--json"});
  EXPECT_NE(sizes.data.find("\"size\":30,"), std::string::npos) << sizes.data;
  const Outcome hint = run({"simulate", file, "--by", "bytes"});
  EXPECT_NE(hint.messages.find("give --fields comma"), std::string::npos) << hint.messages;
}

TEST_F(SimulateTest, SizesInBytesHaveUnitsAndEntriesAnOverhead) {
  const std::string file = trace("a 100\nb 100\na 100\nb 100\n");
  const Outcome outcome = run({"simulate", file, "--policy", "lru", "--by", "bytes", "--sizes",
                               "1KiB,200,50%", "--entry-overhead", "210", "--json"});
  const Json rows = Json::parse(outcome.data).value();
  EXPECT_EQ(rows.pick("/0/size").value().text(), "200");
  EXPECT_EQ(rows.pick("/0/hits").value().text(), "0") << "an entry takes 310";
  EXPECT_EQ(rows.pick("/1/size").value().text(), "310") << "half of 620";
  EXPECT_EQ(rows.pick("/1/hits").value().text(), "0");
  EXPECT_EQ(rows.pick("/2/size").value().text(), "1024");
  EXPECT_EQ(rows.pick("/2/hits").value().text(), "2");
}

TEST_F(SimulateTest, ACurveIsThatOfTheTwoPoliciesThatHaveOne) {
  std::string text;
  for (int i = 0; i < 3'000; ++i) text += std::to_string(i * i % 701) + "\n";
  const std::string file = trace(text);
  const Outcome table = run({"simulate", file, "--curve", "--sizes", "50"});
  EXPECT_EQ(table.code, ExitCode::kOk) << table.messages;
  EXPECT_NE(table.data.find("CURVE   +/-  SIMULATED"), std::string::npos) << table.data;
  EXPECT_NE(table.data.find(" horizon "), std::string::npos);
  const Json rows =
      Json::parse(run({"simulate", file, "--curve", "--sizes", "50", "--json"}).data).value();
  EXPECT_EQ(rows.pick("/0/policy").value().text(), "\"adaptive\"");
  EXPECT_EQ(rows.pick("/11/policy").value().text(), "\"horizon\"");
  EXPECT_FALSE(rows.pick("/12/policy"));
  EXPECT_EQ(rows.pick("/0/plus_minus").value().text(), "0.0") << "all of so few are sampled";
}

TEST_F(SimulateTest, AnAimThatSomePoliciesDoNotKnowIsRemarkedOnIfTheyWereAskedFor) {
  const std::string file = trace("a 10\nb 20\na 10\n");
  const auto said = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"simulate", file, "--aim", "bytes"});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, ExitCode::kOk);
    return outcome.messages;
  };
  EXPECT_EQ(said({}).find("--aim"), std::string::npos);
  EXPECT_EQ(said({"--policy", "horizon"}).find("--aim"), std::string::npos);
  EXPECT_NE(said({}).find("--config has no effect"), std::string::npos) << "as every run() here";
  EXPECT_NE(
      said({"--policy", "lru,adaptive,belady"}).find("--aim bytes changes nothing for lru, belady"),
      std::string::npos);
}

TEST_F(SimulateTest, ThreadsMakeNoDifference) {
  std::string text;
  for (int i = 0; i < 3'000; ++i) text += std::to_string(i * i % 701) + "\n";
  const std::string file = trace(text);
  const Outcome one = run({"simulate", file, "--json"});
  const Outcome four = run({"simulate", file, "--json", "--threads", "4"});
  EXPECT_EQ(one.code, ExitCode::kOk);
  EXPECT_EQ(one.data, four.data);
}

}  // namespace
}  // namespace strata::cli
