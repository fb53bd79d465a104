// The parser: from the words of a command line to the command that they ask for.
//
// Options may stand anywhere after the command's name; those of the root are accepted by every
// command. What comes after `--` is no option. `-h` and `--help` are accepted everywhere, and
// then nothing else has to be right.
//
// Errors    As a UsageError; the variables behind arguments may have been changed by then.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/command.h"

namespace strata::cli {

struct Invocation {
  CommandPath path;
  bool help = false;  // explain the command rather than run it
};

struct UsageError {
  CommandPath path;     // as far as it was understood
  std::string message;  // for people: what is wrong, and what was probably meant
};

using ParseResult = std::variant<Invocation, UsageError>;

// `words` are those after the program's name.
[[nodiscard]] ParseResult parse(const Command& root, const std::vector<std::string>& words);

// What is wrong with `word` where a command of `parent` should stand.
[[nodiscard]] std::string unknown_command(const CommandPath& parent, const std::string& word);

}  // namespace strata::cli
