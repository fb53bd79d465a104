// Checks of raw text, so that what a parser would misread gets an error that names the cause.
#include "config/text_check.h"

#include "codecs/utf8.h"

namespace strata::internal {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

bool is_utf16(std::string_view text) {
  if (text.size() < 2) return false;
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") || text[0] == '\0' ||
         text[1] == '\0';
}

bool is_allowed_control(char c) { return c == '\n' || c == '\r' || c == '\t'; }

std::string hex(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'0', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  return text.starts_with(kUtf8Mark) ? text.substr(kUtf8Mark.size()) : text;
}

std::optional<TextProblem> check_config_text(std::string_view text) {
  if (text.size() > kConfigBytes) {
    return TextProblem{{},
                       "is larger than " + std::to_string(kConfigBytes) +
                           " bytes, the most that a configuration may have"};
  }
  if (is_utf16(text)) return TextProblem{{1, 1}, "is UTF-16; save it as UTF-8"};

  Place place{1, 1};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) {
      return TextProblem{place, "byte " + hex(text[at]) + " is not UTF-8; save the file as UTF-8"};
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20 || byte == 0x7f) && !is_allowed_control(text[at])) {
      return TextProblem{place, "byte " + hex(text[at]) + " is a control character; remove it"};
    }
    ++place.column;
    if (text[at] == '\n') place = {place.line + 1, 1};
    at += length;
  }
  return std::nullopt;
}

std::optional<TextProblem> find_tab_indentation(std::string_view text, std::size_t last_line) {
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size() && line <= last_line; ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view content = text.substr(at, end - at);
    const std::size_t first = content.find_first_not_of(" \t");
    const std::size_t tab = content.substr(0, first).find('\t');
    if (first != std::string_view::npos && content[first] != '#' && tab != std::string_view::npos) {
      return TextProblem{{line, tab + 1}, "a tab indents this line; YAML allows only spaces there"};
    }
    at = end + 1;
  }
  return std::nullopt;
}

bool quote_is_closed(std::string_view text, std::size_t offset) {
  while (offset < text.size() && (text[offset] == '&' || text[offset] == '!')) {
    offset = text.find_first_of(" \n", offset);
    offset = text.find_first_not_of(" \n", offset);
  }
  if (offset >= text.size() || (text[offset] != '"' && text[offset] != '\'')) return true;

  const char quote = text[offset];
  for (std::size_t at = offset + 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      // Two single quotes are one character of the text.
      if (quote == '"' || at + 1 >= text.size() || text[at + 1] != quote) return true;
      ++at;
    }
  }
  return false;
}

}  // namespace strata::internal
