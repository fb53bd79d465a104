// UTF-8: see utf8.h.
#include "codecs/utf8.h"

namespace strata {

namespace {

// What a sequence may look like, by its first byte: its length and the range of the second.
struct Shape {
  std::size_t length = 0;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
};

Shape shape_of(unsigned char first) {
  if (first < 0x80) return {.length = 1};
  if (first < 0xC2) return {};
  if (first < 0xE0) return {.length = 2};
  if (first == 0xE0) return {.length = 3, .second_min = 0xA0};
  if (first == 0xED) return {.length = 3, .second_max = 0x9F};
  if (first < 0xF0) return {.length = 3};
  if (first == 0xF0) return {.length = 4, .second_min = 0x90};
  if (first < 0xF4) return {.length = 4};
  if (first == 0xF4) return {.length = 4, .second_max = 0x8F};
  return {};
}

}  // namespace

std::size_t utf8_sequence_length(std::string_view text) {
  if (text.empty()) return 0;
  const Shape shape = shape_of(static_cast<unsigned char>(text[0]));
  if (shape.length > text.size()) return 0;
  for (std::size_t at = 1; at < shape.length; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const unsigned char min = at == 1 ? shape.second_min : 0x80;
    const unsigned char max = at == 1 ? shape.second_max : 0xBF;
    if (byte < min || byte > max) return 0;
  }
  return shape.length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace strata
