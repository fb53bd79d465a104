// Key: what a value is found by, in one canonical text.
//
//   {version}:{keyspace}:{kind}:{identifier}:{params}
//
// A tenant's part of a keyspace is written {tenant}/{keyspace}. Parameters are sorted by name and
// written `name=value` joined by `&`. Every component is percent-escaped (the bytes : & = % and
// everything outside printable ASCII), so two different requests never share a text. When the
// escaped parameters exceed 200 bytes, their XXH3-128 is written instead, as `#` and 32 hex digits;
// the parameters themselves travel in the record and are compared on read, so that a collision is a
// miss and never another key's value.
//
//   Key::make({.keyspace = "census", .identifier = "acs5",
//              .params = {{"year", "2022"}, {"cbsa", "14500"}}}).value().text()
//       == "1:census::acs5:cbsa=14500&year=2022"
//
// Threads   Thread-compatible value.
// Errors    make(): kRejected, naming the component and the limit (limits.h), for an empty or
//           malformed keyspace or tenant name ([A-Za-z0-9_.-], 1 to 64 bytes), a parameter without
//           a name or given twice, and a text longer than 1024 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/result.h"

namespace strata {

using Params = std::vector<std::pair<std::string, std::string>>;

struct KeyParts {
  std::string version = "1";  // of the key's form; a new one makes all older keys unreachable
  std::string keyspace{};     // "user", or "acme/user" for a tenant's part of it
  std::string kind{};         // what sort of thing within the keyspace; may be empty
  std::string identifier{};   // may be empty when the parameters identify the value
  Params params{};
};

// A key as tiers look it up: its canonical text and the text's hash.
struct KeyRef {
  std::string_view text;
  std::uint64_t hash = 0;        // XXH3-64 of the text
  std::string_view long_params;  // the parameters that the text only holds a hash of, or empty
};

class Key {
 public:
  Key() = default;
  [[nodiscard]] static Result<Key> make(const KeyParts& parts);

  // From canonical text, as found in a record. `long_params` must be given iff the text holds
  // a hash of them. Errors: kRejected for text that make() cannot have written.
  [[nodiscard]] static Result<Key> parse(std::string_view text, std::string_view long_params = {});

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& long_params() const { return long_params_; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] KeyRef ref() const { return {text_, hash_, long_params_}; }
  operator KeyRef() const { return ref(); }  // NOLINT: implicit by design
  [[nodiscard]] std::string_view keyspace() const;

  // The components again, unescaped. Parameters come from long_params() where hashed.
  [[nodiscard]] KeyParts parts() const;
  [[nodiscard]] Label label() const { return Label(LabelKind::kKey, text_); }

  friend bool operator==(const Key& a, const Key& b) {
    return a.text_ == b.text_ && a.long_params_ == b.long_params_;
  }

 private:
  std::string text_;
  std::string long_params_;
  std::uint64_t hash_ = 0;
};

// Hash of a key's canonical text.
[[nodiscard]] std::uint64_t key_hash(std::string_view text);

// Appends `text` percent-escaped. Returns whether anything had to be escaped.
bool append_escaped(std::string& out, std::string_view text);
[[nodiscard]] Result<std::string> unescape(std::string_view text);

// "acme/user" is the tenant "acme" and the keyspace "user"; without '/' there is no tenant.
struct KeyspaceName {
  std::string_view tenant;
  std::string_view keyspace;
};
[[nodiscard]] KeyspaceName split_keyspace(std::string_view name);
// kRejected says which of the two is malformed.
[[nodiscard]] Result<void> validate_keyspace(std::string_view name);

// Whether `name` is usable as a keyspace, tenant or source name; kRejected says why not.
[[nodiscard]] Result<void> validate_name(std::string_view what, std::string_view name);

}  // namespace strata
