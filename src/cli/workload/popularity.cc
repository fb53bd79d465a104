// Draws objects by weight.
#include "cli/workload/popularity.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/assert.h"

namespace strata::workload {

Popularity Popularity::zipf(std::size_t objects, double exponent) {
  std::vector<double> weights(objects);
  for (std::size_t rank = 0; rank < objects; ++rank) {
    weights[rank] = std::pow(static_cast<double>(rank + 1), -exponent);
  }
  return of_weights(weights);
}

Popularity Popularity::of_weights(std::span<const double> weights) {
  Popularity popularity;
  double sum = 0;
  for (const double weight : weights) {
    STRATA_ASSERT(weight >= 0);
    popularity.cumulative_.push_back(sum += weight);
  }
  STRATA_ASSERT(sum > 0);
  for (double& cumulative : popularity.cumulative_) cumulative /= sum;
  return popularity;
}

std::size_t Popularity::pick(Random& random) const {
  // The last sum is 1, and what is drawn is less: there always is a larger one.
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), unit(random));
  return static_cast<std::size_t>(found - cumulative_.begin());
}

double unit(Random& random) { return static_cast<double>(random.next() >> 11) * 0x1.0p-53; }

std::size_t below(Random& random, std::size_t limit) {
  STRATA_ASSERT(limit > 0);
  return static_cast<std::size_t>(random.next() % limit);
}

std::vector<std::size_t> shuffled(std::size_t count, Random& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[below(random, i)]);
  return order;
}

}  // namespace strata::workload
