// Percent-escapes of the parts of a key, written to memory that the caller has.
#pragma once

#include <cstddef>
#include <string_view>

namespace strata::internal {

inline constexpr std::size_t kEscapedByte = 3;  // bytes that one byte becomes at most

// Writes `text` escaped; returns how many bytes that are. Precondition: `out` has room for
// kEscapedByte times the size of `text`.
std::size_t escape_into(char* out, std::string_view text);

}  // namespace strata::internal
