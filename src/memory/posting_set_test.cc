// Tests of PostingSet: against a standard set, and taking it apart while it changes.
#include "memory/posting_set.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "memory/test_entries.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

std::vector<EntryRef> make_entries(std::size_t count) {
  std::vector<EntryRef> entries;
  for (std::size_t i = 0; i < count; ++i) entries.push_back(entry_with_key(std::to_string(i)));
  return entries;
}

std::set<const Entry*> contents(const PostingSet& set) {
  std::set<const Entry*> entries;
  set.for_each([&](const Entry* entry) { EXPECT_TRUE(entries.insert(entry).second); });
  return entries;
}

TEST(PostingSet, HoldsNothingAtFirst) {
  PostingSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.size(), 0u);
  EXPECT_FALSE(set.contains(nullptr));
  EXPECT_FALSE(set.erase(nullptr));
  std::array<Entry*, 2> out;
  std::size_t hand = 0;
  EXPECT_EQ(set.take(hand, out), 0u);
}

TEST(PostingSet, AgreesWithAStandardSet) {
  const std::vector<EntryRef> entries = make_entries(40);
  testkit::for_each_seed(100, [&](testkit::Random& random) {
    PostingSet set;
    std::set<const Entry*> model;
    const std::uint64_t used = random.between(1, entries.size());
    for (int step = 0; step < 300; ++step) {
      Entry* entry = entries[random.below(used)].get();
      if (random.one_in(2)) {
        set.insert(entry);
        model.insert(entry);
      } else {
        ASSERT_EQ(set.erase(entry), model.erase(entry) == 1);
      }
      ASSERT_EQ(set.size(), model.size());
      ASSERT_EQ(set.empty(), model.empty());
      ASSERT_EQ(set.contains(entry), model.contains(entry));
      set.check_invariants();
    }
    ASSERT_EQ(contents(set), model);
  });
}

// Slices of a set while other entries are erased from it, as evictions do.
TEST(PostingSet, TakingGivesEveryEntryThatWasNotErasedOnce) {
  const std::vector<EntryRef> entries = make_entries(500);
  testkit::for_each_seed(50, [&](testkit::Random& random) {
    PostingSet set;
    std::set<const Entry*> left;
    const std::uint64_t used = random.between(1, entries.size());
    for (std::uint64_t i = 0; i < used; ++i) {
      set.insert(entries[i].get());
      left.insert(entries[i].get());
    }
    std::size_t hand = 0;
    while (!set.empty()) {
      std::array<Entry*, 16> out;
      const std::size_t wanted = random.between(1, out.size());
      const std::size_t taken = set.take(hand, {out.data(), wanted});
      ASSERT_EQ(taken, std::min<std::size_t>(wanted, left.size()));
      for (std::size_t i = 0; i < taken; ++i) ASSERT_EQ(left.erase(out[i]), 1u);
      for (std::uint64_t i = random.below(20); i > 0; --i) {
        const Entry* entry = entries[random.below(used)].get();
        ASSERT_EQ(set.erase(entry), left.erase(entry) == 1);
      }
      set.check_invariants();
      ASSERT_EQ(set.size(), left.size());
    }
    ASSERT_TRUE(left.empty());
  });
}

TEST(PostingSet, AWalkVisitsOnceWhatIsThereAllTheTime) {
  const std::vector<EntryRef> entries = make_entries(60);
  testkit::for_each_seed(200, [&](testkit::Random& random) {
    PostingSet set;
    // The first ones stay.
    const std::size_t staying = random.below(20);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i < staying || random.one_in(2)) set.insert(entries[i].get());
    }
    std::multiset<const Entry*> seen;
    std::uint64_t cursor = 0;
    do {
      cursor = set.walk(cursor, random.between(1, 8), [&](Entry* entry) { seen.insert(entry); });
      for (std::uint64_t changes = random.below(30); changes > 0; --changes) {
        Entry* entry = entries[random.between(staying, entries.size() - 1)].get();
        random.one_in(3) ? set.insert(entry) : static_cast<void>(set.erase(entry));
      }
      set.check_invariants();
    } while (cursor != 0);
    for (std::size_t i = 0; i < staying; ++i) ASSERT_EQ(seen.count(entries[i].get()), 1u) << i;
  });
}

}  // namespace
}  // namespace strata::memory
