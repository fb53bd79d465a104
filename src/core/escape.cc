// Escapes: sixteen bytes at a time, from one byte that needs an escape to the next.
#include "core/escape.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace strata::internal {
namespace {

using Block = signed char __attribute__((vector_size(16)));

template <typename Word>
[[gnu::always_inline]] inline Word load(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// A bit for each byte that may not stand as it is. As signed numbers, those from 0x80 on are below
// 0x20.
[[gnu::always_inline]] inline unsigned marks(const Block& block) {
  const auto marked = (block < 0x20) | (block == 0x7f) | (block == ':') | (block == '&') |
                      (block == '=') | (block == '%');
#if defined(__SSE2__)
  return static_cast<unsigned>(_mm_movemask_epi8(std::bit_cast<__m128i>(marked)));
#else
  unsigned bits = 0;
  for (unsigned at = 0; at < sizeof block; ++at) bits |= (marked[at] != 0 ? 1u : 0u) << at;
  return bits;
#endif
}

// Which bytes may stand as they are.
constexpr std::array<bool, 256> kLiteral = [] {
  std::array<bool, 256> literal{};
  for (unsigned byte = 0x20; byte <= 0x7e; ++byte) literal[byte] = true;
  for (const char c : {':', '&', '=', '%'}) literal[static_cast<unsigned char>(c)] = false;
  return literal;
}();

char* write_escape(char* end, char byte) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  end[0] = '%';
  end[1] = kDigits[value >> 4];
  end[2] = kDigits[value & 15];
  return end + kEscapedByte;
}

// Fewer bytes than a block, of which `text` ends with `size`. The last words overlap those before.
char* write_rest(char* end, const char* text, std::size_t size) {
  using Half = std::uint32_t;
  using Word = std::uint64_t;
  using Words = std::array<Word, 2>;
  if (size >= sizeof(Word)) {
    const std::size_t last = size - sizeof(Word);
    const Words words{load<Word>(text), load<Word>(text + last)};
    if (marks(std::bit_cast<Block>(words)) == 0) {
      std::memcpy(end, &words[0], sizeof(Word));
      std::memcpy(end + last, &words[1], sizeof(Word));
      return end + size;
    }
  } else if (size >= sizeof(Half)) {
    const std::size_t last = size - sizeof(Half);
    const Word both = Word{load<Half>(text + last)} << 32 | load<Half>(text);
    if (marks(std::bit_cast<Block>(Words{both, both})) == 0) {
      std::memcpy(end, text, sizeof(Half));
      std::memcpy(end + last, text + last, sizeof(Half));
      return end + size;
    }
  }
  for (std::size_t at = 0; at < size; ++at) {
    if (kLiteral[static_cast<unsigned char>(text[at])]) {
      *end++ = text[at];
    } else {
      end = write_escape(end, text[at]);
    }
  }
  return end;
}

}  // namespace

std::size_t escape_into(char* out, std::string_view text) {
  const char* at = text.data();
  const char* const stop = at + text.size();
  char* end = out;
  while (stop - at >= static_cast<std::ptrdiff_t>(sizeof(Block))) {
    const auto block = load<Block>(at);
    std::memcpy(end, &block, sizeof block);
    const unsigned marked = marks(block);
    if (marked == 0) {
      at += sizeof block;
      end += sizeof block;
      continue;
    }
    // What was written of the first marked byte and those behind it is written over.
    const int plain = std::countr_zero(marked);
    at += plain;
    end = write_escape(end + plain, *at);
    ++at;
  }
  return static_cast<std::size_t>(write_rest(end, at, static_cast<std::size_t>(stop - at)) - out);
}

}  // namespace strata::internal
