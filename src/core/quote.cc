// Quoting of foreign text for error messages.
#include "core/quote.h"

#include <cstddef>

namespace strata::internal {
namespace {

constexpr std::size_t kQuotedBytes = 64;

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text.substr(0, kQuotedBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  if (text.size() > kQuotedBytes) out += "...";
  out += '"';
  return out;
}

}  // namespace strata::internal
