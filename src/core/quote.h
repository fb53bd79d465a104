// Text from outside, made fit for an error message: quoted, escaped, cut at 64 bytes.
#pragma once

#include <string>
#include <string_view>

namespace strata::internal {

// Call it by its full name: std::quoted() is found by argument-dependent look-up otherwise.
//
// `"text"`; bytes outside printable ASCII as \xNN, and "..." where it was cut.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace strata::internal
