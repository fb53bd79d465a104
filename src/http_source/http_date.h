// Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "strata/core/time.h"

namespace strata {

// Reads the three forms of RFC 9110; nothing if it is none of them.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

// Whole seconds, rounded down: a condition made of it can only ask for more.
[[nodiscard]] std::string format_http_date(WallTime time);

}  // namespace strata
