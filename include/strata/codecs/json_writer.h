// JsonWriter: writes JSON text from beginning to end, without a tree in between.
//
// For statistics, query results and the program's `--json` output. Commas and colons come by
// themselves; strings are escaped, and bytes that are not UTF-8 become U+FFFD, so that the text
// is valid JSON whatever it was given. Numbers that are not finite become null.
//
//   JsonWriter writer;
//   writer.begin_object().member("hits", 3).key("tiers").begin_array().value("memory");
//   writer.end_array().end_object();
//   writer.take();  // {"hits":3,"tiers":["memory"]}
//
// Threads   Thread-compatible.
// Errors    None. Text that would not be JSON (a value without a key in an object, an end
//           without its begin, take() in between) is a programmer's error and aborts.
// Memory    The text, and one byte for each open object or array.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace strata {

class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();

  // The name of the member whose value comes next.
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(double number);
  template <std::integral T>
  JsonWriter& value(T number) {
    if constexpr (std::is_same_v<T, bool>) {
      return boolean(number);
    } else if constexpr (std::is_signed_v<T>) {
      return integer(number);
    } else {
      return natural(number);
    }
  }
  JsonWriter& null();

  // A value that is JSON text already. Precondition: it is.
  JsonWriter& raw(std::string_view json);

  // key() and value() in one.
  template <typename T>
  JsonWriter& member(std::string_view name, T&& what) {
    return key(name).value(std::forward<T>(what));
  }

  // How long the text is so far.
  [[nodiscard]] std::size_t size_bytes() const { return text_.size(); }

  // The finished text; the writer is as new afterwards. Several values on the outermost level
  // are lines of their own (JSON Lines).
  [[nodiscard]] std::string take();

 private:
  JsonWriter& boolean(bool value);
  JsonWriter& integer(std::int64_t number);
  JsonWriter& natural(std::uint64_t number);
  void begin_value();
  JsonWriter& open(char bracket);
  JsonWriter& close(char opening, char closing);

  std::string text_;
  std::string open_;      // '{' or '[' for each that is open, the innermost last
  bool is_first_ = true;  // nothing was written yet inside the innermost
  bool is_after_key_ = false;
};

// Appends `text` as a JSON string, quotes included, as described above.
void append_json_string(std::string& out, std::string_view text);

}  // namespace strata
