#include "config/variables.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace strata::internal {
namespace {

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "${A} and ${B} of .env", each once.
std::string listed(std::span<const SettingVariable> variables) {
  std::vector<std::string> names;
  for (const SettingVariable& variable : variables) {
    std::string name = "${" + variable.name + "}";
    if (variable.origin == VariableOrigin::kDotEnv) name += " of .env";
    if (variable.origin == VariableOrigin::kDefault) name = "the default of " + name;
    if (std::count(names.begin(), names.end(), name) == 0) names.push_back(std::move(name));
  }
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " and ") + name;
  return out;
}

}  // namespace

bool is_variable_name(std::string_view name) {
  if (name.empty() || name.size() > kVariableNameBytes || is_digit(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

std::optional<Variables::Found> Variables::find(const std::string& name) {
  if (auto value = environment_(name)) return Found{*std::move(value)};
  asked_dot_env_ = true;
  if (dot_env_ == nullptr) return std::nullopt;
  const auto found = dot_env_->variables.find(name);
  if (found == dot_env_->variables.end()) return std::nullopt;
  return Found{found->second, VariableOrigin::kDotEnv};
}

std::string from_variables(std::span<const SettingVariable> variables) {
  return variables.empty() ? std::string() : " (from " + listed(variables) + ")";
}

std::string with_variables_below(const std::map<std::string, SettingOrigin>& origins,
                                 const std::string& path) {
  std::vector<SettingVariable> variables;
  for (const auto& [key, origin] : origins) {
    if (key != path && !key.starts_with(path + '.')) continue;
    variables.insert(variables.end(), origin.variables.begin(), origin.variables.end());
  }
  return variables.empty() ? std::string() : " (with values from " + listed(variables) + ")";
}

}  // namespace strata::internal
