// Tests of exact percentiles.
#include "cli/demo/latencies.h"

#include <gtest/gtest.h>

namespace strata::demo {
namespace {

TEST(Latencies, NothingHasNoPercentiles) {
  const LatencySummary summary = Latencies().summary();
  EXPECT_EQ(summary.count, 0u);
  EXPECT_EQ(summary.p50, Duration(0));
  EXPECT_EQ(summary.max, Duration(0));
}

TEST(Latencies, OneIsAllOfItsPercentiles) {
  Latencies latencies;
  latencies.add(Duration(5));
  const LatencySummary summary = latencies.summary();
  EXPECT_EQ(summary.p50, Duration(5));
  EXPECT_EQ(summary.p99, Duration(5));
  EXPECT_EQ(summary.max, Duration(5));
}

TEST(Latencies, APercentileIsTheSmallestThatSoManyDidNotExceed) {
  Latencies latencies;
  for (int i = 200; i > 100; --i) latencies.add(Duration(i));
  Latencies others;
  for (int i = 1; i <= 100; ++i) others.add(Duration(i));
  latencies.merge(others);
  const LatencySummary summary = latencies.summary();
  EXPECT_EQ(summary.count, 200u);
  EXPECT_EQ(summary.p50, Duration(100));
  EXPECT_EQ(summary.p95, Duration(190));
  EXPECT_EQ(summary.p99, Duration(198));
  EXPECT_EQ(summary.max, Duration(200));
  EXPECT_EQ(summary.sum, Duration(200 * 201 / 2));
}

}  // namespace
}  // namespace strata::demo
