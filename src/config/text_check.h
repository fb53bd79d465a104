// Whether bytes are text that a YAML parser should see at all, and if not, where not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/document.h"

namespace strata::internal {

struct TextProblem {
  Place place;
  std::string message;
};

// UTF-8 without control characters but line ends and tabs, of at most kConfigBytes.
[[nodiscard]] std::optional<TextProblem> check_config_text(std::string_view text);

// The first line up to and including `last_line` that is indented with a tab, if any.
[[nodiscard]] std::optional<TextProblem> find_tab_indentation(std::string_view text,
                                                              std::size_t last_line);

// Whether the quoted scalar that begins at or after `offset` (behind an anchor or tag) is closed.
[[nodiscard]] bool quote_is_closed(std::string_view text, std::size_t offset);

// `text` without the mark that some editors put in front of UTF-8.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

}  // namespace strata::internal
