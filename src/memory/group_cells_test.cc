// Tests of GroupCells: whose entries an invalidation reaches, and that idle cells go.
#include "memory/group_cells.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "memory/residence.h"
#include "memory/test_entries.h"

namespace strata::memory {
namespace {

class GroupCellsTest : public testing::Test {
 protected:
  EntryRef enter(const LabelGroup* group, std::uint64_t now) {
    EntryRef entry = entry_with_key("k" + std::to_string(entries_++));
    entry->set_group(group);
    cells.enter(*entry, Ticket{now});
    return entry;
  }

  const LabelGroup users{{keyspace("user"), source("db")}};
  const LabelGroup orders{{keyspace("order"), source("db")}};
  GroupCells cells;

 private:
  int entries_ = 0;
};

TEST_F(GroupCellsTest, AnEntryIsCurrentUntilALabelOfItsGroupIsInvalidated) {
  const EntryRef user = enter(&users, 5);
  const EntryRef order = enter(&orders, 5);
  EXPECT_TRUE(is_current(*user));
  EXPECT_EQ(cells.raise(keyspace("user").id(), Ticket{6}), 1u);
  EXPECT_FALSE(is_current(*user));
  EXPECT_TRUE(is_current(*order));
  EXPECT_EQ(cells.raise(tag("unknown").id(), Ticket{7}), 0u);
  EXPECT_EQ(cells.raise(source("db").id(), Ticket{8}), 1u) << "the dead are not counted again";
  EXPECT_FALSE(is_current(*order));
  EXPECT_EQ(cells.current(), 0u);
  EXPECT_EQ(cells.dead(), 2u);
}

TEST_F(GroupCellsTest, AnEntryThatEntersAfterTheInvalidationIsCurrent) {
  const EntryRef old = enter(&users, 5);
  cells.raise(keyspace("user").id(), Ticket{6});
  const EntryRef fresh = enter(&users, 6);
  EXPECT_TRUE(is_current(*fresh));
  EXPECT_TRUE(cells.leave(*fresh));
  EXPECT_FALSE(cells.leave(*old));
  EXPECT_EQ(cells.dead(), 0u);
}

TEST_F(GroupCellsTest, ANewCellStartsAtTheTiersNumber) {
  const EntryRef entry = enter(&users, 7);
  EXPECT_EQ(entry->residence.cell->load(), 7u);
  EXPECT_EQ(entry->residence.generation, 7u);
}

TEST_F(GroupCellsTest, EverythingReachesEntriesWithoutAGroup) {
  const EntryRef user = enter(&users, 1);
  const EntryRef plain = enter(nullptr, 1);
  EXPECT_EQ(cells.raise_all(Ticket{2}), 2u);
  EXPECT_FALSE(is_current(*user));
  EXPECT_FALSE(is_current(*plain));
}

// Ids of groups are hashes: two that collide may lose hits together, but nothing is overlooked.
TEST_F(GroupCellsTest, GroupsWhoseIdsCollideAreInvalidatedTogether) {
  LabelGroup colliding{{keyspace("other"), source("elsewhere")}};
  colliding.id = users.id;
  const EntryRef user = enter(&users, 1);
  const EntryRef other = enter(&colliding, 1);
  EXPECT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells.raise(keyspace("other").id(), Ticket{2}), 2u);
  const EntryRef later = enter(&users, 2);
  EXPECT_EQ(cells.raise(keyspace("user").id(), Ticket{3}), 1u);
}

TEST_F(GroupCellsTest, CellsOfGroupsThatAreGoneAreDropped) {
  constexpr int kGroups = 1'000;
  std::vector<std::unique_ptr<LabelGroup>> groups;
  std::vector<EntryRef> entries;
  for (int i = 0; i < kGroups; ++i) {
    groups.push_back(std::make_unique<LabelGroup>(
        Labels{keyspace("user"), Label(LabelKind::kTenant, std::to_string(i))}));
    entries.push_back(enter(groups.back().get(), 1));
  }
  EXPECT_EQ(cells.size(), std::size_t{kGroups});
  EXPECT_EQ(cells.raise(keyspace("user").id(), Ticket{2}), std::uint64_t{kGroups});
  for (int i = 1; i < kGroups; ++i) cells.leave(*entries[i]);
  EXPECT_LE(cells.size(), GroupCells::kIdleCells + 1);

  const EntryRef again = enter(groups.back().get(), 2);
  cells.check_invariants([&](const auto& visit) {
    visit(*entries[0]);
    visit(*again);
  });
  EXPECT_EQ(cells.raise(groups.back()->ids[1], Ticket{3}), 1u);
  EXPECT_EQ(cells.raise(keyspace("user").id(), Ticket{4}), 0u);
}

}  // namespace
}  // namespace strata::memory
