// Curve: the hit ratio that a tier would have if it were smaller or larger.
//
// Six miniatures of the tier, of a quarter, half, once, twice, four and eight times its size, run
// its eviction policy over a sample of the keys, without values (Waldspurger et al., "Cache
// Modeling and Optimization using Miniature Simulations", USENIX ATC 2017). What they miss less or
// more than the one of the tier's own size is added to what the tier itself has missed.
//
//   const Result<Curve> curve = cache.curve();
//   for (const CurvePoint& point : curve->points) {
//     std::cout << point.size << " times: " << point.hit_ratio << "\n";
//   }
//
// What it means. Of the last look-ups, one to two windows of them, how many would have been hits
// had the tier been of that size all the while. A window is a quarter of a million look-ups, or 64
// times as many as the tier has entries if those are more: `requests` says how many look-ups the
// answer rests on, and a curve of few requests, or of a tier that was never full, is one of its
// first misses. What was invalidated, or has expired, is missed at every size.
//
// How sure it is. `plus_minus` is twice the standard error that comes from looking at a sample
// instead of all; it is 0 where the sample is everything, which it is for tiers of few hundred
// entries and the sizes below, and 1 where nothing is known yet; the share of sampled look-ups that
// nobody had time for, `lost`, is added to it. Beyond that, a
// miniature may take other parameters of `adaptive` than such a tier would, where the choice is a
// matter of chance. docs/eviction.md has a table of recorded requests: all but 3 of 600 hit ratios
// are within two percentage points of a whole simulation where the bound is in entries, and the
// largest error is 3.0. Where it is in bytes and sizes differ, errors are larger: miniatures do not
// know that light entries stay longer.
// Those of keyspaces are as sure as their part of `sampled` is large: with 1,000 sampled look-ups,
// about three percentage points.
//
// Memory     All miniatures and what chooses the policy's parameters: 256 KiB at most.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace strata {

// Multiples of the present size.
inline constexpr std::array<double, 6> kCurveSizes{0.25, 0.5, 1, 2, 4, 8};

struct CurvePoint {
  double size = 1;                // one of kCurveSizes
  std::uint64_t max_entries = 0;  // the bounds at that size; 0: no such bound
  std::uint64_t max_bytes = 0;
  double hit_ratio = 0;
  double plus_minus = 1;
};

struct KeyspaceCurve {
  std::string name;            // empty: all that were first used when limits::kCurveKeyspaces were
  std::uint64_t requests = 0;  // estimated from the sample
  std::uint64_t sampled = 0;   // of them
  std::array<std::uint64_t, kCurveSizes.size()> hits{};  // at each size, estimated

  // 0 without requests.
  [[nodiscard]] double hit_ratio(std::size_t size) const {
    return requests == 0 ? 0 : static_cast<double>(hits[size]) / static_cast<double>(requests);
  }
};

struct Curve {
  std::uint64_t requests = 0;  // look-ups in the window
  std::uint64_t sampled = 0;   // of them
  std::uint64_t lost = 0;      // more that were to be sampled, and nobody had time for them
  std::array<CurvePoint, kCurveSizes.size()> points;  // rising
  // In the order of their first use. They all share the tier: how each of them would do if all of
  // it grew. A tenant's part counts with the keyspace. Their requests and hits add up to about the
  // whole.
  std::vector<KeyspaceCurve> keyspaces;
};

}  // namespace strata
