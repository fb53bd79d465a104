// Variables: what ${NAME} in a configuration stands for, and where its value comes from.
//
// The environment comes first: a variable that is set there, be it empty, is never looked for in
// the `.env` file.
//
// Threads   Confined to the reading of one configuration.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/dot_env.h"
#include "strata/config/settings.h"
#include "strata/ports/environment.h"

namespace strata::internal {

inline constexpr std::size_t kVariableNameBytes = 128;

// Letters, digits and _, not beginning with a digit.
[[nodiscard]] bool is_variable_name(std::string_view name);

class Variables {
 public:
  struct Found {
    std::string value;
    VariableOrigin origin = VariableOrigin::kEnvironment;
  };

  // Borrows both.
  explicit Variables(const Environment& environment, const DotEnv* dot_env = nullptr)
      : environment_(environment), dot_env_(dot_env) {}

  // A variable that is set, and where; it may be empty.
  [[nodiscard]] std::optional<Found> find(const std::string& name);
  // Whether the environment lacked a variable, so that what is wrong with `.env` matters.
  [[nodiscard]] bool asked_dot_env() const { return asked_dot_env_; }

 private:
  const Environment& environment_;
  const DotEnv* dot_env_;
  bool asked_dot_env_ = false;
};

// " (from ${A} and ${B} of .env)", for the end of a message about a value; empty of none.
[[nodiscard]] std::string from_variables(std::span<const SettingVariable> variables);

// " (with values from ${A})": of all settings at and below the key `path`, taken together.
[[nodiscard]] std::string with_variables_below(const std::map<std::string, SettingOrigin>& origins,
                                               const std::string& path);

}  // namespace strata::internal
