// Whether bytes are text that may be stored and shown: UTF-8 without control characters.
#pragma once

#include <string_view>

namespace strata::internal {

enum class TextFault {
  kNone,
  kNotUtf8,  // malformed, overlong, a surrogate, or above U+10FFFF
  kControl,  // U+0000 to U+001F, U+007F to U+009F
};

// The first fault of `text`.
[[nodiscard]] TextFault check_text(std::string_view text);

}  // namespace strata::internal
