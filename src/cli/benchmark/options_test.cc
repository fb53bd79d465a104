// Tests of what the command line may say.
#include "cli/benchmark/options.h"

#include <gtest/gtest.h>

#include "strata/core/limits.h"

namespace strata::benchmark {
namespace {

// What is wrong with the arguments, or nothing.
std::string problem_of(const BenchmarkArguments& arguments) {
  const Result<BenchmarkOptions> options = check_options(arguments);
  if (options) return {};
  EXPECT_EQ(options.error().code, ErrorCode::kRejected);
  return options.error().message;
}

void expect_refused(const BenchmarkArguments& arguments, const std::string& saying) {
  const std::string problem = problem_of(arguments);
  EXPECT_NE(problem.find(saying), std::string::npos) << "says: " << problem;
}

TEST(BenchmarkOptions, WithoutArgumentsMeasureEverythingForAShortTime) {
  const BenchmarkOptions options = check_options({}).value();
  EXPECT_EQ(options.subjects.size(), 5u);
  EXPECT_EQ(options.workloads.size(), 4u);
  EXPECT_EQ(options.operations, kDefaultOperations);
  EXPECT_EQ(options.seconds, kDefaultSeconds);
  EXPECT_EQ(to_string(options.distribution), "zipf:0.99");
  EXPECT_EQ(options.origin_latency, std::chrono::milliseconds(5));
  EXPECT_FALSE(options.origin_cost.has_value());
}

TEST(BenchmarkOptions, AnEndThatIsGivenIsTheOnlyOne) {
  const BenchmarkOptions counted = check_options({.operations = 10}).value();
  EXPECT_EQ(counted.operations, 10u);
  EXPECT_FALSE(counted.seconds.has_value());
  const BenchmarkOptions timed = check_options({.seconds = Duration(10)}).value();
  EXPECT_EQ(timed.seconds, Duration(10));
  EXPECT_FALSE(timed.operations.has_value());
}

TEST(BenchmarkOptions, ListsAreInAnOrderOfTheirOwnAndNameEachOnce) {
  const BenchmarkOptions options =
      check_options({.tiers = "origin,memory,origin", .workloads = "write,read"}).value();
  EXPECT_EQ(options.subjects, (std::vector{Subject::kMemory, Subject::kOrigin}));
  EXPECT_EQ(options.workloads, (std::vector{Workload::kRead, Workload::kWrite}));
}

TEST(BenchmarkOptions, ListsRefuseWhatTheyDoNotKnow) {
  expect_refused({.tiers = "redis"}, "--tiers: \"redis\" is none of memory sqlite memory+sqlite");
  expect_refused({.tiers = "memry"}, "did you mean \"memory\"?");
  expect_refused({.tiers = ""}, "--tiers: \"\" is none of");
  expect_refused({.tiers = "memory,"}, "--tiers: \"\" is none of");
  expect_refused({.workloads = "reads"}, "--workloads: \"reads\" is none of read mixed write");
}

TEST(BenchmarkOptions, DistributionsAreZipfUniformAndScan) {
  for (const std::string text : {"zipf:0.99", "zipf:0", "zipf:1.5", "uniform", "scan"}) {
    EXPECT_EQ(to_string(check_options({.distribution = text}).value().distribution), text);
  }
  EXPECT_EQ(to_string(check_options({.distribution = "zipf"}).value().distribution), "zipf:0.99");
  for (const std::string text : {"", "zipf:", "zipf:-1", "zipf:11", "zipf:nan", "zipf:1x", "zip"}) {
    expect_refused({.distribution = text}, "--distribution takes zipf:0.99");
  }
}

TEST(BenchmarkOptions, NumbersOutOfRangeAreNamedWithTheRange) {
  expect_refused({.entries = 0}, "--entries takes a number from 1 to 10000000, not 0");
  expect_refused({.entries = limits::kBenchmarkEntries + 1}, "not 10000001");
  expect_refused({.value_bytes = kValueBytesMin - 1}, "--value-bytes takes a number from 24 to");
  expect_refused({.value_bytes = limits::kValueBytesMax + 1}, "--value-bytes");
  expect_refused({.operations = 0}, "--operations takes a number from 1 to 1000000000, not 0");
  expect_refused({.operations = limits::kBenchmarkOperations + 1}, "--operations");
  expect_refused({.threads = 0}, "--threads takes a number from 1 to 256, not 0");
  expect_refused({.threads = limits::kBenchmarkThreads + 1}, "--threads");
  expect_refused({.write_percent = 101}, "--write-percent takes a number from 0 to 100, not 101");
}

TEST(BenchmarkOptions, TheDataAsAWholeHasABoundToo) {
  EXPECT_EQ(problem_of({.entries = 4'096, .value_bytes = 1 << 20}), "");
  expect_refused({.entries = 4'097, .value_bytes = 1 << 20},
                 "--entries 4097 of --value-bytes 1048576 exceed the 4294967296 bytes");
}

TEST(BenchmarkOptions, TimesHaveBoundsToo) {
  expect_refused({.seconds = Duration(0)},
                 "--seconds takes a time of more than 0 and at most 3600");
  expect_refused({.seconds = kForever}, "not never");
  expect_refused({.seconds = std::chrono::seconds(limits::kBenchmarkSeconds + 1)}, "1h1s");
  EXPECT_EQ(problem_of({.origin_latency = Duration(0)}), "");
  expect_refused({.origin_latency = std::chrono::seconds(61)},
                 "--origin-latency takes at most 60s");
}

TEST(BenchmarkOptions, APriceIsADecimalNumber) {
  EXPECT_EQ(check_options({.origin_cost = "0.002"}).value().origin_cost, 0.002);
  EXPECT_EQ(check_options({.origin_cost = "0"}).value().origin_cost, 0.0);
  for (const std::string text : {"", "-1", "nan", "inf", "1e3", "0,002", "$1", "2000000000"}) {
    expect_refused({.origin_cost = text}, "--origin-cost takes the price of a call");
  }
}

}  // namespace
}  // namespace strata::benchmark
