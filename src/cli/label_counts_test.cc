#include "cli/label_counts.h"

#include <gtest/gtest.h>

#include <string>

#include "testkit/seeds.h"

namespace strata::cli {
namespace {

Record record(Labels group, Labels labels, std::size_t bytes) {
  Record record;
  record.group = std::move(group);
  record.labels = std::move(labels);
  record.payload = std::string(bytes, 'x');
  return record;
}

std::vector<std::string> texts(const LabelCounts& counts, std::size_t most) {
  std::vector<std::string> texts;
  for (const LabelCount& one : counts.largest(most)) {
    texts.push_back(format_label(one.label) + " " + std::to_string(one.entries) + " " +
                    std::to_string(one.bytes));
  }
  return texts;
}

TEST(LabelCounts, TellsEntriesAndBytesTheLargestFirst) {
  LabelCounts counts;
  counts.add(record({keyspace("user")}, {tag("org:7")}, 10));
  counts.add(record({keyspace("user")}, {tag("org:7"), tag("admin")}, 5));
  counts.add(record({keyspace("page")}, {}, 5));
  EXPECT_EQ(texts(counts, 10), (std::vector<std::string>{"tag:org:7 2 15", "keyspace:user 2 15",
                                                         "tag:admin 1 5", "keyspace:page 1 5"}));
  EXPECT_EQ(texts(counts, 1), (std::vector<std::string>{"tag:org:7 2 15"}));
  EXPECT_EQ(texts(counts, 0), std::vector<std::string>());
  EXPECT_EQ(counts.labels(), 4u);
  EXPECT_EQ(counts.uncounted(), 0u);
}

TEST(LabelCounts, CountsARecordOnceForALabelThatItsGroupHasToo) {
  LabelCounts counts;
  counts.add(record({keyspace("user")}, {keyspace("user"), tag("a")}, 3));
  EXPECT_EQ(texts(counts, 10), (std::vector<std::string>{"tag:a 1 3", "keyspace:user 1 3"}));
}

TEST(LabelCounts, LooksAtOneKindOnly) {
  LabelCounts counts(LabelKind::kTag, 1);
  counts.add(record({keyspace("user")}, {tag("a"), source("hr")}, 3));
  EXPECT_EQ(texts(counts, 10), (std::vector<std::string>{"tag:a 1 3"}));
  EXPECT_EQ(counts.uncounted(), 0u) << "what is of another kind takes no room";
}

TEST(LabelCounts, CountsExactlyUpToItsLimit) {
  LabelCounts counts;
  std::size_t next = 0;
  while (next < limits::kCountedLabels) {
    Labels labels;
    for (int i = 0; i < 100; ++i) labels.push_back(tag(std::to_string(next++)));
    counts.add(record({}, std::move(labels), 1));
  }
  EXPECT_EQ(counts.labels(), limits::kCountedLabels);
  EXPECT_EQ(counts.uncounted(), 0u);
  counts.add(record({}, {tag("0"), tag("one more")}, 1));
  counts.add(record({}, {tag("one more")}, 1));
  EXPECT_EQ(counts.labels(), limits::kCountedLabels);
  EXPECT_EQ(counts.uncounted(), 2u);
  EXPECT_EQ(texts(counts, 1), (std::vector<std::string>{"tag:0 2 2"})) << "known ones count on";
}

// Against a plain sum over all pairs.
TEST(LabelCounts, AgreesWithASum) {
  testkit::for_each_seed(30, [](testkit::Random& random) {
    LabelCounts counts;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    for (std::uint64_t i = random.below(50); i > 0; --i) {
      Labels labels;
      for (std::uint64_t name = 0; name < 5; ++name) {
        if (random.one_in(2)) labels.push_back(tag(std::to_string(name)));
      }
      const std::size_t size = random.below(100);
      entries += labels.size();
      bytes += labels.size() * size;
      counts.add(record({}, std::move(labels), size));
    }
    const std::vector<LabelCount> all = counts.largest(100);
    for (std::size_t i = 0; i < all.size(); ++i) {
      entries -= all[i].entries;
      bytes -= all[i].bytes;
      EXPECT_TRUE(i == 0 || all[i].bytes <= all[i - 1].bytes);
    }
    EXPECT_EQ(entries, 0u);
    EXPECT_EQ(bytes, 0u);
  });
}

}  // namespace
}  // namespace strata::cli
