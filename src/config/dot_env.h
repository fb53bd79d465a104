// A `.env` file: variables beside a configuration, for those that the environment does not set.
//
//   # A comment; blank lines are skipped
//   CACHE_TTL=3600
//   export CACHE_NAME=shop             # the rest of the line is a comment
//   GREETING='as it is: $HOME, \n, #'
//   LINES="first\nsecond \"quoted\" \\"
//
// A line is NAME=value; blanks around either are skipped. A value without quotes ends with its
// line, or before a # that follows a blank. Between single quotes everything is as it stands;
// between double quotes \n, \" and \\ are escapes, and there are no others. A quoted value ends
// on its line. Nothing is expanded: neither $NAME nor ${NAME} means anything here.
//
// Errors    As problems, `file:line:column: what is wrong and what to write`, which show names
//           of variables but never anything of a value. Lines without one count all the same.
// Memory    A file has at most kDotEnvBytes.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace strata::internal {

inline constexpr std::size_t kDotEnvBytes = 64u << 10;
inline constexpr std::size_t kDotEnvProblems = 20;  // of a file; it is not read beyond the last

struct DotEnv {
  std::string file;  // for messages
  std::map<std::string, std::string> variables;
  std::vector<std::string> problems;
  bool others_read = false;  // its permissions let its group, or everybody, read it
};

[[nodiscard]] DotEnv parse_dot_env(std::string_view text, const std::string& file);

// The `.env` beside the configuration `config_file`. None, and a folder of that name, which some
// tools make, count as an empty one; one that cannot be read is a problem.
[[nodiscard]] DotEnv load_dot_env(const std::string& config_file);

}  // namespace strata::internal
