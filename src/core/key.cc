// Canonical keys: escaping, the order of parameters, and the hash of long ones.
#include "strata/core/key.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "core/escape.h"
#include "core/hash.h"
#include "core/quote.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

using internal::quoted;

constexpr char kHashMark = '#';
constexpr std::size_t kHashedParamsBytes = 1 + 32;

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

constexpr bool is_name_byte(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

using Param = std::pair<std::string, std::string>;

Result<void> append_param(std::string& out, const Param& param, const Param* previous) {
  if (param.first.empty()) {
    return rejected("a parameter of the key has no name (its value is " + quoted(param.second) +
                    ")");
  }
  if (previous != nullptr) {
    if (previous->first == param.first) {
      return rejected("parameter " + quoted(param.first) + " of the key is given twice");
    }
    out += '&';
  }
  append_escaped(out, param.first);
  out += '=';
  append_escaped(out, param.second);
  return {};
}

Error params_too_long(const Param& at) {
  return rejected("the key's parameters exceed " + std::to_string(limits::kParamsBytes) +
                  " bytes when escaped, at parameter " + quoted(at.first));
}

// Appends all of `params`, in order of their names.
Result<void> append_params(std::string& out, const Params& params) {
  const auto in_order = [](const Param& a, const Param& b) { return a.first < b.first; };
  if (!std::is_sorted(params.begin(), params.end(), in_order)) {
    Params sorted = params;
    std::sort(sorted.begin(), sorted.end(), in_order);
    return append_params(out, sorted);
  }
  const std::size_t begin = out.size();
  const Param* previous = nullptr;
  for (const Param& param : params) {
    const std::size_t size = param.first.size() + param.second.size();
    if (size > limits::kParamsBytes) return params_too_long(param);
    if (Result<void> appended = append_param(out, param, previous); !appended) return appended;
    if (out.size() - begin > limits::kParamsBytes) return params_too_long(param);
    previous = &param;
  }
  return {};
}

// The size of what make() writes if nothing needs an escape. Hashing makes it smaller at most.
std::size_t unescaped_bytes(const KeyParts& parts) {
  std::size_t bytes = parts.version.size() + parts.keyspace.size() + parts.kind.size() +
                      parts.identifier.size() + 4;
  for (const auto& [name, value] : parts.params) bytes += name.size() + value.size() + 2;
  return std::min(bytes, limits::kKeyBytes);
}

// The text up to the next `separator`, which is taken off `rest` with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

// The parameters of escaped text. Errors: kRejected for one without '=' or a bad escape.
Result<Params> split_params(std::string_view text) {
  Params params;
  while (!text.empty()) {
    std::string_view value = take_until(text, '&');
    if (value.find('=') == std::string_view::npos) {
      return rejected("parameter " + quoted(value) + " has no value");
    }
    const std::string_view name = take_until(value, '=');
    Result<std::string> plain_name = unescape(name);
    if (!plain_name) return plain_name.error();
    Result<std::string> plain_value = unescape(value);
    if (!plain_value) return plain_value.error();
    params.emplace_back(std::move(*plain_name), std::move(*plain_value));
  }
  return params;
}

// A literal parameter has a '=', a hash of them has none.
bool is_hashed(std::string_view params) {
  return params.size() == kHashedParamsBytes && params.front() == kHashMark &&
         params.find('=') == std::string_view::npos;
}

Result<KeyParts> split_key(std::string_view text, std::string_view long_params) {
  KeyParts parts;
  std::string_view rest = text;
  for (std::string* part : {&parts.version, &parts.keyspace, &parts.kind, &parts.identifier}) {
    if (rest.find(':') == std::string_view::npos) {
      return rejected("key " + quoted(text) + " has fewer than five components");
    }
    Result<std::string> plain = unescape(take_until(rest, ':'));
    if (!plain) return plain.error();
    *part = std::move(*plain);
  }
  Result<Params> params = split_params(is_hashed(rest) ? long_params : rest);
  if (!params) return params.error();
  parts.params = std::move(*params);
  return parts;
}

}  // namespace

