// Histogram: how long calls took, to within a thirtieth.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace strata::bench {

class Histogram {
 public:
  void add(double ns) {
    const auto value = static_cast<std::uint64_t>(std::max(0.0, ns));
    ++counts_[std::min(place_of(value), counts_.size() - 1)];
    ++count_;
    most_ = std::max(most_, value);
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double most() const { return static_cast<double>(most_); }

  // No less than `share` of all; 0 if there are none.
  [[nodiscard]] double at(double share) const {
    const double wanted = share * static_cast<double>(count_);
    std::uint64_t below = 0;
    for (std::size_t place = 0; place < counts_.size(); ++place) {
      below += counts_[place];
      if (below > 0 && static_cast<double>(below) >= wanted) {
        return std::min(static_cast<double>(end_of(place)), most());
      }
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 5;  // of a value's leading ones that make a difference

  static std::size_t place_of(std::uint64_t value) {
    if (value < (1u << kBits)) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (std::size_t{shift} << kBits) + (value >> shift);
  }
  static std::uint64_t end_of(std::size_t place) {
    if (place < (2u << kBits)) return place;
    const std::size_t shift = (place >> kBits) - 1;
    const std::uint64_t leading = (place & ((1u << kBits) - 1)) + (1u << kBits);
    return ((leading + 1) << shift) - 1;
  }

  std::array<std::uint64_t, std::size_t{40} << kBits> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace strata::bench
