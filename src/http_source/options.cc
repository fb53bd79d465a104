// The checks of HttpOptions, one function for each option that can be wrong.
#include "http_source/options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/quote.h"
#include "http_source/transfer.h"
#include "strata/codecs/json.h"

namespace strata {

namespace {

// Headers that the source itself sends, or that would say what the body is made of.
constexpr std::array<std::string_view, 7> kOwnHeaders{
    "accept-encoding",   "connection", "content-length",   "if-none-match",
    "if-modified-since", "range",      "transfer-encoding"};

Error rejected(const HttpOptions& options, const std::string& what) {
  return {ErrorCode::kRejected, "source " + internal::quoted(options.name) + ": " + what, {}};
}

bool is_token(std::string_view text) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_allowed);
}

// Visible characters, spaces and tabs: nothing that could end a line.
bool is_header_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

bool is_own_header(std::string_view name) {
  return std::any_of(kOwnHeaders.begin(), kOwnHeaders.end(), [&](std::string_view own) {
    return std::equal(own.begin(), own.end(), name.begin(), name.end(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
    });
  });
}

// Values are not shown: they may be secrets.
Result<void> check_headers(const HttpOptions& options) {
  for (const auto& [name, value] : options.headers) {
    if (!is_token(name)) {
      return rejected(options, "headers: " + internal::quoted(name) + " is not a header's name");
    }
    if (is_own_header(name)) {
      return rejected(options, "headers: " + name + " is set by the source itself");
    }
    if (!is_header_value(value)) {
      return rejected(options, "headers: the value of " + name + " has a control character");
    }
  }
  if (!is_header_value(options.user_agent)) {
    return rejected(options, "user_agent: has a control character");
  }
  return {};
}

Result<void> check_limits(const HttpOptions& options) {
  if (options.connections == 0) return rejected(options, "connections: must be at least 1");
  if (options.max_body_bytes == 0) return rejected(options, "max_body_bytes: must be at least 1");
  if (options.connect_timeout <= Duration(0)) {
    return rejected(options, "connect_timeout: must be longer than 0");
  }
  if (options.timeout <= Duration(0)) return rejected(options, "timeout: must be longer than 0");
  for (const int status : options.absent_statuses) {
    // 304 and redirects have a meaning of their own, 200 is a value.
    const bool is_possible = status == 204 || (status >= 400 && status <= 599);
    if (is_possible) continue;
    return rejected(options, "absent_statuses: " + std::to_string(status) +
                                 " cannot mean absence; 204 and 400 to 599 can");
  }
  return {};
}

Result<void> adopt_parameters(HttpOptions& options, const std::vector<std::string>& names) {
  for (const SourceParameter& parameter : options.parameters) {
    if (std::find(names.begin(), names.end(), parameter.name) != names.end()) continue;
    return rejected(options,
                    "url_template: does not use parameter " + internal::quoted(parameter.name));
  }
  const std::vector<SourceParameter>& declared = options.parameters;
  for (const std::string& name : names) {
    const bool is_declared =
        std::any_of(declared.begin(), declared.end(),
                    [&](const SourceParameter& parameter) { return parameter.name == name; });
    if (is_declared) continue;
    options.parameters.push_back({.name = name, .required = true, .default_value = {}});
  }
  return {};
}

}  // namespace

Result<UrlTemplate> check_options(HttpOptions& options) {
  Result<UrlTemplate> url = UrlTemplate::parse(options.url_template);
  if (!url) return rejected(options, "url_template: " + url.error().message);
  Params harmless;
  for (std::string& name : url->names()) harmless.emplace_back(std::move(name), "x");
  const Result<void> url_is_sound = check_url(url->expand(harmless).value().url);
  if (!url_is_sound) return rejected(options, "url_template: " + url_is_sound.error().message);

  const Result<void> pointer_is_sound = check_json_pointer(options.json_pointer);
  if (!pointer_is_sound) {
    return rejected(options, "json_pointer: " + pointer_is_sound.error().message);
  }
  for (const Result<void>& check : {adopt_parameters(options, url->names()),
                                    check_declaration(options.name, options.parameters),
                                    check_headers(options), check_limits(options)}) {
    if (!check) return check.error();
  }
  return url;
}

}  // namespace strata
