// CurveCounts: the estimate.
#include "memory/policy/curve_counts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace strata::memory {
namespace {

// Which part of the sample a key is in: bits that have no say in whether it is sampled.
std::size_t part_of(std::uint64_t hash, std::size_t parts) {
  return (hash * 0x9e3779b97f4a7c15ULL >> 40) % parts;
}

std::uint64_t rounded(double amount) {
  return static_cast<std::uint64_t>(std::llround(std::max(0.0, amount)));
}

}  // namespace

void CurveCounts::begin(const CurvePlan& plan, const LookUps& now, std::uint64_t window) {
  take_limits(plan, window);
  present_ = {.begin = now};
  has_former_ = false;
}

void CurveCounts::take_limits(const CurvePlan& plan, std::uint64_t window) {
  for (std::size_t i = 0; i < kCurvePoints; ++i) limits_[i] = plan.followers[i].limit;
  thinnest_ = *std::min_element(limits_.begin(), limits_.end());
  thickest_ = *std::max_element(limits_.begin(), limits_.end());
  window_samples_ = std::max<std::uint64_t>(
      1, rounded(static_cast<double>(window) * static_cast<double>(thickest_) /
                 static_cast<double>(kSampleAll)));
}

void CurveCounts::thin(const CurvePlan& plan, std::uint64_t window) {
  const auto ratio = [](std::uint64_t now, std::uint64_t former) {
    return static_cast<Count>(static_cast<double>(now) / static_cast<double>(former));
  };
  const std::array<std::uint64_t, kCurvePoints> limits = limits_;
  const std::uint64_t thinnest = thinnest_;
  const std::uint64_t thickest = thickest_;
  take_limits(plan, window);
  for (Window* counts : {&present_, &former_}) {
    counts->look_ups = rounded(static_cast<double>(counts->look_ups) * ratio(thickest_, thickest));
    counts->lost = std::llround(static_cast<double>(counts->lost) * ratio(thickest_, thickest));
    for (std::size_t i = 0; i < kCurvePoints; ++i) {
      SizeCounts& size = counts->sizes[i];
      const Count part = ratio(limits_[i], limits[i]);
      for (Count& count : size.misses) count *= part;
      for (Count& count : size.own_misses) count *= part;
      size.gone *= part;
    }
    for (KeyspaceCounts& keyspace : counts->keyspaces) {
      keyspace.look_ups *= ratio(thinnest_, thinnest);
      for (Count& count : keyspace.misses) count *= ratio(thinnest_, thinnest);
    }
  }
}

void CurveCounts::begin_window(const LookUps& now) {
  former_ = present_;
  has_former_ = true;
  present_ = {.begin = now};
}

bool CurveCounts::count(const Sample& sample, const std::array<bool, kCurvePoints>& missed) {
  const std::uint64_t place = sample_place(sample.hash);
  if (place >= thickest_) return false;
  const std::size_t part = part_of(sample.hash, kParts);
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    if (place >= limits_[i]) continue;
    SizeCounts& size = present_.sizes[i];
    if (sample.kind == UseKind::kGone) {
      ++size.gone;
      continue;
    }
    if (missed[i]) ++size.misses[part];
    if (missed[kOwnSize]) ++size.own_misses[part];
  }
  if (place < thinnest_) {
    KeyspaceCounts& keyspace = present_.keyspaces[sample.keyspace];
    ++keyspace.look_ups;
    for (std::size_t i = 0; i < kCurvePoints; ++i) keyspace.misses[i] += missed[i] ? 1 : 0;
  }
  return ++present_.look_ups >= window_samples_;
}

