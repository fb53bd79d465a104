// Context: what a running command may use.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "cli/console.h"
#include "cli/exit_code.h"
#include "strata/ports/environment.h"

namespace strata::cli {

// What every command accepts.
struct GlobalOptions {
  std::optional<std::string> config;
  bool json = false;
  bool quiet = false;
  bool no_color = false;
  bool version = false;
};

struct Context {
  const Command& root;
  const GlobalOptions& globals;
  const Environment& environment;
  Console& console;
};

// Says on standard error what went wrong and, with --json, on standard output too.
ExitCode fail(Context& context, ExitCode code, std::string_view message);
ExitCode fail(Context& context, const Error& error);

}  // namespace strata::cli
