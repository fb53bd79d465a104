// What edges a dependency graph takes, and what it says about others.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "strata/core/label.h"
#include "strata/core/result.h"

namespace strata::internal {

// The label as people write it, quoted and cut.
[[nodiscard]] std::string quoted_label(const Label& label);

// Ok, or kRejected: a label that is not valid, everything(), or an edge to itself.
[[nodiscard]] Result<void> check_edges(const Label& derived, std::span<const Label> sources);

// Ok, or kRejected: so many sources of one label, or edges in all, are over their limit.
[[nodiscard]] Result<void> check_counts(const Label& derived, std::size_t sources,
                                        std::size_t edges);

// The exception that is being handled, as the error of adding edges of `derived`.
[[nodiscard]] Error error_of_edges(const Label& derived) noexcept;

}  // namespace strata::internal
