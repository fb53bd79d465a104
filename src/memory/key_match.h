// KeyMatch: whether an entry is the one of a key, as look-ups compare them.
//
// Threads   Thread-safe. Entries live as long as the caller's guard.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "strata/core/entry.h"
#include "strata/core/key.h"

namespace strata::memory {

// Bits that are set where two words differ.
template <typename Word>
[[gnu::always_inline]] inline Word difference(const char* a, const char* b) {
  Word x;
  Word y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return x ^ y;
}

inline constexpr std::size_t kBlock = 16;

// Precondition: they are of a block's size at least. All is compared before the one branch: the
// first three blocks, which overlap if there is less, and those that follow.
[[gnu::always_inline]] inline bool are_blocks_same(const char* a, const char* b, std::size_t size) {
  const std::size_t last = size - kBlock;
#if defined(__SSE2__)
  const auto equal_at = [&](std::size_t at) {
    return _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + at)),
                          _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + at)));
  };
  __m128i equal =
      _mm_and_si128(_mm_and_si128(equal_at(0), equal_at(std::min(last, kBlock))), equal_at(last));
  for (std::size_t at = 2 * kBlock; at < last; at += kBlock) {
    equal = _mm_and_si128(equal, equal_at(at));
  }
  return _mm_movemask_epi8(equal) == 0xffff;
#else
  auto differs = difference<unsigned __int128>(a + last, b + last);
  for (std::size_t at = 0; at < last; at += kBlock) {
    differs |= difference<unsigned __int128>(a + at, b + at);
  }
  return differs == 0;
#endif
}

// Whether the texts are equal; keys are short, and mostly of more than eight bytes. The last words
// overlap those before.
[[gnu::always_inline]] inline bool is_same(const char* a, const char* b, std::size_t size) {
  using Half = std::uint32_t;
  using Word = std::uint64_t;
  if (size >= kBlock) return are_blocks_same(a, b, size);
  if (size >= sizeof(Word)) {
    const std::size_t last = size - sizeof(Word);
    return (difference<Word>(a, b) | difference<Word>(a + last, b + last)) == 0;
  }
  if (size >= sizeof(Half)) {
    const std::size_t last = size - sizeof(Half);
    return (difference<Half>(a, b) | difference<Half>(a + last, b + last)) == 0;
  }
  return std::memcmp(a, b, size) == 0;
}

// Whether the long parameters are equal, of which the texts, which are, have a hash at most: `#`
// and 32 hex digits at their end (key.h). For others the entry's details, which are elsewhere in
// memory, need not be read.
[[gnu::noinline]] inline bool has_params_of(const Entry& entry, const KeyRef& key) {
  constexpr std::size_t kHashText = 33;
  const std::string_view text = key.text;
  const bool may_be_hashed = text.size() > kHashText && text[text.size() - kHashText] == '#';
  if (!may_be_hashed && key.long_params.empty()) return true;
  return entry.has_key(key);
}

// One that is passed by value, in a register: a look-up that keeps nothing in memory takes fewer
// instructions.
struct KeyMatch {
  const KeyRef* key;

  [[gnu::always_inline]] bool operator()(const Entry& entry) const {
    const std::string_view text = entry.key_text();
    if (text.size() != key->text.size()) return false;
    if (!is_same(text.data(), key->text.data(), text.size())) return false;
    const bool is_plain = !entry.has_details() && key->long_params.empty();
    return is_plain || has_params_of(entry, *key);
  }
};

}  // namespace strata::memory
