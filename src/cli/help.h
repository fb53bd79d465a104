// Help texts, made from the commands themselves.
#pragma once

#include <string>

#include "cli/command.h"

namespace strata::cli {

// Everything about a command: what it does, examples, arguments, options.
[[nodiscard]] std::string help_text(const CommandPath& path);

// "usage: strata put [options] KEYSPACE ID VALUE"
[[nodiscard]] std::string usage_line(const CommandPath& path);

}  // namespace strata::cli
