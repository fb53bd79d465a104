// Tests of LinearTable: against a standard map, the promise of its walks, and how many slots a call
// moves.
#include "memory/linear_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
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

// A slot whose moves are counted.
struct Counting {
  Counting() = default;
  explicit Counting(std::uint64_t wanted) : key(wanted) {}
  Counting(Counting&& other) noexcept : key(std::exchange(other.key, 0)) {}
  Counting& operator=(Counting&& other) noexcept {
    if (other.key != 0) ++moves;
    key = std::exchange(other.key, 0);
    return *this;
  }
  ~Counting() = default;
  [[nodiscard]] bool empty() const { return key == 0; }
  [[nodiscard]] std::uint64_t hash() const { return key; }

  std::uint64_t key = 0;
  static std::size_t moves;
};
std::size_t Counting::moves = 0;

template <typename AnySlot>
AnySlot* find(const LinearTable<AnySlot>& table, std::uint64_t key) {
  return table.find(key, [](const AnySlot&) { return true; });
}

std::uint64_t mixed(std::uint64_t number) { return number * 0x9e3779b97f4a7c15ULL; }

TEST(LinearTable, AnEmptyTableTakesNoMemoryAndFindsNothing) {
  Table table;
  EXPECT_EQ(table.capacity(), 0u);
  EXPECT_EQ(find(table, 1), nullptr);
  EXPECT_FALSE(table.walk(0, 10, [](const Slot&) { FAIL(); }));
}

