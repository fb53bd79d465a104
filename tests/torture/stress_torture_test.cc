// The suites of tests/stress for as long as the budget allows, with seeds of their own.
#include <gtest/gtest.h>

#include <iostream>

#include "stress/churn.h"
#include "stress/storm.h"
#include "stress/traffic.h"
#include "testkit/reliability.h"
#include "testkit/temp_dir.h"
#include "torture/budget.h"

namespace strata::stress {
namespace {

constexpr double kParts = 4;
constexpr std::uint64_t kFirstSeed = 1'001;

void expect_no_violations(const TrafficOptions& options, std::uint64_t& operations) {
  Traffic traffic(options);
  const TrafficResult result = traffic.run();
  ASSERT_EQ(result.violations, 0U) << "seed " << options.seed << ": " << result.story;
  traffic.cache().hot_tier().check_invariants();
  operations += result.operations;
}

TEST(StressTorture, HistoryInMemory) {
  const torture::Budget budget(kParts);
  std::uint64_t operations = 0;
  std::uint64_t seed = kFirstSeed;
  for (; budget.lasts() && !HasFatalFailure(); ++seed) {
    expect_no_violations({.operations = 2'000'000, .threads = 40, .seed = seed}, operations);
  }
  testkit::Reliability("R1", "every answer of many threads is judged, in memory")
      .count("operations", operations)
      .seeds(kFirstSeed, seed - 1)
      .violations("runs with a wrong answer", HasFailure() ? 1 : 0);
}

TEST(StressTorture, HistoryInMemoryAndSqlite) {
  const torture::Budget budget(kParts);
  std::uint64_t operations = 0;
  std::uint64_t seed = kFirstSeed;
  for (; budget.lasts() && !HasFatalFailure(); ++seed) {
    const testkit::TempDir folder;
    expect_no_violations({.operations = 200'000,
                          .threads = 40,
                          .max_entries = seed % 2 == 0 ? 500U : 20'000U,
                          .seed = seed,
                          .sqlite_path = folder.file("cache.db")},
                         operations);
  }
  testkit::Reliability("R1", "every answer of many threads is judged, in memory and SQLite")
      .count("operations", operations)
      .seeds(kFirstSeed, seed - 1)
      .violations("runs with a wrong answer", HasFailure() ? 1 : 0);
}

// A million entries with ten tags each as soon as the budget is a tenth of an hour.
TEST(StressTorture, Storm) {
  const torture::Budget budget(kParts);
  const bool is_large = torture::Budget::seconds() >= 360;
  std::uint64_t invalidations = 0;
  for (std::uint64_t seed = kFirstSeed; budget.lasts(); ++seed) {
    const std::uint32_t entries = is_large ? 1'000'000 : 50'000;
    Storm storm({.entries = entries, .invalidations = entries, .seed = seed});
    const StormResult result = storm.run();
    ASSERT_EQ(result.wrong, "") << "seed " << seed;
    storm.tier().check_invariants();
    invalidations += result.invalidations;
  }
  testkit::Reliability("R13", "keys and tags are invalidated while others read")
      .count("invalidations", invalidations)
      .violations("storms that ended badly", HasFailure() ? 1 : 0);
}

// Ten million operations as soon as the budget is a tenth of an hour.
TEST(StressTorture, Churn) {
  const torture::Budget budget(kParts);
  const bool is_large = torture::Budget::seconds() >= 360;
  std::uint64_t operations = 0;
  for (std::uint64_t seed = kFirstSeed; budget.lasts(); ++seed) {
    const ChurnOptions options{.operations = is_large ? 10'000'000U : 200'000U, .seed = seed};
    stress::Churn churn(options);
    const ChurnSizes sizes = churn.run();
    operations += options.operations;
    ASSERT_LE(sizes.memory.residents, options.max_entries) << "seed " << seed;
    ASSERT_LE(sizes.memory.postings, 8 * sizes.memory.residents) << "seed " << seed;
    ASSERT_EQ(sizes.flights + sizes.running_invalidations, 0U) << "seed " << seed;
    ASSERT_EQ(sizes.tombstones + sizes.pending_writes, 0U) << "seed " << seed;
    ASSERT_LE(sizes.label_rows, 8 * sizes.rows) << "seed " << seed;
    ASSERT_EQ(sizes.labels_without_entry, 0U) << "seed " << seed;
  }
  std::cout << operations << " operations\n";
}

}  // namespace
}  // namespace strata::stress
