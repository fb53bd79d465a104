// Json: a JSON value, held as its canonical text.
//
// Canonical is: no white space, members sorted by the bytes of their escaped names, strings
// with the shortest escapes, and numbers as they were written, so that none loses digits. Two
// texts that differ only in white space, order of members or escapes are therefore equal
// values, while 1.0 and 1.00 are not. Of members with the same name the last one wins.
//
//   Json user = Json::parse(R"({"name": "Ada", "tags": ["a", "b"]})").value();
//   user.pick("/tags/1")->string_value().value();  // "b"
//   cache.keyspace<Json>("user");                  // strata::Codec<Json> is below
//
// null, false and empty values are values: a cache remembers them like any other.
//
// Threads   Thread-compatible value.
// Errors    parse(): kRejected, saying where and why, for text that is not JSON (RFC 8259) in
//           UTF-8, that nests deeper than kJsonDepth, is longer than kJsonBytes, or has a
//           number beyond the range of double. pick(): kRejected for a pointer that is not
//           one, or leads nowhere.
// Memory    The text.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "strata/core/limits.h"
#include "strata/core/result.h"
#include "strata/core/value_type.h"

namespace strata {

inline constexpr std::size_t kJsonDepth = 128;
inline constexpr std::size_t kJsonBytes = limits::kValueBytesMax;

class Json {
 public:
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Json() = default;  // null
  [[nodiscard]] static Result<Json> parse(std::string_view text);

  // A JSON string; bytes that are not UTF-8 become U+FFFD.
  [[nodiscard]] static Json string(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Kind kind() const;

  // The part that a JSON pointer (RFC 6901) leads to: "/users/0/name"; "" is the whole.
  [[nodiscard]] Result<Json> pick(std::string_view pointer) const;

  // What a JSON string says, in UTF-8; kRejected for any other kind.
  [[nodiscard]] Result<std::string> string_value() const;

  // By canonical text; the order has no further meaning.
  friend bool operator==(const Json&, const Json&) = default;
  friend auto operator<=>(const Json&, const Json&) = default;

 private:
  explicit Json(std::string canonical) : text_(std::move(canonical)) {}
  std::string text_ = "null";
};

// Ok, or kRejected with what is wrong with the pointer.
[[nodiscard]] Result<void> check_json_pointer(std::string_view pointer);

// `text` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_quote(std::string_view text);

template <>
struct Codec<Json> {
  static constexpr std::string_view kName = "json";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const Json& value) { return value.text(); }
  // kCorrupt if the bytes are not JSON.
  static Result<Json> decode(std::string_view bytes);
  static std::size_t owned_bytes(const Json& value) {
    return Codec<std::string>::owned_bytes(value.text());
  }
};

}  // namespace strata
