// Settings from a text, for tests: with variables from a map, and the error's message.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/assert.h"
#include "strata/config/settings.h"

namespace strata {

inline Environment table(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

inline Result<Settings> parse(std::string_view text,
                              std::map<std::string, std::string> variables = {}) {
  return parse_settings(text, "f.yaml", table(std::move(variables)));
}

inline std::string error_of(std::string_view text,
                            std::map<std::string, std::string> variables = {}) {
  const auto settings = parse(text, std::move(variables));
  if (settings) return "";
  STRATA_ASSERT(settings.error().code == ErrorCode::kRejected);
  return settings.error().message;
}

}  // namespace strata
