// Side tables follow what there is, not what there was. STRATA_OPERATIONS says how many
// operations.
#include "stress/churn.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "memory/group_cells.h"
#include "strata/ports/environment.h"
#include "testkit/sanitizer.h"

namespace strata::stress {
namespace {

constexpr std::uint64_t kOperations = STRATA_SANITIZED != 0 ? 50'000 : 1'000'000;
constexpr std::uint64_t kLabelsPerEntry = 8;  // three tags, a key and a group that are inherited
constexpr std::uint64_t kSlotsPerItem = 8;    // of hash tables
constexpr std::uint64_t kSlotsAtLeast = 64 * 8;

std::uint64_t operations() {
  const auto text = system_environment()("STRATA_OPERATIONS");
  return text ? std::stoull(*text) : kOperations;
}

TEST(Churn, LeavesNothingInProportionToWhatHasBeen) {
  const ChurnOptions options{.operations = operations()};
  Churn churn(options);
  const ChurnSizes sizes = churn.run();
  std::cout << options.operations << " operations leave " << sizes.memory.residents
            << " entries with " << sizes.memory.labels << " labels in memory, " << sizes.rows
            << " entries with " << sizes.label_rows << " labels in the file\n";
  EXPECT_GT(sizes.memory.residents, 0U);
  EXPECT_LE(sizes.memory.residents, options.max_entries);
  EXPECT_LE(sizes.memory.table_slots, kSlotsAtLeast + kSlotsPerItem * sizes.memory.residents);
  EXPECT_LE(sizes.memory.postings, kLabelsPerEntry * sizes.memory.residents);
  EXPECT_LE(sizes.memory.labels, sizes.memory.postings);
  EXPECT_LE(sizes.memory.label_slots,
            kSlotsAtLeast + kSlotsPerItem * kLabelsPerEntry * sizes.memory.residents);
  EXPECT_LE(sizes.memory.cells, 2 + memory::GroupCells::kIdleCells);
  EXPECT_LE(sizes.memory.ghost_bytes, 48 * options.max_entries);
  EXPECT_EQ(sizes.flights, 0U);
  EXPECT_EQ(sizes.running_invalidations, 0U);
  EXPECT_EQ(sizes.tombstones, 0U);
  EXPECT_EQ(sizes.pending_writes, 0U);
  EXPECT_GT(sizes.rows, 0U);
  EXPECT_LE(sizes.rows, options.sqlite_bytes / 64);
  EXPECT_LE(sizes.label_rows, kLabelsPerEntry * sizes.rows);
  EXPECT_EQ(sizes.labels_without_entry, 0U);
  EXPECT_LE(sizes.group_rows, 4U);
}

TEST(Churn, LeavesNothingAtAllWhenEverythingIsInvalidated) {
  Churn churn({.operations = operations() / 10});
  (void)churn.run();
  const ChurnSizes sizes = churn.clear();
  EXPECT_EQ(sizes.memory.residents, 0U);
  EXPECT_LE(sizes.memory.table_slots, kSlotsAtLeast);
  EXPECT_LE(sizes.memory.label_slots, 2 * kSlotsAtLeast);
  EXPECT_LE(sizes.memory.cells, 2 + memory::GroupCells::kIdleCells);
  EXPECT_EQ(sizes.memory.labels, 0U);
  EXPECT_EQ(sizes.memory.postings, 0U);
  EXPECT_EQ(sizes.flights, 0U);
  EXPECT_EQ(sizes.tombstones, 0U);
  EXPECT_EQ(sizes.pending_writes, 0U);
  EXPECT_EQ(sizes.rows, 0U);
  EXPECT_EQ(sizes.label_rows, 0U);
}

}  // namespace
}  // namespace strata::stress
