// ${VARIABLE} in the scalars of a configuration.
//
//   ${NAME}            the variable's value; an error if it is not set
//   ${NAME:-default}   the default if the variable is not set or empty
//   $$                 one $
//
// It works on a scalar that is already parsed, so a value can never add keys or lines; what it
// brings is not looked at again. A $ before anything else is an ordinary character.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/variables.h"
#include "strata/core/result.h"

namespace strata::internal {

struct Substituted {
  std::string text;
  std::vector<SettingVariable> variables;  // in order of use
};

// Errors: kRejected, naming the variable and what is wrong with it.
[[nodiscard]] Result<Substituted> substitute(std::string_view text, Variables& variables);

}  // namespace strata::internal
