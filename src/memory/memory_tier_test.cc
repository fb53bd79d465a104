// Tests of what is particular to the memory tier; tests/contract has what every hot tier does.
#include "strata/memory/memory_tier.h"

#include <gtest/gtest.h>

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "memory/charge.h"
#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

class MemoryTierTest : public testing::Test {
 protected:
  // One shard, unless the test is about more: then what it expects does not depend on hashes.
  void start(MemoryOptions options) {
    if (options.shards == 0) options.shards = 1;
    tier = std::make_unique<MemoryTier>(options, clock, /*seed=*/7);
  }
  FillOutcome fill(EntryRef entry) { return tier->fill(std::move(entry), tier->position()); }
  FillOutcome fill(const std::string& key, const LabelGroup* group = nullptr, Labels labels = {}) {
    EntryRef entry = entry_with_labels(key, std::move(labels));
    entry->set_group(group);
    return fill(std::move(entry));
  }
  bool has(const std::string& key) {
    return static_cast<bool>(tier->get({key, key_hash(key), {}}));
  }
  void TearDown() override { tier->check_invariants(); }

  const LabelGroup users{{keyspace("user")}};
  const LabelGroup orders{{keyspace("order")}};
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<MemoryTier> tier;
};

TEST_F(MemoryTierTest, ATierThatIsNotEnabledIsOffUntilItIsResized) {
  start({.enabled = false});
  EXPECT_EQ(tier->stats().state, TierState::kOff);
  EXPECT_EQ(fill("a"), FillOutcome::kDeclined);
  tier->resize(0, 1 << 20);
  EXPECT_EQ(fill("a"), FillOutcome::kStored);
}

TEST_F(MemoryTierTest, AnInvalidatedGroupsEntriesAreReclaimedByLaterWrites) {
  constexpr std::size_t kEntries = 2'000;
  start({});
  for (std::size_t i = 0; i < kEntries; ++i) fill("u" + std::to_string(i), &users);
  tier->invalidate({{keyspace("user")}});
  EXPECT_EQ(tier->stats().entries, 0u);
  EXPECT_EQ(tier->sizes().dead, kEntries);
  EXPECT_GT(tier->stats().bytes, kEntries * sizeof(Entry)) << "documented";

  std::size_t writes = 0;
  for (; tier->sizes().dead > 0; ++writes) {
    ASSERT_LT(writes, kEntries);
    fill("o" + std::to_string(writes % 10), &orders);
  }
  EXPECT_GT(writes, kEntries / 100) << "each write does a bounded part";
  EXPECT_EQ(tier->sizes().residents, 10u);
}

TEST_F(MemoryTierTest, ADeadEntryIsReclaimedWhenItIsLookedUp) {
  start({});
  fill("a", &users);
  fill("b", &users);
  tier->invalidate({{keyspace("user")}});
  EXPECT_FALSE(has("a"));
  EXPECT_EQ(tier->sizes().dead, 1u);
  std::vector<EntryRef> found(1);
  tier->get_many(std::vector<KeyRef>{{"b", key_hash("b"), {}}}, found);
  EXPECT_EQ(tier->sizes().residents, 0u);
}

TEST_F(MemoryTierTest, InASmallTierDeadEntriesGoBeforeLiveOnes) {
  start({.max_entries = 3});
  fill("live1", &orders);
  fill("dead", &users);
  fill("live2", &orders);
  tier->invalidate({{keyspace("user")}});
  fill("new", &orders);
  EXPECT_TRUE(has("live1"));
  EXPECT_TRUE(has("live2"));
  EXPECT_TRUE(has("new"));
}

TEST_F(MemoryTierTest, AnExpiredEntryThatMakesRoomIsExpiredNotEvicted) {
  start({.max_entries = 2});
  const Instant soon = saturating_add(clock->now(), std::chrono::seconds(1));
  EntryRef entry = entry_with_key("expired");
  entry->set_times(soon, soon);
  fill(std::move(entry));
  fill("a");
  clock->advance(std::chrono::seconds(1));
  fill("b");
  EXPECT_EQ(tier->stats().removed(RemovalCause::kExpired), 1u);
  EXPECT_EQ(tier->stats().removed(RemovalCause::kEvicted), 0u);
}

