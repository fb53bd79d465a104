#include "workload/memory_peers/query.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace strata::bench {
namespace {

constexpr double kSkew = 0.99;

std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

}  // namespace

template <>
void write_key(std::uint32_t number, std::uint64_t& key) {
  key = mixed(number);
}

template <>
void write_key(std::uint32_t number, std::string& key) {
  key.assign("issue:key:PROJ-0000000:rev:0000000000000");
  std::uint64_t revision = mixed(number);
  for (std::size_t at = 21; number > 0 && at > 14; --at, number /= 10) {
    key[at] = static_cast<char>('0' + number % 10);
  }
  for (std::size_t at = 27; at < kStringKeyBytes; ++at, revision >>= 4) {
    key[at] = "0123456789abcdef"[revision % 16];
  }
}

Chooser::Chooser(std::size_t universe, Popularity popularity) : universe_(universe) {
  if (popularity == Popularity::kUniform) return;
  sums_.reserve(universe);
  double sum = 0;
  for (std::size_t rank = 1; rank <= universe; ++rank) {
    sum += 1 / std::pow(static_cast<double>(rank), kSkew);
    sums_.push_back(sum);
  }
}

std::uint32_t Chooser::choose(Random& random) const {
  if (sums_.empty()) return static_cast<std::uint32_t>(random.next() % universe_);
  const double at = static_cast<double>(random.next() >> 11) * 0x1.0p-53 * sums_.back();
  const auto rank = std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin();
  return number_of(static_cast<std::size_t>(rank));
}

// By a prime that is larger than any universe, so that no two ranks meet.
std::uint32_t Chooser::number_of(std::size_t rank) const {
  return static_cast<std::uint32_t>(rank * 4'294'967'291 % universe_);
}

template <typename Key>
void lay_out(const Chooser& chooser, unsigned set_percent, Random& random, Queries<Key>& queries) {
  for (Query<Key>& query : queries) {
    query.number = chooser.choose(random);
    query.is_set = set_percent > 0 && random.next() % 100 < set_percent;
    write_key(query.number, query.key);
  }
}
template void lay_out(const Chooser&, unsigned, Random&, Queries<std::string>&);
template void lay_out(const Chooser&, unsigned, Random&, Queries<std::uint64_t>&);

std::vector<std::uint32_t> shuffled(std::size_t count, Random& random) {
  std::vector<std::uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0u);
  for (std::size_t i = count; i > 1; --i) std::swap(numbers[i - 1], numbers[random.next() % i]);
  return numbers;
}

}  // namespace strata::bench
