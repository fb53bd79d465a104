// Tests of GroupCells: whose entries an invalidation reaches, and that idle cells go.
#include "memory/group_cells.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "memory/residence.h"
#include "memory/test_entries.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

class GroupCellsTest : public testing::Test {
 protected:
  EntryRef enter(const LabelGroup* group, std::uint64_t now) {
    EntryRef entry = entry_with_key("k" + std::to_string(entries_++));
    entry->set_group(group);
    cells.enter(*entry, now);
    return entry;
  }

  // An invalidation that begins this generation.
  static GroupCells::Raise at(std::uint64_t generation) {
    return {.generation = generation, .number = Ticket{100 * generation}};
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
  EXPECT_EQ(cells.raise(keyspace("user").id(), at(6)), 1u);
  EXPECT_FALSE(is_current(*user));
  EXPECT_TRUE(is_current(*order));
  EXPECT_EQ(cells.raise(tag("unknown").id(), at(7)), 0u);
  EXPECT_EQ(cells.raise(source("db").id(), at(8)), 1u) << "the dead are not counted again";
  EXPECT_FALSE(is_current(*order));
  EXPECT_EQ(cells.current(), 0u);
  EXPECT_EQ(cells.dead(), 2u);
  EXPECT_EQ(GroupCells::last_raise(*order), Ticket{800});
}

TEST_F(GroupCellsTest, AnEntryThatEntersAfterTheInvalidationIsCurrent) {
  const EntryRef old = enter(&users, 5);
  cells.raise(keyspace("user").id(), at(6));
  const EntryRef fresh = enter(&users, 6);
  EXPECT_TRUE(is_current(*fresh));
  EXPECT_TRUE(cells.leave(*fresh));
  EXPECT_FALSE(cells.leave(*old));
  EXPECT_EQ(cells.dead(), 0u);
}

TEST_F(GroupCellsTest, ANewCellStartsAtTheShardsGeneration) {
  const EntryRef entry = enter(&users, 7);
  EXPECT_EQ(entry->residence.cell->load(), 7u);
  EXPECT_EQ(entry->residence.generation, 7u);
}

TEST_F(GroupCellsTest, EverythingReachesEntriesWithoutAGroup) {
  const EntryRef user = enter(&users, 1);
  const EntryRef plain = enter(nullptr, 1);
  EXPECT_EQ(cells.raise_all(at(2)), 2u);
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
  EXPECT_EQ(cells.raise(keyspace("other").id(), at(2)), 2u);
  const EntryRef later = enter(&users, 2);
  EXPECT_EQ(cells.raise(keyspace("user").id(), at(3)), 1u);
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
  EXPECT_EQ(cells.raise(keyspace("user").id(), at(2)), std::uint64_t{kGroups});
  for (int i = 1; i < kGroups; ++i) cells.leave(*entries[i]);
  EXPECT_LE(cells.size(), GroupCells::kIdleCells + 1);

  const EntryRef again = enter(groups.back().get(), 2);
  cells.check_invariants([&](const auto& visit) {
    visit(*entries[0]);
    visit(*again);
  });
  EXPECT_EQ(cells.raise(groups.back()->ids[1], at(3)), 1u);
  EXPECT_EQ(cells.raise(keyspace("user").id(), at(4)), 0u);
}

// Against what is known of each entry: cells come and go, labels change their places.
TEST_F(GroupCellsTest, AgreesWithAModel) {
  constexpr std::size_t kGroups = 700;
  std::vector<std::unique_ptr<LabelGroup>> groups;
  for (std::size_t i = 0; i < kGroups; ++i) {
    groups.push_back(std::make_unique<LabelGroup>(
        Labels{keyspace(std::to_string(i % 3)), Label(LabelKind::kTenant, std::to_string(i))}));
  }
  testkit::Random random(11);
  std::map<std::size_t, std::pair<EntryRef, bool>>
      model;  // by the group, and whether it is current
  std::uint64_t now = 1;
  for (int phase = 0; phase < 40; ++phase) {
    const std::size_t base = random.below(kGroups);
    const bool comes = random.one_in(2);
    for (std::uint64_t i = random.below(kGroups); i > 0; --i) {
      const std::size_t group = (base + i) % kGroups;
      const auto found = model.find(group);
      if (comes && found == model.end()) {
        model[group] = {enter(groups[group].get(), now), true};
      } else if (!comes && found != model.end()) {
        ASSERT_EQ(cells.leave(*found->second.first), found->second.second);
        model.erase(found);
      }
    }
    const std::size_t raised = random.below(3);
    std::uint64_t expected = 0;
    for (auto& [group, entry] : model) {
      if (group % 3 == raised && std::exchange(entry.second, false)) ++expected;
    }
    ASSERT_EQ(cells.has_entries(keyspace(std::to_string(raised)).id()), expected > 0);
    ASSERT_EQ(cells.raise(keyspace(std::to_string(raised)).id(), at(++now)), expected);
    cells.check_invariants([&](const auto& visit) {
      for (const auto& [group, entry] : model) visit(*entry.first);
    });
    ASSERT_LE(cells.size(), std::max(2 * model.size(), model.size() + GroupCells::kIdleCells));
  }
}

// However many are idle when it is noticed.
TEST_F(GroupCellsTest, ACallDropsASliceOfCells) {
  constexpr std::size_t kGroups = 2'000;
  std::vector<std::unique_ptr<LabelGroup>> groups;
  std::vector<EntryRef> entries;
  for (std::size_t i = 0; i < kGroups; ++i) {
    groups.push_back(std::make_unique<LabelGroup>(
        Labels{keyspace("user"), Label(LabelKind::kTenant, std::to_string(i))}));
    entries.push_back(enter(groups.back().get(), 1));
  }
  std::size_t most = 0;
  for (const EntryRef& entry : entries) {
    const std::size_t before = cells.size();
    cells.leave(*entry);
    most = std::max(most, before - cells.size());
  }
  EXPECT_EQ(most, GroupCells::kDroppedSlice);
  EXPECT_LE(cells.size(), GroupCells::kIdleCells);
}

}  // namespace
}  // namespace strata::memory
