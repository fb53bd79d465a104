// Tests of whole benchmarks, small ones.
#include "cli/benchmark/suite.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/workload/interrupt.h"
#include "strata/core/limits.h"
#include "testkit/temp_dir.h"

namespace strata::benchmark {
namespace {

class SuiteTest : public testing::Test {
 protected:
  // Temporary folders are made in one of the test's own.
  SuiteTest() { ::setenv("TMPDIR", folder_.path().c_str(), 1); }
  ~SuiteTest() override { ::unsetenv("TMPDIR"); }

  Result<std::optional<Report>> run(BenchmarkArguments arguments) {
    if (!arguments.origin_latency) arguments.origin_latency = Duration(0);
    return run_suite(check_options(arguments).value(),
                     {.settings = settings_, .clock = clock_, .progress = progress_});
  }
  [[nodiscard]] bool nothing_is_left() const { return std::filesystem::is_empty(folder_.path()); }

  testkit::TempDir folder_;
  Settings settings_;
  std::shared_ptr<Clock> clock_ = system_clock();
  workload::Progress progress_{false, system_clock()};
};

// A machine so slow that each look at the clock takes `step`.
class SlowClock final : public Clock {
 public:
  explicit SlowClock(Duration step) : step_(step) {}
  [[nodiscard]] Instant now() const override {
    return Instant(Duration(step_.count() * (1 + readings_.fetch_add(1))));
  }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  [[nodiscard]] std::uint64_t boot_id() const override { return 1; }
  [[nodiscard]] std::int64_t readings() const { return readings_; }

