// Counters that stay at their largest value instead of wrapping.
#pragma once

#include <cstdint>
#include <limits>

namespace strata::cli {

inline void add_to(std::uint64_t& counter, std::uint64_t more) {
  if (__builtin_add_overflow(counter, more, &counter)) {
    counter = std::numeric_limits<std::uint64_t>::max();
  }
}

}  // namespace strata::cli
