// Environment: where the values of environment variables come from. Tests inject a table.
//
// Threads   May be called from any thread that does not run concurrently with setenv().
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace strata {

// The value of a variable, or nothing if it is not set. A set variable may be empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own environment.
[[nodiscard]] Environment system_environment();

}  // namespace strata
