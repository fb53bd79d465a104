// JsonWriter: see the header; the escaping of strings, shared with Json, is here too.
#include "strata/codecs/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "codecs/utf8.h"
#include "core/assert.h"

namespace strata {

namespace {

// Enough for every double and every 64-bit number.
constexpr std::size_t kNumberBytes = 32;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

template <typename T>
void append_number(std::string& out, T number) {
  std::array<char, kNumberBytes> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  STRATA_ASSERT(error == std::errc());
  out.append(buffer.data(), end);
}

void append_escaped_control(std::string& out, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);
  out += '"';
  std::size_t copied = 0;  // everything before is in `out`
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
      ++at;
      continue;
    }
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (byte >= 0x80 && length > 0) {
      at += length;
      continue;
    }
    out.append(text, copied, at - copied);
    if (byte >= 0x80) {
      out += kReplacement;
    } else {
      append_escaped_control(out, byte);
    }
    copied = ++at;
  }
  out.append(text, copied);
  out += '"';
}

void JsonWriter::begin_value() {
  if (open_.empty()) {
    if (!text_.empty()) text_ += '\n';
    return;
  }
  if (open_.back() == '{') {
    STRATA_ASSERT(is_after_key_);
    is_after_key_ = false;
    return;
  }
  if (!is_first_) text_ += ',';
  is_first_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  begin_value();
  text_ += bracket;
  open_ += bracket;
  is_first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char opening, char closing) {
  STRATA_ASSERT(!open_.empty());
  STRATA_ASSERT(open_.back() == opening);
  STRATA_ASSERT(!is_after_key_);
  open_.pop_back();
  text_ += closing;
  is_first_ = false;
  return *this;
}

JsonWriter& JsonWriter::begin_object() { return open('{'); }
JsonWriter& JsonWriter::end_object() { return close('{', '}'); }
JsonWriter& JsonWriter::begin_array() { return open('['); }
JsonWriter& JsonWriter::end_array() { return close('[', ']'); }

JsonWriter& JsonWriter::key(std::string_view name) {
  STRATA_ASSERT(!open_.empty());
  STRATA_ASSERT(open_.back() == '{');
  STRATA_ASSERT(!is_after_key_);
  if (!is_first_) text_ += ',';
  is_first_ = false;
  append_json_string(text_, name);
  text_ += ':';
  is_after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  begin_value();
  append_json_string(text_, text);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  begin_value();
  const std::size_t begin = text_.size();
  append_number(text_, number);
  // What was a real number is one again for whoever reads it.
  if (text_.find_first_of(".e", begin) == std::string::npos) text_ += ".0";
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t number) {
  begin_value();
  append_number(text_, number);
  return *this;
}

JsonWriter& JsonWriter::natural(std::uint64_t number) {
  begin_value();
  append_number(text_, number);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  begin_value();
  text_ += json;
  return *this;
}

std::string JsonWriter::take() {
  STRATA_ASSERT(open_.empty());
  is_first_ = true;
  return std::exchange(text_, {});
}

}  // namespace strata
