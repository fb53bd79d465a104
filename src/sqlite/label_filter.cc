// LabelFilter: two bits for each label.
#include "sqlite/label_filter.h"

#include <algorithm>
#include <bit>

#include "core/assert.h"

namespace strata::sqlite {

// Label ids are hashes already; the ways must not share bits.
LabelFilter::Bits LabelFilter::bits_of(Way way, LabelId label) {
  static_assert(std::has_single_bit(kBits));
  std::uint64_t mixed = static_cast<std::uint64_t>(label) + static_cast<std::uint64_t>(way);
  mixed = (mixed ^ (mixed >> 32)) * 0x9e3779b97f4a7c15ULL;
  return {static_cast<std::size_t>(mixed >> 32) % kBits, static_cast<std::size_t>(mixed) % kBits};
}

void LabelFilter::set(std::size_t bit) {
  const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
  if (!next_.empty()) next_[bit / 64] |= mask;
  if (words_.empty()) return;
  std::uint64_t& word = words_[bit / 64];
  if ((word & mask) != 0) return;
  word |= mask;
  ++is_set_;
}

void LabelFilter::add(Way way, LabelId label) {
  if (is_set_ > limit_ && next_.empty()) next_.assign(kBits / 64, 0);
  const Bits bits = bits_of(way, label);
  set(bits.first);
  set(bits.second);
}

bool LabelFilter::may_have(Way way, LabelId label) const {
  if (words_.empty()) return true;
  const Bits bits = bits_of(way, label);
  return has(words_, bits.first) && has(words_, bits.second);
}

// Where there are really so many labels, it is not made anew again and again for nothing.
void LabelFilter::set_done() {
  STRATA_ASSERT(is_wanted());
  words_ = std::move(next_);
  next_ = {};
  is_set_ = 0;
  for (const std::uint64_t word : words_) is_set_ += static_cast<std::size_t>(std::popcount(word));
  limit_ = std::max(kBits / 2, is_set_ + kBits / 4);
}

}  // namespace strata::sqlite
