// Values of settings as text, in both directions.
#include "config/setting.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <iterator>

#include "core/assert.h"
#include "core/byte_size.h"
#include "core/nearest.h"
#include "strata/core/duration.h"

namespace strata::internal {
namespace {

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

template <typename Items, typename Write>
std::string joined(const Items& items, Write write) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += ", ";
    out += write(item);
  }
  return out;
}

std::string to_text(std::string_view text) { return std::string(text); }

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

std::string in_type(SettingType type, std::int64_t number) {
  if (type == SettingType::kBytes) return format_byte_size(number);
  if (type == SettingType::kDuration) return format_duration(Duration(number));
  return std::to_string(number);
}

std::string range_of(const Setting& setting) {
  if (setting.type == SettingType::kShare) return "0 to less than 1";
  return in_type(setting.type, setting.range.from) + " to " +
         in_type(setting.type, setting.range.to);
}

Result<Value> in_range(const Setting& setting, std::int64_t number, const std::string& shown) {
  if (number < setting.range.from || number > setting.range.to) {
    return rejected(shown + " is out of range; write " + range_of(setting));
  }
  if (setting.type == SettingType::kDuration) return Value(Duration(number));
  return Value(number);
}

Result<Value> parse_boolean(const std::string& text, const std::string& shown) {
  if (text == "true") return Value(true);
  if (text == "false") return Value(false);
  static constexpr std::array<std::string_view, 9> kYes = {"yes", "Yes",  "YES",  "on", "On",
                                                           "ON",  "True", "TRUE", "1"};
  static constexpr std::array<std::string_view, 9> kNo = {"no",  "No",    "NO",    "off", "Off",
                                                          "OFF", "False", "FALSE", "0"};
  std::string instead = "true or false";
  if (std::count(kYes.begin(), kYes.end(), text) > 0) instead = "true";
  if (std::count(kNo.begin(), kNo.end(), text) > 0) instead = "false";
  return rejected(shown + " is not true or false; write " + instead);
}

Result<Value> parse_enabled(const std::string& text, const std::string& shown) {
  const bool is_share = text.size() > 1 && text.back() == '%' &&
                        text.find_first_not_of("0123456789.") == text.size() - 1 &&
                        std::count(text.begin(), text.end(), '.') <= 1 && text != ".%";
  if (is_share) {
    double percent = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size() - 1, percent);
    if (read.ec == std::errc() && percent <= 100) return Value(Enabled::percent(percent));
    return rejected(shown + " is out of range; write 0% to 100%");
  }
  const auto boolean = parse_boolean(text, shown);
  if (boolean) return Value(Enabled(std::get<bool>(*boolean)));
  return rejected(boolean.error().message + ", or a share of the keys, for example 25%");
}

Result<Value> parse_integer(const Setting& setting, const std::string& text,
                            const std::string& shown) {
  const auto number = parse_whole_number(text);
  if (!number) return rejected(shown + " is not a whole number; write " + range_of(setting));
  return in_range(setting, *number, shown);
}

Result<Value> parse_bytes(const Setting& setting, const std::string& text,
                          const std::string& shown) {
  const auto bytes = parse_byte_size(text);
  if (!bytes) {
    return rejected(shown +
                    " is not a size; write bytes or a number with KiB, MiB or GiB, "
                    "for example 512MiB");
  }
  return in_range(setting, *bytes, shown);
}

Result<Value> parse_time(const Setting& setting, const std::string& text,
                         const std::string& shown) {
  const auto duration = parse_duration(text);
  if (!duration) {
    return rejected(shown + " is not a duration; write a number with d, h, m, s or ms, " +
                    (setting.range.to == kForever.count() ? "or never, " : "") +
                    "for example 1h30m");
  }
  return in_range(setting, duration->count(), shown);
}

Result<Value> parse_share(const std::string& text, const std::string& shown) {
  // Only digits and a point: strtod() alone would also take hex, "inf" and "nan".
  const bool is_decimal = !text.empty() && text.find_first_not_of("0123456789.") == text.npos &&
                          std::count(text.begin(), text.end(), '.') <= 1 && text != ".";
  if (!is_decimal) {
    return rejected(shown + " is not a share; write 0 to less than 1, for example 0.05");
  }
  double share = 0;
  std::from_chars(text.data(), text.data() + text.size(), share);
  if (share >= 1) return rejected(shown + " is out of range; write 0 to less than 1");
  return Value(share);
}

Result<Value> parse_choice(const Setting& setting, const std::string& text,
                           const std::string& shown) {
  const auto found = std::find(setting.choices.begin(), setting.choices.end(), text);
  if (found == setting.choices.end()) {
    return rejected(shown + " is not one of: " + joined(setting.choices, to_text) +
                    suggestion(text, setting.choices));
  }
  return Value(static_cast<std::int64_t>(std::distance(setting.choices.begin(), found)));
}

std::string format_named(const Named& named) {
  return yaml_text(named.first) + ": " + (named.second ? yaml_text(*named.second) : "null");
}

std::string format_share(double share) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), share).ptr;
  return {digits.begin(), end};
}

