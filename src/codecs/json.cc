// Json: see the header. Canonical text needs no parser: names and values are found by bytes.
#include "strata/codecs/json.h"

#include <charconv>
#include <optional>

#include "codecs/json_canonical.h"
#include "core/assert.h"
#include "core/quote.h"
#include "strata/codecs/json_writer.h"

namespace strata {

namespace {

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// One token of a pointer, unescaped: ~1 is a slash, ~0 a tilde.
std::string unescape_token(std::string_view token) {
  std::string name;
  for (std::size_t at = 0; at < token.size(); ++at) {
    if (token[at] != '~') {
      name += token[at];
      continue;
    }
    ++at;
    name += token[at] == '1' ? '/' : '~';
  }
  return name;
}

// The value of the member `name` of the object that `canonical` is.
std::optional<std::string_view> find_member(std::string_view canonical, std::string_view name) {
  const std::string quoted = json_quote(name);
  std::size_t at = 1;
  while (canonical[at] != '}') {
    const std::size_t name_end = json_value_end(canonical, at);
    const std::size_t value_begin = name_end + 1;  // after the colon
    const std::size_t value_end = json_value_end(canonical, value_begin);
    if (canonical.substr(at, name_end - at) == quoted) {
      return canonical.substr(value_begin, value_end - value_begin);
    }
    at = canonical[value_end] == ',' ? value_end + 1 : value_end;
  }
  return std::nullopt;
}

// An array index as RFC 6901 writes it: digits without leading zeros.
std::optional<std::size_t> parse_index(std::string_view token) {
  if (token.empty() || (token[0] == '0' && token.size() > 1)) return std::nullopt;
  std::size_t index = 0;
  const char* end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, index);
  if (error != std::errc() || stop != end) return std::nullopt;
  return index;
}

std::optional<std::string_view> find_item(std::string_view canonical, std::size_t index) {
  std::size_t at = 1;
  for (std::size_t passed = 0; canonical[at] != ']'; ++passed) {
    const std::size_t end = json_value_end(canonical, at);
    if (passed == index) return canonical.substr(at, end - at);
    at = canonical[end] == ',' ? end + 1 : end;
  }
  return std::nullopt;
}

std::optional<std::string_view> step(std::string_view canonical, std::string_view token) {
  if (canonical[0] == '{') return find_member(canonical, token);
  if (canonical[0] != '[') return std::nullopt;
  const std::optional<std::size_t> index = parse_index(token);
  return index ? find_item(canonical, *index) : std::nullopt;
}

}  // namespace

Result<Json> Json::parse(std::string_view text) {
  Result<std::string> canonical = canonical_json(text);
  if (!canonical) return canonical.error();
  return Json(*std::move(canonical));
}

Json Json::string(std::string_view text) { return Json(json_quote(text)); }

Json::Kind Json::kind() const {
  switch (text_[0]) {
    case 'n':
      return Kind::kNull;
    case 't':
    case 'f':
      return Kind::kBoolean;
    case '"':
      return Kind::kString;
    case '[':
      return Kind::kArray;
    case '{':
      return Kind::kObject;
    default:
      return Kind::kNumber;
  }
}

Result<Json> Json::pick(std::string_view pointer) const {
  const Result<void> is_pointer = check_json_pointer(pointer);
  if (!is_pointer) return is_pointer.error();

  std::string_view part = text_;
  std::size_t at = 0;  // of the slash before the next token
  while (at < pointer.size()) {
    const std::size_t end = std::min(pointer.find('/', at + 1), pointer.size());
    const std::string token = unescape_token(pointer.substr(at + 1, end - at - 1));
    const std::optional<std::string_view> found = step(part, token);
    if (!found) {
      return rejected("JSON pointer " + internal::quoted(pointer) + " leads nowhere: there is no " +
                      internal::quoted(pointer.substr(0, end)));
    }
    part = *found;
    at = end;
  }
  return Json(std::string(part));
}

Result<std::string> Json::string_value() const {
  if (kind() != Kind::kString) return rejected("not a JSON string");
  std::string value;
  for (std::size_t at = 1; at + 1 < text_.size(); ++at) {
    if (text_[at] != '\\') {
      value += text_[at];
      continue;
    }
    switch (text_[++at]) {
      case 'b':
        value += '\b';
        break;
      case 'f':
        value += '\f';
        break;
      case 'n':
        value += '\n';
        break;
      case 'r':
        value += '\r';
        break;
      case 't':
        value += '\t';
        break;
      case 'u': {
        // Canonical text escapes in this way only what is below U+0020.
        unsigned int code = 0;
        const char* digits = text_.data() + at + 1;
        const auto [stop, error] = std::from_chars(digits, digits + 4, code, 16);
        STRATA_ASSERT(error == std::errc());
        value += static_cast<char>(code);
        at += 4;
        break;
      }
      default:
        value += text_[at];
        break;
    }
  }
  return value;
}

Result<void> check_json_pointer(std::string_view pointer) {
  if (!pointer.empty() && pointer[0] != '/') {
    return rejected("JSON pointer " + internal::quoted(pointer) + " does not begin with a slash");
  }
  for (std::size_t at = pointer.find('~'); at != std::string_view::npos;
       at = pointer.find('~', at + 1)) {
    if (at + 1 < pointer.size() && (pointer[at + 1] == '0' || pointer[at + 1] == '1')) continue;
    return rejected("JSON pointer " + internal::quoted(pointer) +
                    " has a ~ that is neither ~0 nor ~1");
  }
  return {};
}

std::string json_quote(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return quoted;
}

Result<Json> Codec<Json>::decode(std::string_view bytes) {
  Result<Json> value = Json::parse(bytes);
  if (!value) return Error{ErrorCode::kCorrupt, value.error().message, {}};
  return value;
}

}  // namespace strata
