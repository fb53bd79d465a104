// Little-endian numbers and bytes, written to and read from a buffer, bounds checked.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace strata::internal {

static_assert(std::endian::native == std::endian::little,
              "records are written as memory holds them");

template <std::integral Number>
void append_number(std::string& out, Number number) {
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof(Number));
  out.append(bytes, sizeof(Number));
}

// Takes fields off the front of bytes. Past the end every field is zero or empty, and
// overrun() says so; nothing outside the bytes is ever read.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <std::integral Number>
  Number number() {
    Number value{};
    const std::string_view taken = bytes(sizeof(Number));
    if (taken.size() == sizeof(Number)) std::memcpy(&value, taken.data(), sizeof(Number));
    return value;
  }

  std::string_view bytes(std::size_t size) {
    if (size > rest_.size()) {
      overrun_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  [[nodiscard]] bool overrun() const { return overrun_; }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool overrun_ = false;
};

}  // namespace strata::internal