 private:
  const Duration step_;
  mutable std::atomic<std::int64_t> readings_ = 0;
};

const Row& row_of(const Report& report, Workload workload, Subject subject) {
  for (const Row& row : report.rows) {
    if (row.workload == workload && row.subject == subject) return row;
  }
  throw std::out_of_range("no such row");
}

TEST_F(SuiteTest, HasARowForEachWorkloadOnEachStore) {
  const Report report = run({.entries = 50, .operations = 400}).value().value();
  ASSERT_EQ(report.rows.size(), 4u * 5 - 1) << "the origin is not written to";
  for (std::size_t at = 1; at < report.rows.size(); ++at) {
    const Row& former = report.rows[at - 1];
    const Row& row = report.rows[at];
    EXPECT_LT(std::pair(former.workload, former.subject), std::pair(row.workload, row.subject));
  }
  for (const Row& row : report.rows) {
    const bool reads_some = row.subject == Subject::kOrigin && row.workload == Workload::kMixed;
    if (!reads_some) {
      EXPECT_EQ(row.measured.operations(), 400u);
    }
    EXPECT_EQ(row.measured.not_kept, 0u);
  }
  EXPECT_GT(report.timer, Duration(0));
  EXPECT_GE(report.idle_operation, report.timer);
  EXPECT_TRUE(nothing_is_left());
}

// The requests are the same, and so is what is read.
TEST_F(SuiteTest, AllStoresAnswerTheSame) {
  const Report report = run({.entries = 50, .operations = 400, .threads = 3}).value().value();
  for (const Workload workload : {Workload::kRead, Workload::kReadThrough}) {
    const Row& first = row_of(report, workload, Subject::kMemory);
    EXPECT_NE(first.measured.checksum, 0u);
    for (const Row& row : report.rows) {
      if (row.workload != workload) continue;
      EXPECT_EQ(row.measured.checksum, first.measured.checksum) << to_string(row.subject);
    }
  }
}

TEST_F(SuiteTest, WhatBeginsFullHitsAndWhatBeginsEmptyReadsThrough) {
  const Report report = run({.entries = 50, .operations = 400}).value().value();
  for (const Row& row : report.rows) {
    if (row.measured.reads.count() == 0) {
      EXPECT_EQ(row.workload, Workload::kWrite);
      EXPECT_EQ(row.hit_ratio(), std::nullopt);
    } else if (row.subject == Subject::kOrigin) {
      EXPECT_EQ(row.hit_ratio(), 0.0);
      EXPECT_EQ(row.origin_calls, row.measured.reads.count());
    } else if (row.workload == Workload::kReadThrough) {
      EXPECT_EQ(row.origin_calls + row.measured.hits, 400u);
      EXPECT_GT(row.origin_calls, 25u);
      EXPECT_LE(row.origin_calls, 50u);
    } else {
      EXPECT_EQ(row.hit_ratio(), 1.0);
      EXPECT_EQ(row.origin_calls, 0u);
    }
  }
}

TEST_F(SuiteTest, OptionsOfTheTiersCount) {
  settings_.memory.max_entries = 10;
  const Report report =
      run({.entries = 50, .operations = 400, .tiers = "memory,sqlite", .workloads = "read"})
          .value()
          .value();
  EXPECT_LT(row_of(report, Workload::kRead, Subject::kMemory).hit_ratio(), 1.0);
  EXPECT_EQ(row_of(report, Workload::kRead, Subject::kSqlite).hit_ratio(), 1.0);
}

TEST_F(SuiteTest, AValueThatMayNotBeStoredIsRefused) {
  settings_.defaults.max_value_bytes = 1'000;
  const auto report = run({.entries = 50, .operations = 4});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kRejected);
  EXPECT_NE(report.error().message.find("--value-bytes 1024 is more than the 1000 bytes"),
            std::string::npos);
}

TEST_F(SuiteTest, AValueThatMayNotBeStoredIsRefusedBeforeAnythingIsMeasured) {
  const auto clock = std::make_shared<SlowClock>(Duration(1));
  clock_ = clock;
  settings_.defaults.max_value_bytes = 1'000;
  ASSERT_FALSE(run({.entries = 50, .operations = 4}).ok());
  EXPECT_EQ(clock->readings(), 0);
}

// 9 times 20,000 turns of values of 64 MiB would read 11 TiB.
TEST_F(SuiteTest, TheTurnThatCallsNothingReadsFewLargeValues) {
  EXPECT_EQ(idle_operations(kValueBytesMin), 20'000u);
  EXPECT_EQ(idle_operations(1'024), 20'000u);
  EXPECT_EQ(idle_operations(1 << 20), 64u);
  EXPECT_EQ(idle_operations(limits::kValueBytesMax), 3u);
}

TEST_F(SuiteTest, TheTurnThatCallsNothingIsNotMeasuredForLong) {
  const auto clock = std::make_shared<SlowClock>(std::chrono::milliseconds(5));
  clock_ = clock;
  const Report report =
      run({.entries = 1, .operations = 1, .tiers = "map", .workloads = "read"}).value().value();
  EXPECT_EQ(report.timer.count(), std::chrono::nanoseconds(std::chrono::milliseconds(5)).count());
  EXPECT_LT(clock->readings(), 9 * 50 + 50) << "not 9 times 40,000";
}

TEST_F(SuiteTest, WhatFailsIsNamedAndLeavesNothing) {
  settings_.sqlite.options.readers = 0;
  const auto report = run({.entries = 50, .operations = 4});
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().message.find("read of sqlite: "), std::string::npos);
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(SuiteTest, AnInterruptLeavesNoReportAndNoFile) {
  const workload::Interrupt interrupt;
  std::raise(SIGTERM);
  const auto report = run({.entries = 50, .operations = 4});
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->has_value());
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(SuiteTest, WhatTheSettingsSwitchOffIsLeftOut) {
  BenchmarkOptions options = check_options({}).value();
  EXPECT_TRUE(leave_out_disabled(options, settings_).empty());
  settings_.sqlite.enabled = false;
  EXPECT_EQ(leave_out_disabled(options, settings_),
            (std::vector<std::string>{"sqlite", "memory+sqlite"}));
  EXPECT_EQ(options.subjects, (std::vector{Subject::kMemory, Subject::kMap, Subject::kOrigin}));
  settings_.memory.enabled = false;
  EXPECT_EQ(leave_out_disabled(options, settings_), std::vector<std::string>{"memory"});
}

// A measurement of reads that took so long each.
Measured reads_of(std::uint64_t count, Duration each, std::uint64_t hits) {
  Histogram latency;
  for (std::uint64_t i = 0; i < count; ++i) latency.record(each);
  Measured measured;
  measured.reads = latency.snapshot();
  measured.hits = hits;
  return measured;
}

TEST(Savings, AreWhatTheOriginWouldHaveTakenLessWhatWasWaited) {
  using std::chrono::milliseconds;
  Report report;
  report.rows = {{.workload = Workload::kRead,
                  .subject = Subject::kMemory,
                  .measured = reads_of(100, milliseconds(1), 90),
                  .origin_calls = 10},
                 {.workload = Workload::kRead,
                  .subject = Subject::kOrigin,
                  .measured = reads_of(4, milliseconds(5), 0),
                  .origin_calls = 4},
                 {.workload = Workload::kMixed,
                  .subject = Subject::kMemory,
                  .measured = reads_of(100, milliseconds(1), 90)}};
  EXPECT_EQ(report.time_saved(report.rows[0]), milliseconds(400));
  EXPECT_EQ(report.time_saved(report.rows[1]), std::nullopt) << "the origin saves nothing";
  EXPECT_EQ(report.time_saved(report.rows[2]), std::nullopt) << "there is nothing to compare with";
  EXPECT_DOUBLE_EQ(cost_saved(report.rows[0], 0.5).value(), 45.0);
  EXPECT_EQ(cost_saved(report.rows[1], 0.5), std::nullopt);
  EXPECT_EQ(cost_saved({}, 0.5), std::nullopt) << "nothing was read";
}

// A cache that is slower than its origin says so.
TEST(Savings, MayBeLessThanNothing) {
  Report report;
  report.rows = {{.subject = Subject::kSqlite, .measured = reads_of(10, Duration(500), 10)},
                 {.subject = Subject::kOrigin, .measured = reads_of(10, Duration(100), 0)}};
  EXPECT_EQ(report.time_saved(report.rows[0]), Duration(-4'000));
}

}  // namespace
}  // namespace strata::benchmark