// More than a segment holds are in one all the same.
TEST(LinearTable, SlotsWithTheSameHashAreToldApart) {
  for (const std::uint64_t count : {20, 5'000}) {
    Table table;
    for (std::uint64_t value = 1; value <= count; ++value) table.insert({7, value});
    table.check_invariants();
    for (std::uint64_t value = 1; value <= count; value += count / 20) {
      Slot* slot = table.find(7, [&](const Slot& at) { return at.value == value; });
      ASSERT_NE(slot, nullptr);
      EXPECT_EQ(slot->value, value);
    }
    for (std::uint64_t value = 1; value <= count; ++value) table.erase(find(table, 7));
    EXPECT_EQ(table.capacity(), Table::kCapacityMin);
    table.check_invariants();
  }
}

// How the keys of a test are spread: evenly; in a part of the hashes, so that segments of different
// depths are beside each other; or in few homes at the table's end, so that probing goes around it.
enum class Spread : std::uint8_t { kEven, kPart, kEnd };
constexpr std::array kSpreads = {Spread::kEven, Spread::kPart, Spread::kEnd};

std::uint64_t key_of(Spread spread, std::uint64_t number) {
  if (spread == Spread::kEnd) return UINT64_MAX - number;
  return spread == Spread::kEven ? mixed(number) : 1ULL << 62 | mixed(number) >> 4;
}

TEST(LinearTable, AgreesWithAStandardMap) {
  testkit::for_each_seed(100, [](testkit::Random& random) {
    Table table;
    std::map<std::uint64_t, std::uint64_t> model;
    const std::uint64_t keys = random.between(1, 60);
    const Spread spread = kSpreads[random.below(kSpreads.size())];
    for (int step = 0; step < 500; ++step) {
      const std::uint64_t number = random.below(keys) + 1;
      const std::uint64_t key = key_of(spread, number);
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

// It becomes large and small again, several times, in one of several ways.
TEST(LinearTable, ALargeOneAgreesWithAStandardMap) {
  testkit::for_each_seed(20, [](testkit::Random& random) {
    Table table;
    std::map<std::uint64_t, std::uint64_t> model;
    const Spread spread = random.one_in(2) ? Spread::kEven : Spread::kPart;
    std::uint64_t next = 1;
    for (int phase = 0; phase < 6; ++phase) {
      for (std::uint64_t i = random.below(6'000); i > 0; --i, ++next) {
        table.insert({key_of(spread, next), next});
        model.emplace(key_of(spread, next), next);
      }
      table.check_invariants();
      std::size_t left = random.one_in(2) ? 0 : random.below(model.size() + 1);
      const std::uint64_t way = random.below(3);
      std::size_t hand = 0;
      while (model.size() > left) {
        if (way == 0) {
          ASSERT_EQ(model.erase(table.take(hand).key), 1u);
          continue;
        }
        const auto at = way == 1 ? model.begin() : model.lower_bound(random.next());
        const std::uint64_t key = at == model.end() ? model.rbegin()->first : at->first;
        ASSERT_NE(find(table, key), nullptr);
        table.erase(find(table, key));
        model.erase(key);
      }
      table.check_invariants();
      ASSERT_EQ(table.size(), model.size());
      std::map<std::uint64_t, std::uint64_t> found;
      table.for_each([&](const Slot& slot) { found.emplace(slot.key, slot.value); });
      ASSERT_EQ(found, model);
      for (const auto& [key, value] : model) ASSERT_EQ(find(table, key)->value, value);
      if (way != 0) {
        ASSERT_LE(table.capacity(), 10 * model.size() + 2 * Table::kSegmentSlots);
      }
    }
  });
}

TEST(LinearTable, GivesMemoryBackWhenItEmpties) {
  constexpr std::uint64_t kSlots = 10'000;
  for (const bool in_order : {false, true}) {
    Table table;
    std::vector<std::uint64_t> keys;
    for (std::uint64_t i = 1; i <= kSlots; ++i) {
      table.insert({mixed(i), i});
      keys.push_back(mixed(i));
    }
    if (in_order) std::sort(keys.begin(), keys.end());
    EXPECT_GE(table.capacity(), kSlots);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      table.erase(find(table, keys[i]));
      ASSERT_LE(table.capacity(), 10 * table.size() + 2 * kSlots);
    }
    EXPECT_EQ(table.capacity(), Table::kCapacityMin);
    table.check_invariants();
  }
}

TEST(LinearTable, TakingGivesMemoryBack) {
  constexpr std::uint64_t kSlots = 10'000;
  Table table;
  for (std::uint64_t i = 1; i <= kSlots; ++i) table.insert({mixed(i), i});
  const std::size_t before = table.capacity();
  std::size_t hand = 0;
  while (table.size() > kSlots / 2) table.take(hand);
  EXPECT_LE(table.capacity(), before / 2 + 2 * Table::kSegmentSlots);
  while (table.size() > 0) table.take(hand);
  EXPECT_LE(table.capacity(), Table::kSegmentSlots);
  table.check_invariants();
}

// What a call under a shard's lock may cost.
TEST(LinearTable, NoCallMovesAThousandSlots) {
  constexpr std::uint64_t kSlots = 200'000;
  constexpr std::size_t kMovesMax = 1'000;
  for (const std::uint64_t count : {kSlots / 10, kSlots}) {
    for (const bool by_taking : {false, true}) {
      LinearTable<Counting> table;
      std::size_t most = 0;
      std::size_t sum = 0;
      const auto counted = [&](const auto& call) {
        Counting::moves = 0;
        call();
        most = std::max(most, Counting::moves);
        sum += Counting::moves;
      };
      for (std::uint64_t i = 1; i <= count; ++i) {
        counted([&] { table.insert(Counting(mixed(i))); });
      }
      EXPECT_GT(most, Table::kSegmentSlots / 2) << "or nothing was counted";
      EXPECT_LE(sum, 4 * count) << "and few on average";
      std::size_t hand = 0;
      for (std::uint64_t i = 1; i <= count; ++i) {
        counted([&] { by_taking ? void(table.take(hand)) : table.erase(find(table, mixed(i))); });
      }
      EXPECT_EQ(table.size(), 0u);
      EXPECT_LE(most, kMovesMax);
      EXPECT_LE(sum, 12 * count);
    }
  }
}

TEST(LinearTable, AWalkSeesWhatStaysExactlyOnceWhateverHappensBetweenItsSteps) {
  testkit::for_each_seed(300, [](testkit::Random& random) {
    Table table;
    const Spread spread = kSpreads[random.below(kSpreads.size())];
    // In a few of them segments are split and joined.
    const std::uint64_t many = spread != Spread::kEnd && random.one_in(20) ? 20 : 1;
    std::set<std::uint64_t> staying;
    const std::uint64_t count = random.between(1, 200) * many;
    for (std::uint64_t i = 1; i <= count; ++i) {
      table.insert({key_of(spread, 2 * i), i});
      staying.insert(key_of(spread, 2 * i));
    }
    std::vector<std::uint64_t> moving;
    std::multiset<std::uint64_t> seen;
    std::uint64_t next_moving = 10'000;
    std::optional<std::uint64_t> from = 0;
    for (int step = 0; from; ++step) {
      ASSERT_LT(step, 10'000);
      from = table.walk(*from, random.between(1, 20 * many),
                        [&](const Slot& slot) { seen.insert(slot.key); });
      // The table becomes many times as large, or as small as it can.
      if (random.one_in(2)) {
        for (std::uint64_t i = random.below(400 * many); i > 0; --i, ++next_moving) {
          moving.push_back(key_of(spread, 2 * next_moving + 1));
          table.insert({moving.back(), next_moving});
        }
        continue;
      }
      for (const std::uint64_t key : moving) table.erase(find(table, key));
      moving.clear();
    }
    table.check_invariants();
    for (const std::uint64_t key : staying) ASSERT_EQ(seen.count(key), 1u);
  });
}

TEST(LinearTable, AWalkVisitsAboutAsManyAsItIsTold) {
  Table table;
  for (std::uint64_t i = 1; i <= 50'000; ++i) table.insert({mixed(i), i});
  std::optional<std::uint64_t> from = 0;
  std::size_t visited = 0;
  std::uint64_t last = 0;
  while (from) {
    const std::uint64_t begin = *from;
    std::size_t count = 0;
    from = table.walk(begin, 512, [&](const Slot& slot) {
      EXPECT_GE(slot.key, begin);
      last = std::max(last, slot.key);
      ++count;
    });
    EXPECT_LE(count, 512u);
    EXPECT_TRUE(!from || last < *from);
    visited += count;
  }
  EXPECT_EQ(visited, 50'000u);
}

}  // namespace
}  // namespace strata::memory
