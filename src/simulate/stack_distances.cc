// StackDistances: counts of set bits on three levels.
#include "simulate/stack_distances.h"

#include <algorithm>
#include <bit>

namespace strata::simulate {
namespace {

constexpr std::size_t kBitsPerWord = 64;
constexpr std::size_t kWordsPerBlock = 8;
constexpr std::size_t kBitsPerBlock = kBitsPerWord * kWordsPerBlock;
constexpr std::size_t kBlocksPerGroup = 64;
constexpr std::size_t kBitsPerGroup = kBitsPerBlock * kBlocksPerGroup;

// Twice as many places as keys: they move together once in as many requests as there are keys.
std::size_t groups_for(std::size_t keys) { return keys * 2 / kBitsPerGroup + 1; }

}  // namespace

StackDistances::StackDistances(std::size_t keys)
    : last_(keys),
      key_at_(groups_for(keys) * kBitsPerGroup),
      bits_(groups_for(keys) * kBitsPerGroup / kBitsPerWord),
      in_block_(groups_for(keys) * kBlocksPerGroup),
      in_group_(groups_for(keys)) {}

void StackDistances::set(Place place) {
  bits_[place / kBitsPerWord] |= std::uint64_t{1} << (place % kBitsPerWord);
  ++in_block_[place / kBitsPerBlock];
  ++in_group_[place / kBitsPerGroup];
}

void StackDistances::clear(Place place) {
  bits_[place / kBitsPerWord] &= ~(std::uint64_t{1} << (place % kBitsPerWord));
  --in_block_[place / kBitsPerBlock];
  --in_group_[place / kBitsPerGroup];
}

std::uint64_t StackDistances::set_after(Place place) const {
  const std::size_t word = place / kBitsPerWord;
  const std::size_t block = place / kBitsPerBlock;
  const std::size_t group = place / kBitsPerGroup;
  // Shifted in two steps: by 64 it would not be shifted at all.
  auto count =
      static_cast<std::uint64_t>(std::popcount(bits_[word] >> (place % kBitsPerWord) >> 1));
  for (std::size_t i = word + 1; i < (block + 1) * kWordsPerBlock; ++i) {
    count += static_cast<std::uint64_t>(std::popcount(bits_[i]));
  }
  const auto sum = [](const std::vector<std::uint32_t>& counts, std::size_t from, std::size_t to) {
    std::uint64_t all = 0;
    for (std::size_t i = from; i < to; ++i) all += counts[i];
    return all;
  };
  count += sum(in_block_, block + 1, (group + 1) * kBlocksPerGroup);
  return count + sum(in_group_, group + 1, next_ / kBitsPerGroup + 1);
}

std::optional<std::uint64_t> StackDistances::request(KeyNumber key) {
  if (next_ == key_at_.size()) compact();
  std::optional<std::uint64_t> distance;
  if (last_[key] != 0) {
    const Place place = last_[key] - 1;
    distance = set_after(place);
    clear(place);
  }
  set(next_);
  key_at_[next_] = key;
  last_[key] = ++next_;
  return distance;
}

void StackDistances::compact() {
  Place to = 0;
  for (Place from = 0; from < next_; ++from) {
    const KeyNumber key = key_at_[from];
    if (last_[key] != from + 1) continue;
    key_at_[to] = key;
    last_[key] = ++to;
  }
  std::fill(bits_.begin(), bits_.end(), 0);
  std::fill(in_block_.begin(), in_block_.end(), 0);
  std::fill(in_group_.begin(), in_group_.end(), 0);
  for (Place place = 0; place < to; ++place) set(place);
  next_ = to;
}

}  // namespace strata::simulate
