// Substitution of environment variables in one scalar.
#include "config/substitute.h"

#include <algorithm>
#include <optional>

#include "codecs/utf8.h"
#include "core/quote.h"

namespace strata::internal {
namespace {

constexpr std::size_t kNameBytes = 128;

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_variable_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytes || is_digit(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// The value of what stands between ${ and }.
Result<std::string> expand(std::string_view body, const Environment& environment,
                           std::vector<std::string>& variables) {
  const std::size_t separator = body.find(":-");
  const std::string name(body.substr(0, separator));
  if (!is_variable_name(name)) {
    return rejected(quoted("${" + std::string(body) + "}") +
                    " names no variable; write ${NAME}, ${NAME:-default}, or $$ for a $");
  }
  variables.push_back(name);

  const std::optional<std::string> value = environment(name);
  if (value && !is_utf8(*value)) return rejected("the value of " + name + " is not UTF-8");
  if (separator == std::string_view::npos) {
    if (value) return *value;
    return rejected("the environment variable " + name + " is not set; set it, or write ${" + name +
                    ":-default}");
  }
  if (value && !value->empty()) return *value;
  const std::string_view other = body.substr(separator + 2);
  if (other.find("${") != std::string_view::npos) {
    return rejected("the default of ${" + name + "} contains another ${; they do not nest");
  }
  return std::string(other);
}

}  // namespace

Result<Substituted> substitute(std::string_view text, const Environment& environment) {
  Substituted result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t dollar = std::min(text.find('$', at), text.size());
    result.text += text.substr(at, dollar - at);
    at = dollar;
    if (at == text.size()) break;

    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (next != '{') {
      result.text += '$';
      at += next == '$' ? 2 : 1;
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      return rejected("${ without }; write ${NAME}, or $$ for a $");
    }
    auto value = expand(text.substr(at + 2, end - at - 2), environment, result.variables);
    if (!value) return value.error();
    result.text += *value;
    at = end + 1;
  }
  return result;
}

}  // namespace strata::internal
