#include "outbox/literal_list.h"

#include <utility>

namespace strata::outbox {
namespace {

constexpr std::string_view kNull = "NULL";

// Takes a literal from the front of `rest`. Returns false if there is none.
bool take_literal(std::string_view& rest, std::optional<std::string>& literal) {
  if (rest.starts_with(kNull)) {
    rest.remove_prefix(kNull.size());
    return true;
  }
  if (!rest.starts_with('\'')) return false;
  rest.remove_prefix(1);
  std::string text;
  while (true) {
    const std::size_t end = rest.find('\'');
    if (end == std::string_view::npos) return false;
    text += rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!rest.starts_with('\'')) break;
    text += '\'';
    rest.remove_prefix(1);
  }
  literal = std::move(text);
  return true;
}

}  // namespace

std::string quote_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string write_literals(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += ',';
    out += quote_text(text);
  }
  return out;
}

std::optional<LiteralList> read_literals(std::string_view text) {
  LiteralList list;
  if (text.empty()) return list;
  while (true) {
    if (!take_literal(text, list.emplace_back())) return std::nullopt;
    if (text.empty()) return list;
    if (!text.starts_with(',')) return std::nullopt;
    text.remove_prefix(1);
  }
}

}  // namespace strata::outbox
