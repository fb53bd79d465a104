// A UTF-8 decoder that accepts exactly the well-formed sequences of RFC 3629.
#include "core/utf8.h"

#include <cstddef>
#include <cstdint>

namespace strata::internal {
namespace {

struct Form {
  std::size_t bytes;  // of the sequence; 0: no sequence begins with this byte
  std::uint32_t lead_bits;
  std::uint32_t smallest;  // code point that needs so many bytes
};

Form form_of(unsigned char lead) {
  if (lead < 0x80) return {1, lead, 0};
  if ((lead & 0xe0) == 0xc0) return {2, lead & 0x1fu, 0x80};
  if ((lead & 0xf0) == 0xe0) return {3, lead & 0x0fu, 0x800};
  if ((lead & 0xf8) == 0xf0) return {4, lead & 0x07u, 0x10000};
  return {0, 0, 0};
}

bool is_control(std::uint32_t point) { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

bool is_scalar(std::uint32_t point) {
  return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

}  // namespace

TextFault check_text(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Form form = form_of(static_cast<unsigned char>(text[at]));
    if (form.bytes == 0 || form.bytes > text.size() - at) return TextFault::kNotUtf8;

    std::uint32_t point = form.lead_bits;
    for (std::size_t index = 1; index < form.bytes; ++index) {
      const auto byte = static_cast<unsigned char>(text[at + index]);
      if ((byte & 0xc0) != 0x80) return TextFault::kNotUtf8;
      point = (point << 6) | (byte & 0x3fu);
    }
    if (point < form.smallest || !is_scalar(point)) return TextFault::kNotUtf8;
    if (is_control(point)) return TextFault::kControl;
    at += form.bytes;
  }
  return TextFault::kNone;
}

}  // namespace strata::internal
