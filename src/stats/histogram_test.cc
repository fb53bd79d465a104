// Tests of histograms, compared with sorted samples.
#include "strata/stats/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "testkit/seeds.h"
#include "testkit/threads.h"

namespace strata {
namespace {

// Half of a bucket's width, as a part of its value, and half a nanosecond for rounding.
constexpr double kRelativeError = 1.0 / 64;

Duration exact_percentile(const std::vector<std::int64_t>& sorted, double percent) {
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
  return Duration(sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]);
}

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  const HistogramSnapshot all = histogram.snapshot();
  EXPECT_EQ(all.count(), 0u);
  EXPECT_EQ(all.percentile(50), Duration{0});
  EXPECT_EQ(all.max(), Duration{0});
  EXPECT_EQ(all.mean(), Duration{0});
}

TEST(Histogram, SmallDurationsAreExact) {
  Histogram histogram;
  for (int ns = 0; ns < 64; ++ns) histogram.record(Duration(ns));
  const HistogramSnapshot all = histogram.snapshot();
  EXPECT_EQ(all.count(), 64u);
  for (int ns = 0; ns < 64; ++ns) {
    EXPECT_EQ(all.percentile((ns + 1) / 0.64), Duration(ns));
  }
}

TEST(Histogram, ANegativeDurationCountsAsZero) {
  Histogram histogram;
  histogram.record(Duration(-5));
  EXPECT_EQ(histogram.snapshot().count(), 1u);
  EXPECT_EQ(histogram.snapshot().max(), Duration{0});
  EXPECT_EQ(histogram.snapshot().sum(), Duration{0});
}

TEST(Histogram, TheLongestIsKeptExactlyHoweverLong) {
  Histogram histogram;
  histogram.record(std::chrono::hours(100));
  histogram.record(kForever);
  histogram.record(Duration(1));
  const HistogramSnapshot all = histogram.snapshot();
  EXPECT_EQ(all.count(), 3u);
  EXPECT_EQ(all.max(), kForever);
  EXPECT_EQ(all.percentile(100), kForever);
  EXPECT_EQ(all.percentile(0), Duration(1));
  EXPECT_GT(all.percentile(60), std::chrono::minutes(17)) << "in the last bucket";
  EXPECT_EQ(all.sum(), std::chrono::hours(100) + Duration(1)) << "what would wrap is left out";
}

TEST(Histogram, APercentileNeverExceedsTheLongest) {
  Histogram histogram;
  for (int n = 0; n < 100; ++n) histogram.record(Duration(1'000'001));
  const HistogramSnapshot all = histogram.snapshot();
  for (const double percent : {1.0, 50.0, 99.0, 100.0}) {
    EXPECT_LE(all.percentile(percent), Duration(1'000'001));
  }
}

TEST(Histogram, PercentilesAreThoseOfTheSortedSamples) {
  testkit::for_each_seed(100, [](testkit::Random& random) {
    Histogram histogram;
    std::vector<std::int64_t> samples;
    std::int64_t sum = 0;
    for (std::uint64_t left = random.between(1, 2'000); left > 0; --left) {
      const auto ns = static_cast<std::int64_t>(random.skewed() >> 25);  // up to 9 minutes
      samples.push_back(ns);
      sum += ns;
      histogram.record(Duration(ns));
    }
    std::sort(samples.begin(), samples.end());

    const HistogramSnapshot all = histogram.snapshot();
    ASSERT_EQ(all.count(), samples.size());
    ASSERT_EQ(all.max(), Duration(samples.back()));
    ASSERT_EQ(all.mean(), Duration(sum / static_cast<std::int64_t>(samples.size())));
    for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0}) {
      const auto exact = static_cast<double>(exact_percentile(samples, percent).count());
      const auto found = static_cast<double>(all.percentile(percent).count());
      ASSERT_NEAR(found, exact, exact * kRelativeError + 0.5) << percent << " %";
    }
  });
}

TEST(HistogramSnapshot, MergedOnesAreAsIfAllHadBeenRecordedInOne) {
  testkit::for_each_seed(50, [](testkit::Random& random) {
    Histogram one;
    Histogram other;
    Histogram both;
    for (int n = 0; n < 300; ++n) {
      const Duration duration(static_cast<std::int64_t>(random.skewed() >> 30));
      (random.one_in(3) ? one : other).record(duration);
      both.record(duration);
    }
    HistogramSnapshot merged = one.snapshot();
    merged.merge(other.snapshot());
    const HistogramSnapshot expected = both.snapshot();
    ASSERT_EQ(merged.count(), expected.count());
    ASSERT_EQ(merged.sum(), expected.sum());
    ASSERT_EQ(merged.max(), expected.max());
    for (const double percent : {1.0, 50.0, 99.0}) {
      ASSERT_EQ(merged.percentile(percent), expected.percentile(percent));
    }
  });
}

TEST(Histogram, NothingIsLostAmongManyThreads) {
  Histogram histogram;
  testkit::run_threads(4, [&](std::size_t index) {
    for (int n = 0; n < 10'000; ++n) {
      histogram.record(Duration(static_cast<int>(index + 1) * 1000 + n % 7));
    }
  });
  const HistogramSnapshot all = histogram.snapshot();
  EXPECT_EQ(all.count(), 40'000u);
  EXPECT_EQ(all.max(), Duration(4006));
}

TEST(HistogramDeathTest, APercentageBeyondItsRangeIsAProgrammersError) {
  const HistogramSnapshot all;
  EXPECT_DEATH(static_cast<void>(all.percentile(100.1)), "percent <= 100");
  EXPECT_DEATH(static_cast<void>(all.percentile(-0.1)), "percent >= 0");
}

TEST(Histogram, IsTheSameWhenRestored) {
  testkit::for_each_seed(20, [](testkit::Random& random) {
    Histogram histogram;
    for (std::uint64_t i = random.below(200); i > 0; --i) {
      histogram.record(Duration(static_cast<std::int64_t>(random.skewed() >> 1)));
    }
    const HistogramSnapshot all = histogram.snapshot();
    const auto restored = HistogramSnapshot::restore(all.buckets(), all.sum(), all.max());
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->count(), all.count());
    EXPECT_EQ(restored->mean(), all.mean());
    for (const double percent : {0.0, 50.0, 99.0, 100.0}) {
      EXPECT_EQ(restored->percentile(percent), all.percentile(percent));
    }
  });
}

TEST(Histogram, IsNotRestoredFromWhatItCannotHave) {
  std::vector<std::uint64_t> buckets(Histogram::kBuckets);
  EXPECT_TRUE(HistogramSnapshot::restore(buckets, Duration{0}, Duration{0}));
  EXPECT_FALSE(HistogramSnapshot::restore({}, Duration{0}, Duration{0}));
  EXPECT_FALSE(HistogramSnapshot::restore(buckets, Duration{-1}, Duration{0}));
  EXPECT_FALSE(HistogramSnapshot::restore(buckets, Duration{0}, Duration{-1}));
  buckets[3] = UINT64_MAX;
  buckets[4] = 2;
  EXPECT_FALSE(HistogramSnapshot::restore(buckets, Duration{0}, Duration{0}));
}

}  // namespace
}  // namespace strata