// Whether every reader of YAML takes the bare text for a text.
bool is_plain_text(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kOther = {"true", "false", "null", "yes", "no",
                                                             "on",   "off",   "y",    "n"};
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
  constexpr std::string_view kOthers = "0123456789.-";
  const bool begins_well = !text.empty() && (kLetters.find(text[0]) != std::string_view::npos ||
                                             text.starts_with("./") || text.starts_with("../") ||
                                             text.starts_with(".cache/"));
  if (!begins_well || text.find_first_not_of(std::string(kLetters).append(kOthers)) != text.npos) {
    return false;
  }
  return std::count(kOther.begin(), kOther.end(), in_lower_case(text)) == 0;
}

}  // namespace

Value to_value(const std::vector<SourceParameter>& field) {
  std::vector<Named> named;
  for (const SourceParameter& parameter : field) {
    named.emplace_back(parameter.name, parameter.required
                                           ? std::nullopt
                                           : std::optional<std::string>(parameter.default_value));
  }
  return named;
}

void from_value(Value value, std::vector<SourceParameter>& field) {
  field.clear();
  for (Named& named : std::get<std::vector<Named>>(value)) {
    field.push_back({.name = std::move(named.first),
                     .required = !named.second.has_value(),
                     .default_value = std::move(named.second).value_or("")});
  }
}

Value to_value(const Headers& field) { return std::vector<Named>(field.begin(), field.end()); }

void from_value(Value value, Headers& field) {
  field.clear();
  for (Named& named : std::get<std::vector<Named>>(value)) {
    field.emplace_back(std::move(named.first), std::move(named.second).value_or(""));
  }
}

Result<Value> parse_value(const Setting& setting, const std::string& text,
                          const std::string& shown) {
  switch (setting.type) {
    case SettingType::kBoolean:
      return parse_boolean(text, shown);
    case SettingType::kEnabled:
      return parse_enabled(text, shown);
    case SettingType::kInteger:
    case SettingType::kIntegerList:
      return parse_integer(setting, text, shown);
    case SettingType::kBytes:
      return parse_bytes(setting, text, shown);
    case SettingType::kDuration:
      return parse_time(setting, text, shown);
    case SettingType::kShare:
      return parse_share(text, shown);
    case SettingType::kChoice:
      return parse_choice(setting, text, shown);
    case SettingType::kTextList:
      if (!setting.choices.empty()) return parse_choice(setting, text, shown);
      return Value(text);
    case SettingType::kText:
      return Value(text);
    case SettingType::kTextMap:
    case SettingType::kParameters:
      break;
  }
  STRATA_ASSERT(setting.type < SettingType::kTextMap);
  return Value();
}

Result<Value> parse_outside_boolean(const Setting& setting, const std::string& text,
                                    const std::string& shown) {
  const std::string lower = in_lower_case(text);
  const bool is_true = lower == "true" || lower == "1" || lower == "yes";
  const bool is_false = lower == "false" || lower == "0" || lower == "no";
  if (setting.type == SettingType::kEnabled) {
    if (is_true || is_false) return Value(Enabled(is_true));
    return parse_enabled(text, shown);
  }
  if (is_true || is_false) return Value(is_true);
  return rejected(shown + " is not true or false; write true, 1, yes, or false, 0, no");
}

std::string format_value(const Setting& setting, const Value& value) {
  switch (setting.type) {
    case SettingType::kBoolean:
      return std::get<bool>(value) ? "true" : "false";
    case SettingType::kEnabled:
      return to_string(std::get<Enabled>(value));
    case SettingType::kInteger:
      return std::to_string(std::get<std::int64_t>(value));
    case SettingType::kBytes:
      return format_byte_size(std::get<std::int64_t>(value));
    case SettingType::kDuration:
      return format_duration(std::get<Duration>(value));
    case SettingType::kShare:
      return format_share(std::get<double>(value));
    case SettingType::kText:
      return yaml_text(std::get<std::string>(value));
    case SettingType::kChoice:
      return std::string(setting.choices[static_cast<std::size_t>(std::get<std::int64_t>(value))]);
    case SettingType::kTextList:
      return '[' + joined(std::get<std::vector<std::string>>(value), yaml_text) + ']';
    case SettingType::kIntegerList:
      return '[' +
             joined(std::get<std::vector<int>>(value), [](int i) { return std::to_string(i); }) +
             ']';
    case SettingType::kTextMap:
    case SettingType::kParameters:
      return '{' + joined(std::get<std::vector<Named>>(value), format_named) + '}';
  }
  return {};
}

std::string describe_type(const Setting& setting) {
  switch (setting.type) {
    case SettingType::kBoolean:
      return "true or false";
    case SettingType::kEnabled:
      return "true, false or 0% to 100%";
    case SettingType::kInteger:
    case SettingType::kBytes:
    case SettingType::kDuration:
    case SettingType::kShare:
      return range_of(setting);
    case SettingType::kText:
      return "text";
    case SettingType::kTextList:
      if (setting.choices.empty()) return "list of texts";
      return "list of " + joined(setting.choices, to_text);
    case SettingType::kChoice:
      return joined(setting.choices, to_text);
    case SettingType::kIntegerList:
      return "list of " + range_of(setting);
    case SettingType::kTextMap:
      return "names with texts";
    case SettingType::kParameters:
      return "names, each with its default or nothing";
  }
  return {};
}

std::string yaml_text(std::string_view text) {
  if (is_plain_text(text)) return std::string(text);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '$') {
      out += "$$";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace strata::internal
