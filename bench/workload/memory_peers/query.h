// What the peers are asked for: keys in the order of their use, made before the clock runs, and
// the values that belong to them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "strata/ports/random.h"

namespace strata::bench {

inline constexpr std::size_t kValueBytes = 100;
inline constexpr std::size_t kStringKeyBytes = 40;

// All bytes of a value follow from the number of its key.
struct Value {
  std::array<char, kValueBytes> bytes;
};

[[nodiscard]] inline Value value_of(std::uint32_t number) {
  Value value;
  value.bytes.fill(static_cast<char>('a' + number % 26));
  for (std::size_t i = 0; i < sizeof number; ++i) {
    value.bytes[i] = static_cast<char>(number >> (8 * i));
  }
  return value;
}

// What a look-up reads of a value.
[[nodiscard]] inline std::uint64_t byte_of(const char* value) {
  return static_cast<unsigned char>(*value);
}

// "issue:key:PROJ-0000123:rev:" and 13 hex digits, or a mixed 64-bit number.
template <typename Key>
void write_key(std::uint32_t number, Key& key);

template <typename Key>
[[nodiscard]] constexpr std::size_t key_bytes() {
  return sizeof(Key) == sizeof(std::uint64_t) ? sizeof(std::uint64_t) : kStringKeyBytes;
}

template <typename Key>
struct Query {
  Key key{};
  std::uint32_t number = 0;
  bool is_set = false;
};

template <typename Key>
using Queries = std::vector<Query<Key>>;

// Chooses numbers below `universe`: all alike, or few of them often (Zipf 0.99). Popular ones are
// spread over all numbers.
class Chooser {
 public:
  enum class Popularity { kUniform, kZipf };
  Chooser(std::size_t universe, Popularity popularity);
  [[nodiscard]] std::uint32_t choose(Random& random) const;
  // The most popular is of rank 0.
  [[nodiscard]] std::uint32_t number_of(std::size_t rank) const;

 private:
  std::size_t universe_;
  std::vector<double> sums_;  // of the ranks' weights; empty if all are alike
};

// Overwrites `queries`; one in a hundred, `set_percent` times, is a set.
template <typename Key>
void lay_out(const Chooser& chooser, unsigned set_percent, Random& random, Queries<Key>& queries);

// All numbers below `count` in random order.
[[nodiscard]] std::vector<std::uint32_t> shuffled(std::size_t count, Random& random);

}  // namespace strata::bench
