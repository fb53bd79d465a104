// Fuzz target: any bytes as the text of a key, as its parts, and as escaped text.
//
// Lines of the input are the key's text and its long parameters; the same lines are also taken
// as the parts of a key to make.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "strata/core/key.h"

namespace {

using strata::Key;
using strata::KeyParts;
using strata::Result;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

// What make() has written, parse() reads, and the parts are those that were given.
void check_round_trip(const Key& key) {
  const Result<Key> parsed = Key::parse(key.text(), key.long_params());
  STRATA_ASSERT(parsed.ok());
  STRATA_ASSERT(*parsed == key);
  STRATA_ASSERT(parsed->hash() == key.hash());
  const Result<Key> made = Key::make(key.parts());
  STRATA_ASSERT(made.ok());
  STRATA_ASSERT(*made == key);
  STRATA_ASSERT(key.keyspace() == key.parts().keyspace);
}

void check_parse(const std::vector<std::string>& lines) {
  const std::string long_params = lines.size() > 1 ? lines[1] : "";
  const Result<Key> key = Key::parse(lines[0], long_params);
  if (!key) {
    STRATA_ASSERT(key.error().code == strata::ErrorCode::kRejected);
    return;
  }
  STRATA_ASSERT(key->text() == lines[0]);
  STRATA_ASSERT(key->long_params() == long_params);
  check_round_trip(*key);
}

void check_make(const std::vector<std::string>& lines) {
  KeyParts parts;
  std::size_t next = 0;
  for (std::string* part : {&parts.keyspace, &parts.identifier, &parts.kind, &parts.version}) {
    if (next < lines.size()) *part = lines[next++];
  }
  for (; next + 1 < lines.size(); next += 2) {
    parts.params.emplace_back(lines[next], lines[next + 1]);
  }
  const Result<Key> key = Key::make(parts);
  if (!key) {
    STRATA_ASSERT(key.error().code == strata::ErrorCode::kRejected);
    return;
  }
  check_round_trip(*key);
  const KeyParts again = key->parts();
  STRATA_ASSERT(again.identifier == parts.identifier);
  STRATA_ASSERT(again.kind == parts.kind);
  STRATA_ASSERT(again.params.size() == parts.params.size());
}

void check_escapes(std::string_view text) {
  std::string escaped;
  const bool changed = strata::append_escaped(escaped, text);
  STRATA_ASSERT(changed == (escaped != text));
  const Result<std::string> plain = strata::unescape(escaped);
  STRATA_ASSERT(plain.ok());
  STRATA_ASSERT(*plain == text);
  static_cast<void>(strata::unescape(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> lines = lines_of(text);
  check_parse(lines);
  check_make(lines);
  check_escapes(text);
  return 0;
}
