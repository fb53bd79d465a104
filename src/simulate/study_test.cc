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

TEST(Study, BytesNeedSizes) {
  const testkit::TempDir folder;
  std::ofstream(folder.file("t")) << "a\n";
  const auto rows = study({.traces = {folder.file("t")},
                           .policies = *parse_policies("lru"),
                           .sizes = *parse_sizes("1"),
                           .size_is_bytes = true});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kRejected);
}

}  // namespace
}  // namespace strata::simulate
