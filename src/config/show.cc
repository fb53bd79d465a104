// The settings in force, each with where it came from, and without secrets.
#include <algorithm>

#include "config/sections.h"
#include "http_source/url_template.h"
#include "strata/config/settings.h"

namespace strata {
namespace internal {
namespace {

constexpr std::string_view kRedacted = "(redacted)";

std::string_view to_string(VariableOrigin origin) {
  switch (origin) {
    case VariableOrigin::kEnvironment:
      return "environment ";
    case VariableOrigin::kDotEnv:
      return ".env ";
    case VariableOrigin::kDefault:
      break;
  }
  return "the default of ";
}

std::string describe_origin(const Settings& settings, const SettingOrigin& origin) {
  std::string out = settings.file + ':' + std::to_string(origin.line);
  std::string_view before = ", from ";
  for (const SettingVariable& variable : origin.variables) {
    out.append(before).append(to_string(variable.origin)).append(variable.name);
    before = " and ";
  }
  return out;
}

// Headers lose their values, parameters the defaults of names that sound like a secret.
Value without_secrets(const Setting& setting, Value value) {
  if (auto* named = std::get_if<std::vector<Named>>(&value)) {
    for (auto& [name, text] : *named) {
      const bool is_secret = setting.type == SettingType::kTextMap || is_secret_name(name);
      if (is_secret && text) text = kRedacted;
    }
  }
  auto* text = std::get_if<std::string>(&value);
  if (text != nullptr && text->find("://") != std::string::npos) *text = redact_url(*text);
  return value;
}

EffectiveSetting effective(const Settings& settings, const Section& section,
                           const Setting& setting) {
  EffectiveSetting result;
  result.key = section.path + '.' + std::string(setting.name);
  result.origin = "default";
  bool is_secret = false;

  auto origin = settings.origins.find(result.key);
  const bool is_own = origin != settings.origins.end();
  if (!is_own && !section.inherits_from.empty()) {
    origin = settings.origins.find(section.inherits_from + '.' + std::string(setting.name));
  }
  if (origin != settings.origins.end()) {
    is_secret = origin->second.secret;
    result.origin = describe_origin(settings, origin->second);
    if (!is_own) result.origin = section.inherits_from + ", " + result.origin;
  }
  const Value value = setting.get(section.object);
  result.value =
      is_secret ? std::string(kRedacted) : format_value(setting, without_secrets(setting, value));
  return result;
}

}  // namespace
}  // namespace internal

std::vector<EffectiveSetting> effective_settings(const Settings& settings) {
  std::vector<EffectiveSetting> all;
  internal::for_each_section(settings, [&](const internal::Section& section) {
    for (const internal::Setting& setting : section.settings) {
      all.push_back(internal::effective(settings, section, setting));
    }
  });
  return all;
}

}  // namespace strata
