// Substitution of environment variables in one scalar.
#include "config/substitute.h"

#include <algorithm>
#include <optional>

#include "codecs/utf8.h"
#include "core/quote.h"

namespace strata::internal {
namespace {

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// The value of what stands between ${ and }.
Result<std::string> expand(std::string_view body, Variables& variables,
                           std::vector<SettingVariable>& used) {
  const std::size_t separator = body.find(":-");
  const std::string name(body.substr(0, separator));
  if (!is_variable_name(name)) {
    return rejected(quoted("${" + std::string(body) + "}") +
                    " names no variable; write ${NAME}, ${NAME:-default}, or $$ for a $");
  }
  std::optional<Variables::Found> found = variables.find(name);
  const bool has_default = separator != std::string_view::npos;
  if (found && has_default && found->value.empty()) found.reset();
  used.push_back({name, found ? found->origin : VariableOrigin::kDefault});
  if (found && !is_utf8(found->value)) return rejected("the value of " + name + " is not UTF-8");
  if (found) return found->value;
  if (!has_default) {
    return rejected("the variable " + name +
                    " is not set; set it in the environment or in .env, or write ${" + name +
                    ":-default}");
  }
  const std::string_view other = body.substr(separator + 2);
  if (other.find("${") != std::string_view::npos) {
    return rejected("the default of ${" + name + "} contains another ${; they do not nest");
  }
  return std::string(other);
}

}  // namespace

Result<Substituted> substitute(std::string_view text, Variables& variables) {
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
    auto value = expand(text.substr(at + 2, end - at - 2), variables, result.variables);
    if (!value) return value.error();
    result.text += *value;
    at = end + 1;
  }
  return result;
}

}  // namespace strata::internal
