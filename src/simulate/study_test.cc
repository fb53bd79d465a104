// Tests of studies: names, order, and errors.
#include "simulate/study.h"

#include <gtest/gtest.h>

#include <fstream>

#include "testkit/temp_dir.h"

namespace strata::simulate {
namespace {

TEST(Study, RowsAreInTheOrderOfTheOptions) {
  const testkit::TempDir folder;
  for (const char* name : {"a.txt", "b.trace"}) {
    std::ofstream file(folder.file(name));
    for (int i = 0; i < 300; ++i) file << i % 30 << '\n';
  }
  const auto rows = study({.traces = {folder.file("a.txt"), folder.file("b.trace")},
                           .policies = *parse_policies("belady,lru,belady"),
                           .sizes = *parse_sizes("50%,3")});
  ASSERT_TRUE(rows) << rows.error().message;
  std::string text;
  for (const StudyRow& row : *rows) {
    text += row.trace + " " + row.policy + " " + std::to_string(row.size) + " " +
            std::to_string(row.result.hits) + "/" + std::to_string(row.result.requests) + "\n";
  }
  EXPECT_EQ(text,
            "a belady 3 20/300\na belady 15 135/300\na lru 3 0/300\na lru 15 0/300\n"
            "b.trace belady 3 20/300\nb.trace belady 15 135/300\nb.trace lru 3 0/300\n"
            "b.trace lru 15 0/300\n");
}

TEST(Study, AnUnknownPolicyIsRejectedWithThoseThatThereAre) {
  const auto policies = parse_policies("lru,arc");
  ASSERT_FALSE(policies);
  EXPECT_EQ(policies.error().message,
            "there is no policy \"arc\"; there are lru, lfu, s3fifo, wtinylfu, lirs, horizon, "
            "adaptive, and belady");
}

TEST(Study, BytesNeedSizesAndCostNeedsCosts) {
  const testkit::TempDir folder;
  std::ofstream(folder.file("t")) << "a,10\n";
  const auto problem = [&](bool by_bytes, EvictionAim aim, Separator separator) {
    const auto rows = study({.traces = {folder.file("t")},
                             .policies = *parse_policies("adaptive"),
                             .sizes = *parse_sizes("1"),
                             .size_is_bytes = by_bytes,
                             .aim = aim,
                             .separator = separator});
    if (rows) return std::string();
    EXPECT_EQ(rows.error().code, ErrorCode::kRejected);
    return rows.error().message.substr(folder.file("t").size());
  };
  const std::string hint = " (if commas separate its fields, give --fields comma)";
  EXPECT_EQ(problem(true, EvictionAim::kRequests, Separator::kBlanks),
            " has no sizes, so that caches cannot be bounded by bytes" + hint);
  EXPECT_EQ(problem(false, EvictionAim::kBytes, Separator::kBlanks),
            " has no sizes, so that no policy can aim at bytes" + hint);
  EXPECT_EQ(problem(true, EvictionAim::kBytes, Separator::kComma), "");
  EXPECT_EQ(problem(false, EvictionAim::kCost, Separator::kComma),
            " has no costs, so that no policy can aim at cost");
}

// Of 10 keys of 100 bytes, 5 fit into 500 bytes; with 150 bytes beside each, 2 do.
TEST(Study, AnOverheadIsPartOfWhatEntriesTake) {
  const testkit::TempDir folder;
  {
    std::ofstream file(folder.file("t"));
    for (int round = 0; round < 20; ++round) {
      for (int key = 0; key < 10; ++key) file << key << " 100\n";
    }
  }
  const auto with = [&](std::uint32_t overhead, const std::string& sizes) {
    return study({.traces = {folder.file("t")},
                  .policies = *parse_policies("belady,adaptive,lru"),
                  .sizes = *parse_sizes(sizes, true),
                  .size_is_bytes = true,
                  .entry_overhead = overhead})
        .value();
  };
  const auto without = with(0, "500");
  const auto with_it = with(150, "1250");
  const auto fewer = with(150, "500");
  const auto whole = with(150, "100%");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(with_it[i].result.hits, without[i].result.hits) << without[i].policy;
    EXPECT_EQ(with_it[i].result.bytes, 20'000u) << "of requests, not of entries";
    EXPECT_EQ(whole[i].size, 2'500u);
    EXPECT_EQ(whole[i].result.hits, 190u) << "all fit";
  }
  EXPECT_LT(fewer[0].result.hits, without[0].result.hits);
}

}  // namespace
}  // namespace strata::simulate
