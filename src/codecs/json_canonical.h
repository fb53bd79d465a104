// The canonical text of JSON: made from any JSON text, and walked without a parser.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "strata/core/result.h"

namespace strata {

// Json::parse(), but for the wrapping.
[[nodiscard]] Result<std::string> canonical_json(std::string_view text);

// Returns where the value that begins at `begin` ends. Precondition: `canonical` is canonical.
[[nodiscard]] std::size_t json_value_end(std::string_view canonical, std::size_t begin);

}  // namespace strata
