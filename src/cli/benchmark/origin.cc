// Answers late.
#include "cli/benchmark/origin.h"

#include <string_view>
#include <utility>

#include "core/byte_io.h"
#include "core/hash.h"

namespace strata::benchmark {

Origin::Origin(const Values& values, OriginOptions options)
    : values_(values), options_(std::move(options)) {}

std::string Origin::fetch(std::uint64_t number) {
  calls_.fetch_add(1, std::memory_order_relaxed);
  if (options_.latency > Duration(0)) options_.wait(latency_of(number));
  return values_.make(number, 0);
}

Duration Origin::latency_of(std::uint64_t number) const {
  std::string seeded;
  internal::append_number(seeded, options_.seed);
  internal::append_number(seeded, number);
  const double unit = static_cast<double>(internal::hash64(seeded) >> 11) * 0x1.0p-53;
  const double factor = 1 - kOriginJitter + 2 * kOriginJitter * unit;
  return Duration(
      static_cast<std::int64_t>(static_cast<double>(options_.latency.count()) * factor));
}

}  // namespace strata::benchmark
