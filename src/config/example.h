// The table of settings as a commented configuration and as a reference manual.
#pragma once

#include <string>
#include <string_view>

namespace strata::internal {

// One Markdown table for each section, for docs/configuration.md.
[[nodiscard]] std::string settings_reference();

// `example` with every setting in force that write_example() only shows: the # is taken from
// lines that begin with one and no space, or at least two.
[[nodiscard]] std::string uncommented(std::string_view example);

}  // namespace strata::internal
