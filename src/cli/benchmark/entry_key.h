// EntryKey: the key of an entry of the benchmark, made on the stack, as a keyspace makes it.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "strata/core/key.h"

namespace strata::benchmark {

class EntryKey {
 public:
  explicit EntryKey(std::uint64_t number) {
    constexpr std::string_view kBegin = "1:benchmark::";
    kBegin.copy(text_.data(), kBegin.size());
    char* end =
        std::to_chars(text_.data() + kBegin.size(), text_.data() + text_.size(), number).ptr;
    *end++ = ':';
    size_ = static_cast<std::size_t>(end - text_.data());
  }

  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
  [[nodiscard]] KeyRef ref() const { return {text(), key_hash(text()), {}}; }

 private:
  std::array<char, 40> text_;  // 13 before the number, 20 for it, 1 after it
  std::size_t size_ = 0;
};

}  // namespace strata::benchmark