// `seen`: the share of the sample that was not lost.
CurveCounts::Estimate CurveCounts::estimate(std::size_t size, double look_ups, double misses,
                                            double seen) const {
  std::array<double, kParts> its{};
  std::array<double, kParts> own{};
  double gone = 0;
  for (const Window* window : {&present_, &former_}) {
    if (window == &former_ && !has_former_) continue;
    const SizeCounts& counts = window->sizes[size];
    for (std::size_t part = 0; part < kParts; ++part) {
      its[part] += counts.misses[part];
      own[part] += counts.own_misses[part];
    }
    gone += counts.gone;
  }
  const double its_sum = std::accumulate(its.begin(), its.end(), 0.0);
  const double own_sum = std::accumulate(own.begin(), own.end(), 0.0);
  double together = 0;
  double squares = 0;
  for (std::size_t part = 0; part < kParts; ++part) {
    const double of_own = own[part] - own_sum / kParts;
    together += of_own * (its[part] - its_sum / kParts);
    squares += of_own * of_own;
  }
  const double share = static_cast<double>(limits_[size]) / static_cast<double>(kSampleAll);
  const double scale = 1 / (share * seen);
  const double slope = squares == 0 ? 0 : std::clamp(together / squares, 0.0, 1.5);
  const double whatever_the_size = scale * gone;
  Estimate estimate;
  estimate.misses = std::clamp(
      whatever_the_size + scale * its_sum + slope * (misses - whatever_the_size - scale * own_sum),
      0.0, look_ups);
  double deviations = 0;
  const double mean = (its_sum - slope * own_sum) / kParts;
  for (std::size_t part = 0; part < kParts; ++part) {
    const double deviation = its[part] - slope * own[part] - mean;
    deviations += deviation * deviation;
  }
  estimate.error = scale * std::sqrt(deviations * (1 - share * seen) * kParts / (kParts - 1));
  return estimate;
}

Curve CurveCounts::curve(const LookUps& now) const {
  Curve curve;
  for (std::size_t i = 0; i < kCurvePoints; ++i) curve.points[i].size = kCurveSizes[i];
  const LookUps& begin = has_former_ ? former_.begin : present_.begin;
  const auto misses = static_cast<double>(now.misses - begin.misses);
  curve.requests = now.hits - begin.hits + now.misses - begin.misses;
  curve.sampled = present_.look_ups + (has_former_ ? former_.look_ups : 0);
  curve.lost = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, present_.lost + (has_former_ ? former_.lost : 0)));
  if (curve.requests == 0 || curve.sampled == 0) return curve;
  const auto look_ups = static_cast<double>(curve.requests);
  const double seen =
      static_cast<double>(curve.sampled) / static_cast<double>(curve.sampled + curve.lost);
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    const Estimate one = estimate(i, look_ups, misses, seen);
    curve.points[i].hit_ratio = 1 - one.misses / look_ups;
    // What was lost may have been anything, and is missed in the miniatures too.
    curve.points[i].plus_minus = std::min(1.0, 2 * one.error / look_ups + (1 - seen));
  }
  add_keyspaces(curve);
  return curve;
}

// Divides look-ups and misses among the keyspaces as they are divided in the sample.
void CurveCounts::add_keyspaces(Curve& curve) const {
  std::array<KeyspaceCounts, limits::kCurveKeyspaces> all = present_.keyspaces;
  KeyspaceCounts sum;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (has_former_) {
      all[k].look_ups += former_.keyspaces[k].look_ups;
      for (std::size_t i = 0; i < kCurvePoints; ++i) {
        all[k].misses[i] += former_.keyspaces[k].misses[i];
      }
    }
    sum.look_ups += all[k].look_ups;
    for (std::size_t i = 0; i < kCurvePoints; ++i) sum.misses[i] += all[k].misses[i];
  }
  const auto requests = static_cast<double>(curve.requests);
  for (const KeyspaceCounts& keyspace : all) {
    KeyspaceCurve& its = curve.keyspaces.emplace_back();
    if (keyspace.look_ups == 0) continue;
    its.sampled = std::max<std::uint64_t>(1, rounded(keyspace.look_ups));
    its.requests = rounded(requests * keyspace.look_ups / sum.look_ups);
    for (std::size_t i = 0; i < kCurvePoints; ++i) {
      const double misses = (1 - curve.points[i].hit_ratio) * requests;
      const double part = sum.misses[i] == 0 ? 0 : misses * keyspace.misses[i] / sum.misses[i];
      its.hits[i] = its.requests - std::min(its.requests, rounded(part));
    }
  }
}

}  // namespace strata::memory
