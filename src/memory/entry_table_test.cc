// EntryTable against a set of the same entries, with readers beside the writer.
#include "memory/entry_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "memory/epochs.h"
#include "memory/limbo.h"
#include "memory/test_entries.h"
#include "testkit/random.h"
#include "testkit/threads.h"

namespace strata::memory {
namespace {

class EntryTableTest : public testing::Test {
 protected:
  ~EntryTableTest() override {
    while (!model.empty()) erase(model.begin()->first);
  }

  [[nodiscard]] Entry* find(const std::string& key) const {
    return table.find(placement.place(key_hash(key)),
                      [&](const Entry& entry) { return entry.key_text() == key; });
  }
  void insert(const std::string& key) {
    Entry* entry = entry_with_labels(key, {}).release();
    table.insert(entry);
    model.emplace(key, entry);
  }
  void erase(const std::string& key) {
    Entry* entry = model.at(key);
    table.erase(entry);
    model.erase(key);
    limbo.take(entry, entry, 1, 0);
  }
  void replace(const std::string& key) {
    Entry* former = model.at(key);
    Entry* entry = entry_with_labels(key, {}).release();
    table.replace(former, entry);
    model[key] = entry;
    limbo.take(former, former, 1, 0);
  }
  std::multiset<std::string> walked(std::size_t step) const {
    std::multiset<std::string> seen;
    std::optional<std::uint64_t> cursor = 0;
    while (cursor) {
      cursor =
          table.walk(*cursor, step, [&](const Entry* entry) { seen.emplace(entry->key_text()); });
    }
    return seen;
  }
  void check() const {
    table.check_invariants();
    ASSERT_EQ(table.size(), model.size());
    for (const auto& [key, entry] : model) ASSERT_EQ(find(key), entry) << key;
    std::multiset<std::string> keys;
    for (const auto& [key, entry] : model) keys.insert(key);
    ASSERT_EQ(walked(10), keys) << "a walk with nobody beside it sees each once";
  }

  const Placement placement{.seed = 42, .shard_mask = 7};
  Limbo limbo;
  EntryTable table{placement};
  std::map<std::string, Entry*> model;
};

TEST_F(EntryTableTest, DoesWhatAMapDoes) {
  testkit::Random random(1);
  for (const std::size_t keys : {10, 1'000, 20'000}) {
    for (std::size_t i = 0; i < 3 * keys; ++i) {
      const std::string key = "k" + std::to_string(random.below(keys));
      const bool is_there = model.contains(key);
      if (!is_there) {
        insert(key);
      } else if (random.below(2) == 0) {
        replace(key);
      } else {
        erase(key);
      }
    }
    check();
  }
}

TEST_F(EntryTableTest, ItShrinksWithWhatIsInIt) {
  const std::size_t empty = table.footprint_bytes();
  for (int i = 0; i < 30'000; ++i) insert("k" + std::to_string(i));
  EXPECT_GE(table.size() * 2, table.capacity()) << "half of it is used";
  while (model.size() > 100) erase(model.begin()->first);
  check();
  EXPECT_LE(table.footprint_bytes(), 8 * empty);
}

TEST_F(EntryTableTest, KeysOfOneHashAreToldApartAndBounded) {
  std::vector<EntryRef> same;
  std::size_t inserted = 0;
  try {
    for (int i = 0; i < 1'000; ++i) {
      const std::string key = "k" + std::to_string(i);
      EntryRef entry = Entry::make<std::string>(KeyRef{key, 7, {}}, "v");
      table.insert(entry.get());
      same.push_back(entry);
      ++inserted;
    }
  } catch (const std::bad_alloc&) {
    EXPECT_EQ(inserted, EntryTable::kSegmentEntries);
  }
  EXPECT_LT(inserted, 1'000u);
  for (const EntryRef& entry : same) {
    EXPECT_EQ(table.find(placement.place(7),
                         [&](const Entry& one) { return one.key_text() == entry->key_text(); }),
              entry.get());
  }
  table.check_invariants();
  EXPECT_LT(table.footprint_bytes(), 1u << 20);
  for (const EntryRef& entry : same) table.erase(entry.get());
}

TEST_F(EntryTableTest, AWalkSeesWhatIsThereAllTheTimeWhateverComesAndGoes) {
  testkit::Random random(2);
  for (int i = 0; i < 2'000; ++i) insert("stays" + std::to_string(i));
  for (int round = 0; round < 20; ++round) {
    std::set<std::string> seen;
    std::optional<std::uint64_t> cursor = 0;
    while (cursor) {
      cursor =
          table.walk(*cursor, 20, [&](const Entry* entry) { seen.emplace(entry->key_text()); });
      for (int i = 0; i < 200; ++i) {
        const std::string key = "k" + std::to_string(random.below(20'000));
        const bool grows = round % 2 == 0;
        if (grows && !model.contains(key)) insert(key);
        if (!grows && model.contains(key)) erase(key);
      }
    }
    for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(seen.contains("stays" + std::to_string(i)));
  }
  check();
}

TEST_F(EntryTableTest, ReadersBesideTheWriterFindWhatIsThere) {
  constexpr int kStays = 500;
  for (int i = 0; i < kStays; ++i) insert("stays" + std::to_string(i));
  std::atomic<bool> done = false;
  testkit::run_threads(4, [&](std::size_t index) {
    testkit::Random random(index);
    if (index == 0) {
      for (int i = 0; i < 60'000; ++i) {
        const std::string key =
            "k" + std::to_string(random.below(i % 20'000 < 10'000 ? 5'000 : 50));
        if (i % 7 == 0) replace("stays" + std::to_string(random.below(kStays)));
        if (!model.contains(key)) {
          insert(key);
        } else {
          erase(key);
        }
      }
      done = true;
      return;
    }
    while (!done) {
      const std::string key = "stays" + std::to_string(random.below(kStays));
      const EpochGuard guard;
      const Entry* entry = find(key);
      ASSERT_NE(entry, nullptr) << key;
      ASSERT_EQ(entry->key_text(), key);
    }
  });
  check();
}

}  // namespace
}  // namespace strata::memory