// It is not over long enough to have left by itself, and is the one that makes room.
TEST_F(MemoryTierTest, AnEntryThatHasJustExpiredMayBeReplacedByALargerOne) {
  for (const std::uint64_t max_entries : {0, 1, 2}) {
    SCOPED_TRACE(max_entries);
    start({.max_entries = max_entries, .max_bytes = 2'200});
    for (const char* key : {"a", "b"}) {
      EntryRef entry = Entry::make<std::string>({key, key_hash(key), {}}, std::string(100, 'x'));
      const Instant soon = saturating_add(clock->now(), std::chrono::milliseconds(1));
      entry->set_times(soon, soon);
      fill(std::move(entry));
    }
    clock->advance(std::chrono::milliseconds(1));
    fill(Entry::make<std::string>({"b", key_hash("b"), {}}, std::string(1'800, 'x')));
    EXPECT_TRUE(has("b"));
    tier->check_invariants();
  }
}

TEST_F(MemoryTierTest, AReplacedEntryIsStillTheOneThatWasUsed) {
  start({.max_entries = 10});
  fill("used");
  EXPECT_TRUE(has("used"));
  EXPECT_TRUE(has("used"));
  fill("used");
  for (int i = 0; i < 15; ++i) fill("other" + std::to_string(i));
  EXPECT_TRUE(has("used"));
}

TEST_F(MemoryTierTest, WritesSweepExpiredEntriesToo) {
  constexpr std::size_t kEntries = 1'000;
  start({});
  const Instant soon = saturating_add(clock->now(), std::chrono::seconds(1));
  for (std::size_t i = 0; i < kEntries; ++i) {
    EntryRef entry = entry_with_key("e" + std::to_string(i));
    entry->set_times(soon, soon);
    fill(std::move(entry));
  }
  clock->advance(std::chrono::seconds(2));
  for (std::size_t i = 0; i < 2 * kEntries; ++i) fill("other");
  EXPECT_EQ(tier->stats().removed(RemovalCause::kExpired), kEntries);
}

// Keys whose hashes are equal stand in one row, longer than what one slice can remove.
TEST_F(MemoryTierTest, EntriesThatCrowdOnePlaceAreAllFoundAndRemoved) {
  constexpr std::size_t kEntries = EntryTable::kSegmentEntries;
  constexpr std::uint64_t kHash = 42;
  start({});
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::string key = std::to_string(i);
    fill(Entry::make<std::string>({key, kHash, {}}, key));
  }
  EntryRef more = Entry::make<std::string>({"one more", kHash, {}}, "one more");
  more->set_group(&users);
  EXPECT_EQ(tier->fill(std::move(more), tier->position()), FillOutcome::kDeclined);
  for (std::size_t i = 0; i < kEntries; i += 10) {
    const std::string key = std::to_string(i);
    const EntryRef entry = tier->get({key, kHash, {}});
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->value<std::string>(), key);
  }
  EXPECT_EQ(*tier->invalidate({{everything()}}).removed, kEntries);
  EXPECT_EQ(tier->sizes().residents, 0u);
}

TEST_F(MemoryTierTest, BytesAreTheSumOfTheChargesOfWhatIsThere) {
  start({});
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    Labels labels;
    for (std::size_t l = 0; l < i % 4; ++l) labels.push_back(tag("t" + std::to_string(l)));
    EntryRef entry = entry_with_labels("k" + std::to_string(i), std::move(labels));
    EXPECT_GT(charge_bytes(*entry), entry->footprint_bytes());
    if (i % 3 != 0) expected += charge_bytes(*entry);
    fill(std::move(entry));
  }
  for (std::size_t i = 0; i < 100; i += 3) {
    const std::string key = "k" + std::to_string(i);
    tier->put({key, key_hash(key), {}}, EntryRef(), tier->position(), RemovalCause::kErased);
  }
  // The three labels are there once, whoever brought them.
  for (const char* label : {"t0", "t1", "t2"}) expected += label_charge_bytes(tag(label));
  EXPECT_EQ(tier->stats().bytes, expected);
  tier->invalidate(Labels{tag("t1"), tag("t2")});
  std::vector<EntryRef> left;
  for (std::uint64_t cursor = 0; (cursor = tier->scan(cursor, left)) != 0;) {
  }
  expected = label_charge_bytes(tag("t0"));
  for (const EntryRef& entry : left) expected += charge_bytes(*entry);
  EXPECT_EQ(tier->stats().bytes, expected);
}

// The bound holds for the labels too, also when the entry that is replaced is alone.
TEST_F(MemoryTierTest, AnEntryWithLabelsTakesThePlaceOfOneThatFillsTheTier) {
  start({.max_bytes = 100'000});
  const auto large = [](char fill, const char* label) {
    EntryRef entry = Entry::make<std::string>({"k", key_hash("k"), {}}, std::string(90'000, fill));
    entry->set_labels(Labels{tag(std::string(100, *label))});
    return entry;
  };
  EXPECT_EQ(fill(large('a', "x")), FillOutcome::kStored);
  EXPECT_EQ(fill(large('b', "y")), FillOutcome::kStored);
  EXPECT_EQ(tier->get({"k", key_hash("k"), {}})->value<std::string>()[0], 'b');
  EXPECT_LE(tier->stats().bytes, 100'000u);
  tier->check_invariants();
}

// What finds, indexes and remembers entries follows how many there are, not how many there were.
TEST_F(MemoryTierTest, SideTablesAreProportionalToLiveEntriesAfterChurn) {
  constexpr std::size_t kChurn = 60'000;
  constexpr std::size_t kLeft = 500;
  start({});
  std::vector<std::unique_ptr<LabelGroup>> tenants;
  for (std::size_t i = 0; i < 2'000; ++i) {
    tenants.push_back(std::make_unique<LabelGroup>(
        Labels{keyspace("user"), Label(LabelKind::kTenant, std::to_string(i))}));
  }
  for (std::size_t i = 0; i < kChurn; ++i) {
    const std::string number = std::to_string(i);
    fill("k" + number, tenants[i % tenants.size()].get(), {tag("own" + number), tag("shared")});
  }
  EXPECT_EQ(tier->sizes().labels, kChurn + 1);
  EXPECT_EQ(tier->sizes().cells, tenants.size());

  tier->resize(kLeft, 64 << 20);
  tier->remove_due(SIZE_MAX);
  for (std::size_t i = 0; i < 20; ++i) fill("k" + std::to_string(i));
  StructureSizes sizes = tier->sizes();
  EXPECT_EQ(sizes.residents, kLeft);
  EXPECT_LE(sizes.table_slots, 64 * 8 + 8 * kLeft);
  EXPECT_LE(sizes.labels, kLeft + 1);
  EXPECT_LE(sizes.label_slots, 64 * 8 + 8 * (kLeft + 1));
  EXPECT_LE(sizes.postings, 2 * kLeft);
  EXPECT_LE(sizes.cells, 2 * kLeft + GroupCells::kIdleCells);
  EXPECT_LE(sizes.ghost_bytes, 48 * kLeft);

  tier->invalidate({{tag("shared")}});
  tier->invalidate({{everything()}});
  sizes = tier->sizes();
  EXPECT_EQ(sizes.residents, 0u);
  EXPECT_EQ(sizes.labels, 0u);
  EXPECT_EQ(sizes.postings, 0u);
  EXPECT_LE(sizes.cells, GroupCells::kIdleCells + 1);
}

// The policy as the paper writes it down, over keys, with a ghost that forgets nothing early.
class PlainS3Fifo {
 public:
  explicit PlainS3Fifo(std::size_t size) : size_(size), small_size_(size / 10) {}

  // Returns whether it was a hit.
  bool access(std::uint64_t key) {
    const auto found = frequency_.find(key);
    if (found != frequency_.end()) {
      found->second = std::min(found->second + 1, 3);
      return true;
    }
    while (small_.size() + main_.size() >= size_) {
      if (small_.size() >= small_size_) {
        evict_small();
      } else {
        evict_main();
      }
    }
    (ghost_set_.contains(key) ? main_ : small_).push_front(key);
    frequency_[key] = 0;
    return false;
  }

 private:
  void evict_small() {
    while (!small_.empty()) {
      const std::uint64_t key = small_.back();
      small_.pop_back();
      if (frequency_[key] > 1) {
        frequency_[key] = 0;
        main_.push_front(key);
        if (main_.size() > size_ - small_size_) return evict_main();
        continue;
      }
      frequency_.erase(key);
      remember(key);
      return;
    }
  }
  void evict_main() {
    while (!main_.empty()) {
      const std::uint64_t key = main_.back();
      main_.pop_back();
      if (frequency_[key] > 0) {
        --frequency_[key];
        main_.push_front(key);
        continue;
      }
      frequency_.erase(key);
      return;
    }
  }
  void remember(std::uint64_t key) {
    ghost_.push_front(key);
    ghost_set_.insert(key);
    if (ghost_.size() <= size_ - small_size_) return;
    ghost_set_.erase(ghost_.back());
    ghost_.pop_back();
  }

  const std::size_t size_;
  const std::size_t small_size_;
  std::list<std::uint64_t> small_;
  std::list<std::uint64_t> main_;
  std::list<std::uint64_t> ghost_;
  std::unordered_multiset<std::uint64_t> ghost_set_;
  std::unordered_map<std::uint64_t, int> frequency_;
};

// Skewed use of many keys, interrupted by scans of keys that never come back.
std::vector<std::uint64_t> skewed_trace(std::size_t length, std::size_t keys) {
  testkit::Random random(11);
  std::vector<double> sums{0};
  for (std::size_t i = 1; i <= keys; ++i) {
    sums.push_back(sums.back() + 1.0 / static_cast<double>(i));
  }
  std::vector<std::uint64_t> trace;
  std::uint64_t scanned = 1'000'000;
  while (trace.size() < length) {
    const double at = static_cast<double>(random.next() >> 11) * 0x1p-53 * sums.back();
    const auto found = std::upper_bound(sums.begin(), sums.end(), at);
    trace.push_back(static_cast<std::uint64_t>(found - sums.begin()));
    if (!random.one_in(4'000)) continue;
    for (int i = 0; i < 1'000; ++i) trace.push_back(scanned++);
  }
  return trace;
}

TEST_F(MemoryTierTest, HitsAsOftenAsThePolicyOfThePaper) {
  const std::vector<std::uint64_t> trace = skewed_trace(200'000, 20'000);
  for (const std::size_t size : {100, 1'000, 5'000}) {
    // Whether the bound was given at the start or later makes no difference.
    const bool later = size == 1'000;
    start({.max_entries = later ? 0 : size, .policy = EvictionPolicy::kS3Fifo});
    if (later) tier->resize(size, 256 << 20);
    PlainS3Fifo plain(size);
    std::size_t hits = 0;
    std::size_t plain_hits = 0;
    for (const std::uint64_t number : trace) {
      plain_hits += plain.access(number) ? 1 : 0;
      const std::string key = std::to_string(number);
      if (has(key)) {
        ++hits;
      } else {
        fill(key);
      }
    }
    const double length = static_cast<double>(trace.size());
    EXPECT_NEAR(static_cast<double>(hits) / length, static_cast<double>(plain_hits) / length, 0.005)
        << "with " << size << " entries";
    EXPECT_GT(plain_hits, trace.size() / 5);
  }
}

}  // namespace
}  // namespace strata::memory
