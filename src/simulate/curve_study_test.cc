// The curve over whole traces: near what whole caches hit.
#include "simulate/curve_study.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "simulate/test_traces.h"
#include "testkit/temp_dir.h"

namespace strata::simulate {
namespace {

class CurveStudyTest : public testing::Test {
 protected:
  std::string file(const Trace& trace) {
    const std::string path = folder_.file(trace.name + ".txt");
    std::ofstream stream(path);
    for (std::size_t i = 0; i < trace.requests.size(); ++i) {
      stream << trace.requests[i];
      if (!trace.sizes.empty()) stream << ' ' << trace.sizes[i];
      stream << '\n';
    }
    return path;
  }
  std::vector<CurveRow> study(const Trace& trace, const std::string& policies,
                              const std::string& sizes) {
    auto rows = study_curves({.traces = {file(trace)},
                              .policies = *parse_policies(policies),
                              .sizes = *parse_sizes(sizes),
                              .size_is_bytes = !trace.sizes.empty()});
    return rows.value();
  }
  testkit::TempDir folder_;
};

TEST_F(CurveStudyTest, OfPopularKeysAndScansIsWithinTwoPoints) {
  TraceMaker maker;
  for (std::uint64_t scan = 0; scan < 15; ++scan) {
    maker.zipf(0, 40'000, 20'000).loop(1'000'000 + scan * 10'000, 3'000, 1);
  }
  const std::vector<CurveRow> rows =
      study(maker.take("scans"), "adaptive,horizon", "100,1000,4000");
  ASSERT_EQ(rows.size(), 2 * 3 * 6u);
  for (const CurveRow& row : rows) {
    EXPECT_NEAR(row.estimated, row.exact, 0.02) << row.policy << row.size << " x" << row.times;
    EXPECT_EQ(row.requests, 345'000u);
    if (row.times != 1) continue;
    EXPECT_NEAR(row.estimated, row.exact, 0.002) << "it is that cache's";
  }
}

// Miniatures do not know that light entries stay longer than heavy ones.
TEST_F(CurveStudyTest, OfEntriesThatDifferInSizeIsWithinSixPoints) {
  Trace trace = TraceMaker().zipf(0, 30'000, 300'000).take("sized");
  std::uint64_t all_bytes = 0;
  std::vector<std::uint32_t> size_of(trace.keys());
  for (KeyNumber key = 0; key < trace.keys(); ++key) {
    const std::uint64_t hash = trace.hashes[key];
    size_of[key] = static_cast<std::uint32_t>(100 + hash % (hash % 16 == 0 ? 20'000 : 1'000));
    all_bytes += size_of[key];
  }
  for (const KeyNumber key : trace.requests) trace.sizes.push_back(size_of[key]);
  for (const CurveRow& row : study(trace, "adaptive", std::to_string(all_bytes / 50))) {
    EXPECT_NEAR(row.estimated, row.exact, 0.06) << row.size << " x" << row.times;
    EXPECT_LT(row.sampled, row.requests);
  }
}

// A loop is all or nothing: none of it hits where it does not fit and nothing is kept of it.
TEST_F(CurveStudyTest, OfALoopShowsWhereItFits) {
  const Trace trace = TraceMaker().loop(0, 1'500, 100).take("loop");
  for (const CurveRow& row : study(trace, "adaptive", "500")) {
    EXPECT_NEAR(row.estimated, row.exact, 0.03) << " x" << row.times;
  }
}

TEST_F(CurveStudyTest, OtherPoliciesHaveNone) {
  const Trace trace = TraceMaker().loop(0, 5, 2).take("loop");
  for (const char* name : {"lru", "belady"}) {
    const auto rows = study_curves(
        {.traces = {file(trace)}, .policies = *parse_policies(name), .sizes = *parse_sizes("2")});
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, ErrorCode::kRejected);
    EXPECT_NE(rows.error().message.find(name), std::string::npos);
  }
}

}  // namespace
}  // namespace strata::simulate
