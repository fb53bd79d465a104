// UTF-8: whether bytes are a well-formed sequence (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace strata {

// Returns the length of the well-formed sequence that `text` begins with, or 0 if there is
// none: overlong forms, surrogates and what is beyond U+10FFFF are not well-formed.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text);

// Whether all of it is such sequences.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace strata
