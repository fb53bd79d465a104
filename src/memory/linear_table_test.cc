// Tests of LinearTable: against a standard map, and the promise of its walks.
#include "memory/linear_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

struct Slot {
  std::uint64_t key = 0;
  std::uint64_t value = 0;  // 0: empty
  [[nodiscard]] bool empty() const { return value == 0; }
  [[nodiscard]] std::uint64_t hash() const { return key; }
};
using Table = LinearTable<Slot>;

Slot* find(const Table& table, std::uint64_t key) {
  return table.find(key, [](const Slot&) { return true; });
}

std::uint64_t mixed(std::uint64_t number) { return number * 0x9e3779b97f4a7c15ULL; }

TEST(LinearTable, AnEmptyTableTakesNoMemoryAndFindsNothing) {
  Table table;
  EXPECT_EQ(table.capacity(), 0u);
  EXPECT_EQ(find(table, 1), nullptr);
  EXPECT_FALSE(table.walk(0, 10, [](const Slot&) { FAIL(); }));
}

TEST(LinearTable, SlotsWithTheSameHashAreToldApart) {
  Table table;
  for (std::uint64_t value = 1; value <= 20; ++value) table.insert({7, value});
  for (std::uint64_t value = 1; value <= 20; ++value) {
    const Slot* slot = table.find(7, [&](const Slot& at) { return at.value == value; });
    ASSERT_NE(slot, nullptr);
    EXPECT_EQ(slot->value, value);
  }
  table.check_invariants();
}

// Homes are few and crowd the table's end, so that probing goes around it.
TEST(LinearTable, AgreesWithAStandardMap) {
  testkit::for_each_seed(100, [](testkit::Random& random) {
    Table table;
    std::map<std::uint64_t, std::uint64_t> model;
    const std::uint64_t keys = random.between(1, 60);
    const bool crowded = random.one_in(2);
    for (int step = 0; step < 500; ++step) {
      const std::uint64_t number = random.below(keys) + 1;
      const std::uint64_t key = crowded ? UINT64_MAX - number : mixed(number);
      if (random.one_in(2)) {
        if (!model.contains(key)) table.insert({key, number});
        model.emplace(key, number);
      } else if (Slot* slot = find(table, key)) {
        ASSERT_EQ(model.erase(key), 1u);
        table.erase(slot);
      } else {
        ASSERT_FALSE(model.contains(key));
      }
      ASSERT_EQ(table.size(), model.size());
      table.check_invariants();
    }
    for (const auto& [key, value] : model) {
      ASSERT_NE(find(table, key), nullptr);
      ASSERT_EQ(find(table, key)->value, value);
    }
  });
}

TEST(LinearTable, GivesMemoryBackWhenItEmpties) {
  constexpr std::uint64_t kSlots = 10'000;
  for (const bool by_insertions : {false, true}) {
    Table table;
    for (std::uint64_t i = 1; i <= kSlots; ++i) table.insert({mixed(i), i});
    EXPECT_GE(table.capacity(), kSlots);
    for (std::uint64_t i = 1; i <= kSlots; ++i) table.erase(find(table, mixed(i)));
    if (by_insertions) {
      for (std::uint64_t i = 1; i <= 15; ++i) table.insert({mixed(i), i});
    } else {
      table.fit();
    }
    EXPECT_LE(table.capacity(), by_insertions ? 16 * 15 : Table::kCapacityMin);
    table.check_invariants();
  }
}

// Slots that are erased in the order of their hashes leave a crowd at one end, which a smaller
// table would have no room for where it belongs.
TEST(LinearTable, ErasingInTheOrderOfHashesDoesNotCrowdIt) {
  constexpr std::uint64_t kSlots = 100'000;
  Table table;
  for (std::uint64_t i = 1; i <= kSlots; ++i) table.insert({mixed(i), i});
  std::vector<std::uint64_t> keys;
  table.walk(0, table.capacity(), [&](const Slot& slot) { keys.push_back(slot.key); });
  ASSERT_EQ(keys.size(), kSlots);
  const auto farthest_from_home = [&] {
    std::size_t farthest = 0;
    for (std::size_t at = 0; at < table.capacity(); ++at) {
      if (table.at(at).empty()) continue;
      const std::size_t home = table.at(at).key / (UINT64_MAX / table.capacity() + 1);
      farthest = std::max(farthest, (at - home) % table.capacity());
    }
    return farthest;
  };
  const std::size_t before = farthest_from_home();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    table.erase(find(table, keys[i]));
    if (i % 10'000 != 0) continue;
    ASSERT_LE(farthest_from_home(), before);
  }
  EXPECT_EQ(table.size(), 0u);
}

TEST(LinearTable, AWalkSeesWhatStaysExactlyOnceWhateverHappensBetweenItsSteps) {
  testkit::for_each_seed(300, [](testkit::Random& random) {
    Table table;
    const bool crowded = random.one_in(3);
    const auto key_of = [&](std::uint64_t i) { return crowded ? UINT64_MAX - 2 * i : mixed(i); };
    std::set<std::uint64_t> staying;
    const std::uint64_t count = random.between(1, 200);
    for (std::uint64_t i = 1; i <= count; ++i) {
      table.insert({key_of(i), i});
      staying.insert(key_of(i));
    }
    std::vector<std::uint64_t> moving;
    std::multiset<std::uint64_t> seen;
    std::uint64_t next_moving = 1'000;
    std::optional<std::uint64_t> from = 0;
    for (int step = 0; from; ++step) {
      ASSERT_LT(step, 10'000);
      from = table.walk(*from, random.between(1, 20),
                        [&](const Slot& slot) { seen.insert(slot.key); });
      // The table becomes many times as large, or as small as it can.
      if (random.one_in(2)) {
        for (std::uint64_t i = random.below(400); i > 0; --i) {
          moving.push_back(key_of(next_moving));
          table.insert({key_of(next_moving), next_moving});
          ++next_moving;
        }
        continue;
      }
      for (const std::uint64_t key : moving) table.erase(find(table, key));
      moving.clear();
      table.fit();
    }
    for (const std::uint64_t key : staying) ASSERT_EQ(seen.count(key), 1u);
  });
}

}  // namespace
}  // namespace strata::memory
