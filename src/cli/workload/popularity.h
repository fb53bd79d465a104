// Popularity: picks one of a few thousand objects, some of them far more often than others.
//
//   Popularity by_rank = Popularity::zipf(6093, 1.0);
//   std::size_t rank = by_rank.pick(random);   // 0 is the most popular
//
// Threads   Immutable once made.
// Memory    Eight bytes per object; a pick is a binary search.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "strata/ports/random.h"

namespace strata::workload {

class Popularity {
 public:
  // Rank r (from 0) has weight 1 / (r + 1)^exponent. Precondition: objects > 0.
  [[nodiscard]] static Popularity zipf(std::size_t objects, double exponent);
  // Preconditions: at least one weight; none is negative; not all are zero.
  [[nodiscard]] static Popularity of_weights(std::span<const double> weights);

  [[nodiscard]] std::size_t pick(Random& random) const;

 private:
  std::vector<double> cumulative_;  // ascending; the last is 1
};

// Uniform over [0, 1).
[[nodiscard]] double unit(Random& random);
// Uniform over [0, limit), up to a bias of limit / 2^64. Precondition: limit > 0.
[[nodiscard]] std::size_t below(Random& random, std::size_t limit);
// 0 .. count - 1 in an order that depends on `random` alone.
[[nodiscard]] std::vector<std::size_t> shuffled(std::size_t count, Random& random);

}  // namespace strata::workload
