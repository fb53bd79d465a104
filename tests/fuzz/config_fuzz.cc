// Any bytes as a configuration, and as a .env file.
//
// It must end in Settings or in an error whose lines are bounded and printable; what is shown of
// the Settings must be readable again as the same Settings.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "config/dot_env.h"
#include "strata/config/settings.h"

namespace {

void check(bool condition) {
  if (!condition) std::abort();
}

// Some variables are set, to what a text would have to escape.
std::optional<std::string> variable(const std::string& name) {
  if (name == "A") return "a";
  if (name == "SECRET") return "h\tu\"n: [t}er2";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

void check_error(const std::string& message, std::string_view input) {
  check(!message.empty());
  check(std::count(message.begin(), message.end(), '\n') <= 20);
  // The secret, unless the input has it of its own.
  constexpr std::string_view kPart = "n: [t}er2";
  check(message.find(kPart) == std::string::npos || input.find(kPart) != std::string_view::npos);
  check(std::all_of(message.begin(), message.end(), [](char c) {
    return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }));
}

// Each section on its own line, as `config show` has it. Redacted values are left out.
void check_shown(const strata::Settings& settings) {
  for (const strata::EffectiveSetting& setting : strata::effective_settings(settings)) {
    check(!setting.origin.empty());
    const std::size_t dot = setting.key.rfind('.');
    const std::string section = setting.key.substr(0, dot);
    const bool is_plain = section == "cache.memory" || section == "cache.sqlite" ||
                          section == "cache.defaults" || section == "cache.log";
    if (!is_plain || setting.value == "(redacted)") continue;
    const std::string text = "cache: {" + section.substr(6) + ": {" + setting.key.substr(dot + 1) +
                             ": " + setting.value + "}}";
    const auto again = strata::parse_settings(text, "shown", variable);
    check(again.ok());
    for (const strata::EffectiveSetting& other : strata::effective_settings(*again)) {
      if (other.key == setting.key) check(other.value == setting.value);
    }
  }
}

void check_dot_env(std::string_view input) {
  const strata::internal::DotEnv env = strata::internal::parse_dot_env(input, "f.env");
  check(env.problems.size() <= strata::internal::kDotEnvProblems + 1);
  std::size_t bytes = 0;
  for (const auto& [name, value] : env.variables) bytes += name.size() + value.size();
  check(bytes <= input.size());
  for (const std::string& problem : env.problems) check(problem.starts_with("f.env:"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_dot_env(input);
  const auto settings = strata::parse_settings(input, "f.yaml", variable);
  if (!settings) {
    check_error(settings.error().message, input);
    return 0;
  }
  static_cast<void>(strata::settings_warnings(*settings));
  if (!settings->origins.empty()) check_shown(*settings);
  return 0;
}
