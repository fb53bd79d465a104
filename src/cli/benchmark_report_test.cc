// Tests of what `strata benchmark` prints.
#include "cli/benchmark_report.h"

#include <gtest/gtest.h>

#include <chrono>
#include <sstream>

#include "cli/text.h"
#include "strata/codecs/json.h"
#include "strata/core/limits.h"

namespace strata::cli {
namespace {

using benchmark::BenchmarkOptions;
using benchmark::Report;
using benchmark::Subject;
using benchmark::Workload;

HistogramSnapshot latencies(std::uint64_t count, Duration each) {
  Histogram histogram;
  for (std::uint64_t i = 0; i < count; ++i) histogram.record(each);
  return histogram.snapshot();
}

class BenchmarkReportTest : public testing::Test {
 protected:
  BenchmarkReportTest() {
    options_.operations = 1'000;
    options_.origin_cost = 0.01;
    report_.timer = Duration(31);
    report_.idle_operation = Duration(80);
    report_.rows = {{.workload = Workload::kMixed,
                     .subject = Subject::kBoth,
                     .measured = {.hits = 900,
                                  .checksum = 0xabc,
                                  .elapsed = std::chrono::milliseconds(2),
                                  .reads = latencies(950, Duration(100)),
                                  .writes = latencies(50, std::chrono::microseconds(3))},
                     .origin_calls = 40},
                    {.workload = Workload::kMixed,
                     .subject = Subject::kOrigin,
                     .measured = {.elapsed = std::chrono::seconds(1),
                                  .reads = latencies(200, std::chrono::milliseconds(5))},
                     .origin_calls = 200},
                    {.workload = Workload::kWrite,
                     .subject = Subject::kMap,
                     .measured = {.elapsed = std::chrono::milliseconds(1),
                                  .writes = latencies(1'000, Duration(64))}}};
  }

  BenchmarkOptions options_;
  Report report_;
};

TEST_F(BenchmarkReportTest, IsTwoTablesUnderWhatWasMeasured) {
  EXPECT_EQ(benchmark_as_text(options_, report_, {}),
            "10,000 entries of 1.00 KiB, zipf:0.99, 1 thread, seed 1\n"
            "The origin takes 5 ms. Reading the clock adds 31 ns to each latency. A turn of the "
            "loop\nthat calls nothing takes 80 ns.\n\n"
            "WORKLOAD  TIER             OPS      OPS/S     P50     P95    P99  P99.9    MAX\n"
            "mixed     memory+sqlite  1,000    500,000  100 ns  100 ns   3 us   3 us   3 us\n"
            "mixed     origin           200        200    5 ms    5 ms   5 ms   5 ms   5 ms\n"
            "write     map            1,000  1,000,000   64 ns   64 ns  64 ns  64 ns  64 ns\n"
            "\n"
            "WORKLOAD  TIER           READS  HIT RATIO  ORIGIN CALLS  TIME SAVED  COST SAVED\n"
            "mixed     memory+sqlite    950     94.7 %            40       4.7 s        9.10\n"
            "mixed     origin           200      0.0 %           200           -           -\n");
}

TEST_F(BenchmarkReportTest, WithoutAPriceNoCostIsTold) {
  options_.origin_cost.reset();
  EXPECT_EQ(benchmark_as_text(options_, report_, {}).find("COST"), std::string::npos);
}

TEST_F(BenchmarkReportTest, TheWidestFitsInto100Columns) {
  options_.entries = limits::kBenchmarkEntries;
  options_.value_bytes = limits::kBenchmarkDataBytes / limits::kBenchmarkEntries;
  options_.threads = limits::kBenchmarkThreads;
  options_.seed = ~std::uint64_t{0};
  options_.distribution = {.exponent = 0.987654321};
  options_.origin_latency = std::chrono::milliseconds(59'999);
  report_.timer = report_.idle_operation = std::chrono::microseconds(888);
  std::vector<std::uint64_t> buckets(Histogram::kBuckets);
  buckets[100] = limits::kBenchmarkOperations;
  const auto many = HistogramSnapshot::restore(buckets, std::chrono::hours(1'000),
                                               std::chrono::milliseconds(888'888))
                        .value();
  for (auto& row : report_.rows) {
    row.workload = Workload::kReadThrough;
    row.measured.reads = many;
    row.measured.elapsed = std::chrono::seconds(10);
    row.origin_calls = limits::kBenchmarkOperations;
  }
  std::istringstream lines(benchmark_as_text(options_, report_, {}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), 100u) << line;
}

TEST_F(BenchmarkReportTest, JsonSaysTheSame) {
  const std::string text = benchmark_as_json(options_, report_);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const Json json = Json::parse(text).value();
  const auto member = [&json](const std::string& pointer) {
    return json.pick(pointer).value().text();
  };
  EXPECT_EQ(member("/schema"), "\"strata.benchmark/1\"");
  EXPECT_EQ(member("/operations"), "1000");
  EXPECT_EQ(member("/seconds"), "null");
  EXPECT_EQ(member("/timer_ns"), "31");
  EXPECT_EQ(member("/rows/0/workload"), "\"mixed\"");
  EXPECT_EQ(member("/rows/0/tier"), "\"memory+sqlite\"");
  EXPECT_EQ(member("/rows/0/operations"), "1000");
  EXPECT_EQ(member("/rows/0/latency_ns/p50"), "100");
  EXPECT_EQ(member("/rows/0/latency_ns/max"), "3000");
  EXPECT_EQ(member("/rows/0/read_latency_ns/max"), "100");
  EXPECT_EQ(member("/rows/0/write_latency_ns/count"), "50");
  EXPECT_EQ(member("/rows/0/cost_saved"), "9.1");
  EXPECT_EQ(member("/rows/0/checksum"), "\"0000000000000abc\"");
  EXPECT_EQ(member("/rows/1/write_latency_ns"), "null");
  EXPECT_EQ(member("/rows/1/time_saved_seconds"), "null");
  EXPECT_EQ(member("/rows/2/hit_ratio"), "null");
}

}  // namespace
}  // namespace strata::cli
