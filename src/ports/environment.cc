// The process's environment.
#include "strata/ports/environment.h"

#include <cstdlib>

namespace strata {

Environment system_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

}  // namespace strata
