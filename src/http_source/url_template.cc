// URL templates: where placeholders may stand, and how values are encoded.
#include "http_source/url_template.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "core/quote.h"
#include "strata/http_source/http_source.h"

namespace strata {

namespace {

// Text that is shorter is not looked for in what a server sends: it would be found in much.
constexpr std::size_t kSecretTextBytes = 6;

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_unreserved(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

void append_encoded(std::string& out, std::string_view value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : value) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

// Precondition: every % begins a code, which parse() and append_encoded() see to.
std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    out += static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
    at += 2;
  }
  return out;
}

// Where scheme and authority end and the path begins; npos without a scheme that is allowed.
std::size_t path_begin(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    const bool is_it =
        url.size() >= scheme.size() && std::equal(scheme.begin(), scheme.end(), url.begin(),
                                                  [](char a, char b) { return a == lower(b); });
    if (is_it) return std::min(url.find_first_of("/?#", scheme.size()), url.size());
  }
  return std::string_view::npos;
}

// Servers differ in whether they decode before they split, so both ways count; backslashes are
// slashes to some.
bool climbs(std::string_view segment) {
  std::string decoded = decode(segment);
  std::replace(decoded.begin(), decoded.end(), '\\', '/');
  std::string_view rest = decoded;
  while (true) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part == "." || part == "..") return true;
    if (part.size() == rest.size()) return false;
    rest.remove_prefix(part.size() + 1);
  }
}

Result<void> check_path(std::string_view url) {
  std::string_view path = url.substr(path_begin(url));
  path = path.substr(0, path.find('?'));
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (climbs(segment)) return rejected("a path segment would be . or ..");
    path.remove_prefix(segment.size());
  }
  return {};
}

Result<void> check_literal(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c <= ' ' || c > '~' || std::string_view("\"<>\\^`|}#").find(c) != std::string_view::npos) {
      return rejected("it contains " + internal::quoted(text.substr(at, 1)));
    }
    if (c != '%') continue;
    // Within one literal: "%2{x}" would let a value finish the code.
    const bool is_code =
        at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
    if (!is_code) return rejected("a % does not begin a two-digit code");
  }
  return {};
}

}  // namespace

Result<UrlTemplate> UrlTemplate::parse(std::string_view text) {
  const std::size_t path = path_begin(text);
  if (path == std::string_view::npos) return rejected("it does not begin with http:// or https://");
  if (text.find('{') < path) {
    return rejected("placeholders may only stand in the path and the query");
  }
  if (text[path - 1] == '/') return rejected("it has no host");

  UrlTemplate result;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    const std::string_view literal = text.substr(0, open);
    const Result<void> is_sound = check_literal(literal);
    if (!is_sound) return is_sound.error();
    if (!literal.empty()) {
      result.pieces_.push_back({.text = std::string(literal), .is_placeholder = false});
    }
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos) return rejected("a { has no }");
    const std::string_view name = text.substr(1, close - 1);
    const Result<void> is_name = validate_name("placeholder", name);
    if (!is_name) return is_name.error();
    result.pieces_.push_back({.text = std::string(name), .is_placeholder = true});
    text.remove_prefix(close + 1);
  }

  // Whatever is wrong with harmless values is wrong with the template.
  Params harmless;
  for (std::string& name : result.names()) harmless.emplace_back(std::move(name), "x");
  const Result<ExpandedUrl> example = result.expand(harmless);
  if (!example) return example.error();

  PrintableUrl printable = printable_template(result.pieces_);
  result.printable_ = std::move(printable.text);
  for (const std::string& value : printable.hidden_values) {
    if (value.size() < kSecretTextBytes) continue;
    result.secrets_.push_back(value);
    result.secrets_.push_back(decode(value));
  }
  return result;
}

std::vector<std::string> UrlTemplate::names() const {
  std::vector<std::string> names;
  for (const UrlPiece& piece : pieces_) {
    if (!piece.is_placeholder) continue;
    if (std::find(names.begin(), names.end(), piece.text) == names.end()) {
      names.push_back(piece.text);
    }
  }
  return names;
}

Result<ExpandedUrl> UrlTemplate::expand(const Params& params) const {
  ExpandedUrl expanded{.url = {}, .printable = printable_, .secrets = secrets_};
  for (const UrlPiece& piece : pieces_) {
    if (!piece.is_placeholder) {
      expanded.url += piece.text;
      continue;
    }
    const auto param = std::find_if(params.begin(), params.end(),
                                    [&](const auto& known) { return known.first == piece.text; });
    STRATA_ASSERT(param != params.end());
    const std::string& value = param->second;
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return rejected("parameter " + internal::quoted(piece.text) + " contains CR, LF or NUL");
    }
    const bool is_in_path = expanded.url.find('?') == std::string::npos;
    if (is_in_path && value.empty()) {
      return rejected("parameter " + internal::quoted(piece.text) + " is empty; it is part of " +
                      "the path");
    }
    const std::size_t begin = expanded.url.size();
    append_encoded(expanded.url, value);
    if (is_in_path && climbs(std::string_view(expanded.url).substr(begin))) {
      return rejected("parameter " + internal::quoted(piece.text) + " has a path segment . or ..");
    }
    if (is_secret_name(piece.text) || value.size() >= kSecretTextBytes) {
      expanded.secrets.push_back(value);
      expanded.secrets.push_back(expanded.url.substr(begin));
    }
    if (expanded.url.size() > kHttpUrlBytes) break;
  }
  if (expanded.url.size() > kHttpUrlBytes) {
    return rejected("the URL would be longer than " + std::to_string(kHttpUrlBytes) + " bytes");
  }
  const Result<void> path_is_sound = check_path(expanded.url);
  if (!path_is_sound) return path_is_sound.error();
  return expanded;
}

}  // namespace strata
