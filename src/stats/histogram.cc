// Log-linear histograms.
#include "strata/stats/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <utility>

#include "core/assert.h"

namespace strata {
namespace {

// Values below 32 ns have a bucket each. From there on every power of two is cut into 32:
//
//   bucket  0 ... 31 | 32 ... 63 | 64, 65, ... 95 | 96 ...
//   from    0 ... 31 | 32 ... 63 | 64, 66, ... 126 | 128, 132, ...
//
// The last bucket begins at 63/64 of 2^40 ns, which is 18 minutes.
constexpr unsigned kCutBits = 5;
constexpr std::uint64_t kCuts = 1u << kCutBits;

std::size_t bucket_of(std::uint64_t ns) {
  if (ns < kCuts) return static_cast<std::size_t>(ns);
  const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - kCutBits;
  const std::uint64_t bucket = shift * kCuts + (ns >> shift);
  return std::min(static_cast<std::size_t>(bucket), Histogram::kBuckets - 1);
}

// The value in the middle of a bucket.
std::uint64_t middle_of(std::size_t bucket) {
  if (bucket < kCuts) return bucket;
  const auto shift = static_cast<unsigned>(bucket / kCuts) - 1;
  const std::uint64_t first = (kCuts + bucket % kCuts) << shift;
  return first + ((std::uint64_t{1} << shift) - 1) / 2;
}

}  // namespace

HistogramSnapshot::HistogramSnapshot() : buckets_(Histogram::kBuckets) {}

Duration HistogramSnapshot::mean() const {
  if (count_ == 0) return Duration{0};
  return Duration(sum_.count() / static_cast<std::int64_t>(count_));
}

Duration HistogramSnapshot::percentile(double percent) const {
  STRATA_ASSERT(percent >= 0);
  STRATA_ASSERT(percent <= 100);
  if (count_ == 0) return Duration{0};
  const double exact_rank = std::ceil(percent / 100 * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact_rank), 1, count_);
  if (rank == count_) return max_;

  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while (seen + buckets_[bucket] < rank) seen += buckets_[bucket++];
  return std::min(max_, Duration(static_cast<std::int64_t>(middle_of(bucket))));
}

void HistogramSnapshot::merge(const HistogramSnapshot& other) {
  std::transform(buckets_.begin(), buckets_.end(), other.buckets_.begin(), buckets_.begin(),
                 std::plus<>());
  count_ += other.count_;
  sum_ = saturating_add(sum_, other.sum_);
  max_ = std::max(max_, other.max_);
}

std::optional<HistogramSnapshot> HistogramSnapshot::restore(std::vector<std::uint64_t> buckets,
                                                            Duration sum, Duration max) {
  constexpr std::uint64_t kCountMax = std::uint64_t{1} << 53;  // leaves room for merging
  if (buckets.size() != Histogram::kBuckets || sum < Duration{0} || max < Duration{0}) {
    return std::nullopt;
  }
  HistogramSnapshot all;
  for (const std::uint64_t count : buckets) {
    if (count > kCountMax - all.count_) return std::nullopt;
    all.count_ += count;
  }
  all.buckets_ = std::move(buckets);
  all.sum_ = sum;
  all.max_ = max;
  return all;
}

void Histogram::record(Duration duration) {
  const std::int64_t ns = std::max<std::int64_t>(duration.count(), 0);
  buckets_[bucket_of(static_cast<std::uint64_t>(ns))].fetch_add(1, std::memory_order_relaxed);
  // A sum that would wrap stays where it is: the mean is then too small.
  if (ns <= kForever.count() - sum_ns_.load(std::memory_order_relaxed)) {
    sum_ns_.fetch_add(ns, std::memory_order_relaxed);
  }
  std::int64_t known = max_ns_.load(std::memory_order_relaxed);
  while (ns > known && !max_ns_.compare_exchange_weak(known, ns, std::memory_order_relaxed)) {
  }
}

HistogramSnapshot Histogram::snapshot() const {
  HistogramSnapshot all;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    all.buckets_[bucket] = buckets_[bucket].load(std::memory_order_relaxed);
    all.count_ += all.buckets_[bucket];
  }
  all.sum_ = Duration(sum_ns_.load(std::memory_order_relaxed));
  all.max_ = Duration(max_ns_.load(std::memory_order_relaxed));
  return all;
}

}  // namespace strata
