// Sizes as people write them: "512MiB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strata::internal {

// Bytes, or a whole number with KiB, MiB, GiB, kB, MB or GB, and perhaps a blank between; nothing
// for anything else. What does not fit is the nearest number that does.
[[nodiscard]] std::optional<std::int64_t> parse_byte_size(std::string_view text);

// A whole number, without a leading zero, which would be octal to others; likewise.
[[nodiscard]] std::optional<std::int64_t> parse_whole_number(std::string_view text);

// With the largest unit that divides it: "512MiB", "1000".
[[nodiscard]] std::string format_byte_size(std::int64_t bytes);

}  // namespace strata::internal
