// Completion scripts for shells, made from the commands themselves.
#pragma once

#include <string>

#include "cli/command.h"

namespace strata::cli {

[[nodiscard]] std::string bash_completion(const Command& root);
[[nodiscard]] std::string zsh_completion(const Command& root);
[[nodiscard]] std::string fish_completion(const Command& root);

}  // namespace strata::cli
