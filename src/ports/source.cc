// What every source does with its declaration and with the parameters it is given.
#include "strata/ports/source.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/nearest.h"
#include "core/quote.h"

namespace strata {
namespace {

using internal::quoted;

// "accepted are year, cbsa (optional)"
std::string accepted(const std::vector<SourceParameter>& parameters) {
  if (parameters.empty()) return "it accepts none";
  std::string text = "accepted are ";
  for (const SourceParameter& parameter : parameters) {
    if (&parameter != &parameters.front()) text += ", ";
    text += parameter.name;
    if (!parameter.required) text += " (optional)";
  }
  return text;
}

std::vector<std::string_view> names_of(const std::vector<SourceParameter>& parameters) {
  std::vector<std::string_view> names;
  names.reserve(parameters.size());
  for (const SourceParameter& parameter : parameters) names.push_back(parameter.name);
  return names;
}

}  // namespace

Result<void> check_params(const Source& source, const Params& params) {
  const std::vector<SourceParameter>& parameters = source.parameters();
  const auto rejected = [&](const std::string& what) {
    return Error{ErrorCode::kRejected,
                 "source " + quoted(source.name()) + ": " + what + "; " + accepted(parameters),
                 {}};
  };
  const auto given = [&](std::string_view name) {
    return std::count_if(params.begin(), params.end(),
                         [&](const auto& param) { return param.first == name; });
  };

  const std::vector<std::string_view> names = names_of(parameters);
  for (const auto& [name, value] : params) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return rejected("unknown parameter " + quoted(name) + internal::suggestion(name, names));
    }
    if (given(name) > 1) return rejected("parameter " + quoted(name) + " is given twice");
  }
  for (const SourceParameter& parameter : parameters) {
    if (parameter.required && given(parameter.name) == 0) {
      return rejected("parameter " + quoted(parameter.name) + " is missing");
    }
  }
  return {};
}

Params with_defaults(const Source& source, const Params& params) {
  Params complete;
  complete.reserve(source.parameters().size());
  for (const SourceParameter& parameter : source.parameters()) {
    const auto given = std::find_if(params.begin(), params.end(), [&](const auto& param) {
      return param.first == parameter.name;
    });
    complete.emplace_back(parameter.name,
                          given != params.end() ? given->second : parameter.default_value);
  }
  return complete;
}

Result<void> check_declaration(std::string_view name,
                               const std::vector<SourceParameter>& parameters) {
  Result<void> is_sound = validate_name("source", name);
  for (auto parameter = parameters.begin(); is_sound && parameter != parameters.end();
       ++parameter) {
    is_sound = validate_name("parameter", parameter->name);
    const bool is_repeated = std::any_of(
        parameters.begin(), parameter,
        [&](const SourceParameter& earlier) { return earlier.name == parameter->name; });
    if (is_repeated) {
      is_sound = Error{
          ErrorCode::kRejected,
          "source " + quoted(name) + " declares parameter " + quoted(parameter->name) + " twice",
          {}};
    }
  }
  return is_sound;
}

}  // namespace strata
