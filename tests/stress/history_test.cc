// The history checker: many threads, every kind of read and change, no answer older than what was
// invalidated before it was asked for. STRATA_OPERATIONS says how many operations.
#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "core/mutant.h"
#include "strata/ports/environment.h"
#include "stress/traffic.h"
#include "testkit/reliability.h"
#include "testkit/sanitizer.h"
#include "testkit/temp_dir.h"

namespace strata::stress {

using testing::Mutant;

namespace {

constexpr std::uint64_t kInMemory = STRATA_SANITIZED != 0 ? 100'000 : 4'000'000;
constexpr std::uint64_t kWithSqlite = STRATA_SANITIZED != 0 ? 20'000 : 400'000;
constexpr std::uint64_t kUntilFound = 10'000'000;

std::uint64_t operations(std::uint64_t otherwise) {
  const auto text = system_environment()("STRATA_OPERATIONS");
  return text ? std::stoull(*text) : otherwise;
}

// Whatever the traffic does, it must have done all of it, or the judgement is worth little.
void expect_sound(const TrafficResult& result) {
  EXPECT_EQ(result.violations, 0U) << result.story;
  EXPECT_GT(result.answers, result.operations / 3);
  EXPECT_GT(result.hits, result.operations / 10);
  EXPECT_GT(result.loads, result.operations / 20);
  EXPECT_GT(result.changes, result.operations / 20);
  EXPECT_GT(result.absences, result.operations / 100);
  testkit::Reliability report("R1", "every answer of many threads is judged");
  report.count("operations", result.operations).count("answers", result.answers).seeds(1, 1);
  report.violations("answers older than an invalidation", result.violations);
  std::cout << result.operations << " operations, " << result.answers << " answers judged, "
            << result.hits << " hits, " << result.loads << " loads, " << result.changes
            << " changes, " << result.absences << " absences\n";
}

TEST(History, MemoryServesNothingOlderThanAnInvalidation) {
  Traffic traffic({.operations = operations(kInMemory)});
  expect_sound(traffic.run());
  traffic.cache().hot_tier().check_invariants();
}

TEST(History, MemoryAndSqliteServeNothingOlderThanAnInvalidation) {
  const testkit::TempDir folder;
  Traffic traffic({.operations = operations(kWithSqlite),
                   .max_entries = 500,
                   .sqlite_path = folder.file("cache.db")});
  expect_sound(traffic.run());
  traffic.cache().hot_tier().check_invariants();
}

#if defined(STRATA_MUTANTS)
class HistoryMutants : public ::testing::TestWithParam<Mutant> {
 protected:
  ~HistoryMutants() override { testing::set_mutant(Mutant::kNone); }
};

// The checker is worth nothing if it cannot fail.
TEST_P(HistoryMutants, AreFound) {
  const testkit::TempDir folder;
  testing::set_mutant(GetParam());
  TrafficResult result;
  {
    Traffic traffic({.operations = kUntilFound,
                     .cold_keys = 1'000,
                     .max_entries = 100,
                     .sqlite_path = folder.file("cache.db")});
    result = traffic.run();
  }
  EXPECT_GT(result.violations, 0U) << "after " << result.operations << " operations";
  testkit::Reliability("R1", "every answer of many threads is judged")
      .found(testing::mutant_name(GetParam()), result.operations);
  EXPECT_NE(result.story, "");
}

std::string name_of(const ::testing::TestParamInfo<Mutant>& mutant) {
  std::string name(testing::mutant_name(mutant.param));
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

// Those that many threads find soon by themselves. The others need an order of their own: see
// tests/scenarios and tests/model.
INSTANTIATE_TEST_SUITE_P(All, HistoryMutants,
                         ::testing::Values(Mutant::kNoTickets, Mutant::kLateTicket,
                                           Mutant::kJoinAnyLoad, Mutant::kNoTombstone,
                                           Mutant::kSqliteFillUnchecked,
                                           Mutant::kMemoryFillUnchecked, Mutant::kCellNotCompared,
                                           Mutant::kTombstoneByReaderStart,
                                           Mutant::kDeeperTicketLate, Mutant::kJoinComparesKeyOnly,
                                           Mutant::kPendingUnchecked, Mutant::kPendingAfterSelect,
                                           Mutant::kJoinBetween, Mutant::kWaiterTakesFailsafe),
                         name_of);
#endif

}  // namespace
}  // namespace strata::stress
