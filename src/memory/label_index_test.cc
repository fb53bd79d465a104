// Tests of LabelIndex: what is indexed, what is doomed, and that nothing stays behind.
#include "memory/label_index.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "memory/test_entries.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::memory {
namespace {

std::set<Entry*> take_all(LabelIndex& index, LabelId label) {
  std::set<Entry*> taken;
  std::array<Entry*, 3> out;
  while (const std::size_t count = index.take_doomed(label, out)) {
    for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(taken.insert(out[i]).second);
  }
  return taken;
}

TEST(LabelIndex, AnEntryIsIndexedUnderEachOfItsLabels) {
  LabelIndex index;
  const EntryRef entry = entry_with_labels("a", {tag("t"), tag("u"), tag("t")});
  const EntryRef plain = entry_with_key("b");
  index.add(*entry);
  index.add(*plain);
  EXPECT_TRUE(index.contains(tag("t").id(), *entry));
  EXPECT_TRUE(index.contains(tag("u").id(), *entry));
  EXPECT_FALSE(index.contains(tag("v").id(), *entry));
  EXPECT_EQ(index.posting_count(), 2u);
  index.remove(*plain);
  index.remove(*entry);
  EXPECT_EQ(index.label_count(), 0u);
}

TEST(LabelIndex, DoomConcernsWhatIsThereAndNothingLater) {
  LabelIndex index;
  const EntryRef before = entry_with_labels("a", {tag("t")});
  const EntryRef after = entry_with_labels("b", {tag("t")});
  index.add(*before);
  index.doom(tag("t").id());
  index.add(*after);
  EXPECT_EQ(take_all(index, tag("t").id()), std::set<Entry*>{before.get()});
  EXPECT_TRUE(index.contains(tag("t").id(), *after));
  EXPECT_FALSE(index.has_doomed(tag("t").id()));
}

TEST(LabelIndex, DoomOfALabelThatNobodyCarriesLeavesNothing) {
  LabelIndex index;
  index.doom(tag("t").id());
  EXPECT_FALSE(index.has_doomed(tag("t").id()));
  EXPECT_EQ(index.label_count(), 0u);
}

TEST(LabelIndex, ALabelMayBeDoomedAgainBeforeItsEntriesAreTaken) {
  LabelIndex index;
  const EntryRef first = entry_with_labels("a", {tag("t")});
  const EntryRef second = entry_with_labels("b", {tag("t")});
  index.add(*first);
  index.doom(tag("t").id());
  index.add(*second);
  index.doom(tag("t").id());
  EXPECT_EQ(take_all(index, tag("t").id()), (std::set<Entry*>{first.get(), second.get()}));
}

TEST(LabelIndex, ADoomedEntryThatLeavesIsNotTaken) {
  LabelIndex index;
  const EntryRef entry = entry_with_labels("a", {tag("t"), tag("u")});
  index.add(*entry);
  index.doom(tag("t").id());
  index.remove(*entry);
  EXPECT_FALSE(index.has_doomed(tag("t").id()));
  EXPECT_EQ(index.posting_count(), 0u);
  EXPECT_EQ(index.label_count(), 0u);
}

// The model: for each label the current entries and the doomed ones.
TEST(LabelIndex, AgreesWithAModel) {
  constexpr std::size_t kEntries = 30;
  constexpr std::size_t kLabels = 6;
  testkit::for_each_seed(80, [](testkit::Random& random) {
    LabelIndex index;
    std::vector<EntryRef> entries;
    std::vector<bool> present(kEntries, false);
    for (std::size_t i = 0; i < kEntries; ++i) {
      Labels labels;
      for (std::size_t l = 0; l < kLabels; ++l) {
        if (random.one_in(3)) labels.push_back(tag(std::to_string(l)));
      }
      entries.push_back(entry_with_labels(std::to_string(i), labels));
    }
    std::map<LabelId, std::set<Entry*>> doomed;
    std::map<LabelId, std::set<Entry*>> current;
    for (int step = 0; step < 400; ++step) {
      const std::size_t i = random.below(kEntries);
      Entry& entry = *entries[i];
      const LabelId label = tag(std::to_string(random.below(kLabels))).id();
      switch (random.below(4)) {
        case 0:
          index.doom(label);
          doomed[label].merge(current[label]);
          break;
        case 1: {
          std::array<Entry*, 2> out;
          const std::size_t count = index.take_doomed(label, out);
          ASSERT_EQ(count, std::min<std::size_t>(2, doomed[label].size()));
          for (std::size_t at = 0; at < count; ++at) ASSERT_EQ(doomed[label].erase(out[at]), 1u);
          break;
        }
        default:
          // Entries come and go; a taken one may leave without being asked for.
          if (present[i]) {
            index.remove(entry);
            for (const Label& one : entry.labels()) {
              doomed[one.id()].erase(&entry);
              current[one.id()].erase(&entry);
            }
          } else {
            index.add(entry);
            for (const Label& one : entry.labels()) current[one.id()].insert(&entry);
          }
          present[i] = !present[i];
      }
      index.check_invariants();
      std::size_t postings = 0;
      for (std::size_t l = 0; l < kLabels; ++l) {
        const LabelId id = tag(std::to_string(l)).id();
        ASSERT_EQ(index.has_doomed(id), !doomed[id].empty());
        postings += doomed[id].size() + current[id].size();
        for (const EntryRef& held : entries) {
          ASSERT_EQ(index.contains(id, *held),
                    doomed[id].contains(held.get()) || current[id].contains(held.get()));
        }
      }
      ASSERT_EQ(index.posting_count(), postings);
    }
  });
}

}  // namespace
}  // namespace strata::memory
