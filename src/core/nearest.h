// The candidate that a misspelt name most likely meant, for "did you mean" in errors.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace strata::internal {

// The candidate with the fewest edits (insert, delete, replace, swap of neighbours; case does
// not count) from `name`, the first of equals; nothing if all are further than a third of the
// longer text, or than three edits. O(name * total candidate length), names cut at 64 bytes.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view name,
                                                      std::span<const std::string_view> candidates);

// `, did you mean "x"?`, or nothing when no candidate is near.
[[nodiscard]] std::string suggestion(std::string_view name,
                                     std::span<const std::string_view> candidates);

}  // namespace strata::internal
