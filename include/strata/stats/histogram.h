// Histogram: how long things took, in buckets whose width is a thirty-second of their value.
//
// Buckets are linear within each power of two, so that a percentile is off by at most 1.6 %
// whatever its size. The longest duration is kept exactly.
//
//   Histogram latency;
//   latency.record(between(start, clock.now()));
//   HistogramSnapshot all = latency.snapshot();
//   all.percentile(99);
//
// Threads   Histogram is thread-safe and lock-free; HistogramSnapshot is a value.
// Memory    9 KiB, whatever is recorded. Durations from 18 minutes on share the last bucket.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "strata/core/time.h"

namespace strata {

class HistogramSnapshot {
 public:
  HistogramSnapshot();

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration max() const { return max_; }
  [[nodiscard]] Duration mean() const;  // zero if nothing was recorded
  [[nodiscard]] Duration sum() const { return sum_; }

  // The duration that `percent` of all do not exceed; zero if nothing was recorded. 100 is
  // max(). Precondition: 0 <= percent <= 100. O(buckets).
  [[nodiscard]] Duration percentile(double percent) const;

  // Adds what `other` recorded.
  void merge(const HistogramSnapshot& other);

  // For keeping a snapshot somewhere: how many are in each bucket, and a snapshot made from that
  // again; nothing if these are not what a snapshot can have.
  [[nodiscard]] const std::vector<std::uint64_t>& buckets() const { return buckets_; }
  [[nodiscard]] static std::optional<HistogramSnapshot> restore(std::vector<std::uint64_t> buckets,
                                                                Duration sum, Duration max);

 private:
  friend class Histogram;
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  Duration sum_{0};
  Duration max_{0};
};

class Histogram {
 public:
  Histogram() = default;

  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  // About 15 ns. A negative duration, from a coarse clock, counts as zero.
  void record(Duration duration);

  // What was recorded so far. Records that run meanwhile may be in it or not.
  [[nodiscard]] HistogramSnapshot snapshot() const;

  static constexpr std::size_t kBuckets = 36 * 32;

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::int64_t> sum_ns_{0};
  std::atomic<std::int64_t> max_ns_{0};
};

}  // namespace strata
