// Wildcards, of which there are none.
#pragma once

#include <string>
#include <string_view>

#include "core/quote.h"
#include "strata/core/result.h"

namespace strata::cli {

// kRejected for a text with one of `wildcards`: whoever writes one means more than the one thing
// that the text would name.
[[nodiscard]] inline Result<void> refuse_wildcards(std::string_view option, const std::string& text,
                                                   const char* wildcards = "*?") {
  if (text.find_first_of(wildcards) == std::string::npos) return {};
  return Error{ErrorCode::kRejected,
               std::string(option) + ": " + internal::quoted(text) +
                   " has a wildcard, and there are none; --prefix selects by the beginning",
               {}};
}

}  // namespace strata::cli
