// `strata benchmark` in this process.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "strata/codecs/json.h"
#include "testkit/program_run.h"

namespace strata::cli {
namespace {

class BenchmarkTest : public testing::Test, protected testkit::ProgramRun {
 protected:
  Outcome benchmark(std::vector<std::string> words) {
    words.insert(words.begin(), {"benchmark", "--entries", "20", "--value-bytes", "100",
                                 "--operations", "100", "--origin-latency", "0"});
    return run(std::move(words));
  }
};

TEST_F(BenchmarkTest, PrintsWhatItMeasured) {
  const Outcome text = benchmark({});
  EXPECT_EQ(text.code, ExitCode::kOk) << text.messages;
  EXPECT_EQ(text.data.substr(0, text.data.find('\n')),
            "20 entries of 100 B, zipf:0.99, 1 thread, seed 1");
  EXPECT_NE(text.data.find("\nThe origin takes no time. "), std::string::npos);
  const Json json = Json::parse(benchmark({"--json"}).data).value();
  EXPECT_EQ(json.pick("/rows/18/workload").value().text(), "\"read-through\"");
}

TEST_F(BenchmarkTest, LeavesTheConfiguredCacheAlone) {
  EXPECT_EQ(benchmark({}).code, ExitCode::kOk);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("cache.db")));
  fill([](Cache& cache) { cache.keyspace<std::string>("benchmark").put("1", "mine"); });
  EXPECT_EQ(benchmark({"--tiers", "sqlite,memory+sqlite"}).code, ExitCode::kOk);
  EXPECT_EQ(run({"get", "--keyspace", "benchmark", "1"}).data, "mine");
}

TEST_F(BenchmarkTest, LeavesOutWhatTheConfigurationSwitchesOff) {
  std::ofstream(folder_.file("strata.yaml")) << "cache: {sqlite: {enabled: false}}\n";
  const Outcome outcome = benchmark({"--workloads", "read"});
  EXPECT_EQ(outcome.code, ExitCode::kOk);
  EXPECT_NE(outcome.messages.find("switches it off: sqlite, memory+sqlite"), std::string::npos);
  EXPECT_EQ(outcome.data.find("sqlite"), std::string::npos);
  const Outcome asked_for = benchmark({"--tiers", "memory,sqlite"});
  EXPECT_EQ(asked_for.code, ExitCode::kUsage);
  EXPECT_NE(asked_for.messages.find("what this needs: sqlite"), std::string::npos);
}

TEST_F(BenchmarkTest, TakesSizesWithUnitsAndSaysItsOwnRanges) {
  const std::vector<std::string> small{"benchmark", "--entries", "2",   "--operations",
                                       "1",         "--tiers",   "map", "--value-bytes"};
  const auto with = [&](const std::string& size) {
    std::vector<std::string> words = small;
    words.push_back(size);
    return run(words);
  };
  EXPECT_EQ(with("1MiB").data.substr(0, 22), "2 entries of 1.00 MiB,");
  EXPECT_EQ(with("64MiB").code, ExitCode::kUsage) << "more than max_value_bytes";
  EXPECT_NE(with("65MiB").messages.find("--value-bytes: \"65MiB\" is not a size from 24 to 64MiB"),
            std::string::npos);
  EXPECT_NE(benchmark({"--threads", "-1"})
                .messages.find("--threads: \"-1\" is not a whole number from 1 to 256"),
            std::string::npos);
}

TEST_F(BenchmarkTest, RefusesWhatCannotBeMeasured) {
  EXPECT_EQ(benchmark({"--threads", "0"}).code, ExitCode::kUsage);
  EXPECT_EQ(benchmark({"--threads", "-1"}).code, ExitCode::kUsage);
  EXPECT_EQ(benchmark({"--tiers", "redis"}).code, ExitCode::kUsage);
  EXPECT_EQ(benchmark({"--seconds", "soon"}).code, ExitCode::kUsage);
  std::ofstream(folder_.file("strata.yaml")) << "cache: {memory: {max_bytes: much}}\n";
  EXPECT_EQ(benchmark({}).code, ExitCode::kUsage);
}

}  // namespace
}  // namespace strata::cli
