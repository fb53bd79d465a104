// Tests of S3Fifo: who leaves and who stays, and that a choice is bounded work.
#include "memory/s3_fifo.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "memory/group_cells.h"
#include "memory/test_entries.h"

namespace strata::memory {
namespace {

class S3FifoTest : public testing::Test {
 protected:
  static constexpr Instant kNow{std::chrono::seconds(100)};

  Entry& insert(const std::string& key) {
    EntryRef& held = entries[key];
    held = entry_with_key(key);
    cells.enter(*held, Ticket{1});
    held->residence.charge_bytes = 100;
    policy.insert(*held);
    return *held;
  }
  static void use(Entry& entry, int times) {
    for (int i = 0; i < times; ++i) S3Fifo::count_use(entry);
  }
  std::string victim(const Entry* spared = nullptr) {
    const Entry* entry = policy.victim(spared, kNow);
    return entry == nullptr ? "-" : std::string(entry->key_text());
  }
  std::string evict() {
    Entry* entry = policy.victim(nullptr, kNow);
    policy.evict(*entry);
    return std::string(entry->key_text());
  }

  GroupCells cells;
  S3Fifo policy;
  std::map<std::string, EntryRef> entries;
};

TEST_F(S3FifoTest, WithoutUseTheOldestLeaves) {
  policy.set_bounds(10, 0);
  for (const char* key : {"a", "b", "c"}) insert(key);
  EXPECT_EQ(evict(), "a");
  EXPECT_EQ(evict(), "b");
  EXPECT_EQ(policy.entries(), 1u);
  EXPECT_EQ(policy.bytes(), 100u);
  policy.check_invariants();
}

TEST_F(S3FifoTest, OneUseIsNotEnoughToStayButTwoAre) {
  policy.set_bounds(10, 0);
  use(insert("once"), 1);
  use(insert("twice"), 2);
  insert("never");
  EXPECT_EQ(evict(), "once");
  EXPECT_EQ(evict(), "never") << "the other one moved to the main queue";
  EXPECT_EQ(evict(), "twice");
}

TEST_F(S3FifoTest, WhoComesBackSoonEntersTheMainQueue) {
  policy.set_bounds(10, 0);
  for (const char* key : {"a", "b", "c", "d"}) insert(key);
  EXPECT_EQ(evict(), "a");
  insert("a");
  EXPECT_EQ(evict(), "b");
  EXPECT_EQ(evict(), "c");
  EXPECT_EQ(evict(), "d");
  EXPECT_EQ(evict(), "a");
}

TEST_F(S3FifoTest, EntriesThatAreUsedGoAroundTheMainQueue) {
  policy.set_bounds(10, 0);
  for (const char* key : {"a", "b", "c"}) use(insert(key), 2);
  insert("x");
  EXPECT_EQ(evict(), "x") << "the others moved to the main queue";
  use(*entries["a"], 1);
  use(*entries["b"], 1);
  EXPECT_EQ(evict(), "c");
  EXPECT_EQ(entries["a"]->residence.frequency.load(), 0) << "a round costs a use";
  EXPECT_EQ(evict(), "a");
}

// The small queue holds a tenth: as long as it is not full, the main queue's tail leaves.
TEST_F(S3FifoTest, TheMainQueueGivesWayWhileTheSmallOneIsNotFull) {
  policy.set_bounds(30, 0);
  for (int i = 0; i < 10; ++i) use(insert("used" + std::to_string(i)), 2);
  for (int i = 0; i < 3; ++i) insert("new" + std::to_string(i));
  EXPECT_EQ(evict(), "new0");
  EXPECT_EQ(policy.entries(), 12u);
  use(*entries["used0"], 1);
  EXPECT_EQ(evict(), "used1") << "used0 was used since it moved";
  EXPECT_EQ(evict(), "used2");
}

TEST_F(S3FifoTest, TheSparedEntryIsNeverChosen) {
  policy.set_bounds(2, 0);
  const Entry& only = insert("only");
  EXPECT_EQ(victim(&only), "-");
  insert("other");
  EXPECT_EQ(victim(&only), "other");
  use(*entries["other"], 3);
  EXPECT_EQ(victim(&only), "other") << "however much the others are used";
}

TEST_F(S3FifoTest, WhatIsNotServableLeavesWhenItIsMetHoweverMuchItWasUsed) {
  policy.set_bounds(10, 0);
  const LabelGroup group{{keyspace("x")}};
  for (const char* key : {"expired", "dead"}) use(insert(key), 3);
  insert("new");
  entries["expired"]->set_times(kNow, kNow);
  policy.remove(*entries["dead"]);
  cells.leave(*entries["dead"]);
  entries["dead"]->set_group(&group);
  cells.enter(*entries["dead"], Ticket{1});
  policy.insert(*entries["dead"]);
  use(*entries["dead"], 3);
  cells.raise(keyspace("x").id(), Ticket{2});
  EXPECT_EQ(evict(), "expired");
  EXPECT_EQ(evict(), "new");
  EXPECT_EQ(evict(), "dead");
}

TEST_F(S3FifoTest, AReplacementKeepsThePlaceAndTheUse) {
  policy.set_bounds(10, 0);
  for (const char* key : {"a", "b", "c"}) insert(key);
  use(*entries["b"], 2);
  for (const char* key : {"a", "b", "c"}) {
    const EntryRef former = std::exchange(entries[key], entry_with_key(key));
    cells.enter(*entries[key], Ticket{1});
    entries[key]->residence.charge_bytes = 250;
    policy.replace(*former, *entries[key]);
    policy.check_invariants();
  }
  EXPECT_EQ(policy.entries(), 3u);
  EXPECT_EQ(policy.bytes(), 750u);
  EXPECT_EQ(evict(), "a");
  EXPECT_EQ(evict(), "c");
  EXPECT_EQ(evict(), "b");
}

// Work per choice: each second chance uses up a counted read, and there is an end to them.
TEST_F(S3FifoTest, AChoiceLooksAtABoundedNumberOfEntries) {
  constexpr std::size_t kEntries = 5'000;
  policy.set_bounds(kEntries, 0);
  for (std::size_t i = 0; i < kEntries; ++i) use(insert(std::to_string(i)), 3);
  const auto uses = [&] {
    std::size_t total = 0;
    for (const auto& [key, entry] : entries) total += entry->residence.frequency.load();
    return total;
  };
  const std::size_t before = uses();
  static_cast<void>(victim());
  EXPECT_LE(before - uses(), 3 * S3Fifo::kSecondChances);
  EXPECT_GE(before - uses(), S3Fifo::kSecondChances);
  policy.check_invariants();
}

TEST_F(S3FifoTest, BytesBoundTheSmallQueueToo) {
  policy.set_bounds(0, 3'000);
  for (int i = 0; i < 10; ++i) use(insert("used" + std::to_string(i)), 2);
  for (int i = 0; i < 3; ++i) insert("new" + std::to_string(i));
  EXPECT_EQ(evict(), "new0");
  EXPECT_EQ(evict(), "used0") << "200 of 3000 bytes are less than a tenth";
}

}  // namespace
}  // namespace strata::memory
