// Spread: least, median and most of some numbers, and the interval of their median.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace strata::bench {

struct Spread {
  double least = 0;
  double median = 0;
  double most = 0;
  double low = 0;  // the 95 % interval of the median, by the binomial distribution
  double high = 0;
};

// Precondition: there are some.
[[nodiscard]] inline Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double count = static_cast<double>(values.size());
  const double half = 0.98 * std::sqrt(count);
  const auto at = [&](double place) {
    return values[static_cast<std::size_t>(std::clamp(place, 0.0, count - 1))];
  };
  return {values.front(), values[values.size() / 2], values.back(), at(count / 2 - half),
          at(count / 2 + half)};
}

// One ratio per pair.
[[nodiscard]] inline Spread ratios_of(const std::vector<double>& above,
                                      const std::vector<double>& below) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.size(); ++i) ratios.push_back(above[i] / below[i]);
  return spread_of(std::move(ratios));
}

}  // namespace strata::bench
