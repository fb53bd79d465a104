// What can be said of a source's settings without opening it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/config/settings.h"
#include "strata/core/result.h"
#include "strata/ports/source.h"

namespace strata::internal {

// The parameters that the source will have: those declared and those that its address or query
// names. Errors: kRejected for an address or options that cannot work.
[[nodiscard]] Result<std::vector<SourceParameter>> parameters_of(const SourceSettings& source);

// Ok if every {name} in `tags` is one of `parameters`; kRejected, naming the tag.
[[nodiscard]] Result<void> check_tags(std::span<const std::string> tags,
                                      std::span<const SourceParameter> parameters);

// The :names in a query, each once, outside of texts, quoted identifiers and comments.
[[nodiscard]] std::vector<std::string> names_in_query(std::string_view query);

}  // namespace strata::internal