std::uint64_t key_hash(std::string_view text) { return internal::hash64(text); }

bool append_escaped(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.resize(before + internal::kEscapedByte * text.size());
  const std::size_t written = internal::escape_into(out.data() + before, text);
  out.resize(before + written);
  return written != text.size();
}

Result<std::string> unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_value(text[at + 2]) : -1;
    if (high < 0 || low < 0) {
      return rejected("after '%' in " + quoted(text) + " two hex digits are missing");
    }
    plain += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return plain;
}

Result<void> validate_name(std::string_view what, std::string_view name) {
  if (name.empty()) return rejected("the " + std::string(what) + " has no name");
  const auto bad = std::find_if_not(name.begin(), name.end(), is_name_byte);
  if (name.size() <= limits::kKeyspaceNameBytes && bad == name.end()) return {};

  const std::string subject = "the name of " + std::string(what) + " " + quoted(name);
  if (name.size() > limits::kKeyspaceNameBytes) {
    return rejected(subject + " has " + std::to_string(name.size()) + " bytes; the limit is " +
                    std::to_string(limits::kKeyspaceNameBytes));
  }
  return rejected(subject + " contains " + quoted(std::string_view(&*bad, 1)) +
                  "; allowed are A-Z a-z 0-9 _ . -");
}

KeyspaceName split_keyspace(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return {{}, name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

Result<void> validate_keyspace(std::string_view name) {
  const KeyspaceName split = split_keyspace(name);
  if (split.keyspace.size() < name.size()) {
    if (Result<void> valid = validate_name("tenant", split.tenant); !valid) return valid;
  }
  return validate_name("keyspace", split.keyspace);
}

Result<Key> Key::make(const KeyParts& parts) {
  if (Result<void> valid = validate_keyspace(parts.keyspace); !valid) return valid.error();

  Key key;
  std::string& text = key.text_;
  text.reserve(unescaped_bytes(parts));
  append_escaped(text, parts.version);
  text += ':';
  text += parts.keyspace;  // nothing that validate_keyspace() lets pass needs an escape
  text += ':';
  append_escaped(text, parts.kind);
  text += ':';
  append_escaped(text, parts.identifier);
  text += ':';

  if (!parts.params.empty()) {
    const std::size_t begin = text.size();
    if (Result<void> added = append_params(text, parts.params); !added) return added.error();
    if (text.size() - begin > limits::kParamsBytesLiteral) {
      key.long_params_ = text.substr(begin);
      text.resize(begin);
      text += kHashMark;
      text += internal::hash128_hex(key.long_params_);
    }
  }
  if (text.size() > limits::kKeyBytes) {
    return rejected("the key of keyspace " + quoted(parts.keyspace) + " with identifier " +
                    quoted(parts.identifier) + " has " + std::to_string(text.size()) +
                    " bytes; the limit is " + std::to_string(limits::kKeyBytes));
  }
  key.hash_ = key_hash(text);
  return key;
}

Result<Key> Key::parse(std::string_view text, std::string_view long_params) {
  if (text.size() > limits::kKeyBytes || long_params.size() > limits::kParamsBytes) {
    return rejected("key " + quoted(text) + " is longer than a key can be");
  }
  Result<KeyParts> parts = split_key(text, long_params);
  if (!parts) return parts.error();
  Result<Key> key = make(*parts);
  if (!key) return key.error();
  // What is not what make() writes for these parts was not written by make().
  if (key->text_ != text || key->long_params_ != long_params) {
    return rejected("key " + quoted(text) + " is not in canonical form; that would be " +
                    quoted(key->text_));
  }
  return key;
}

std::string_view Key::keyspace() const {
  std::string_view rest = text_;
  take_until(rest, ':');
  return take_until(rest, ':');
}

KeyParts Key::parts() const {
  if (text_.empty()) return {};
  Result<KeyParts> parts = split_key(text_, long_params_);
  STRATA_ASSERT(parts.ok());
  return std::move(*parts);
}

}  // namespace strata
