// Id: what a keyspace's values are found by: text, an integer, or a Key with parameters.
//
// Borrowed for the call: an Id is made where it is used, not kept.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "strata/core/key.h"

namespace strata {

class Id {
 public:
  Id(std::string_view text) : text_(text) {}    // NOLINT: implicit by design
  Id(const char* text) : text_(text) {}         // NOLINT: implicit by design
  Id(const std::string& text) : text_(text) {}  // NOLINT: implicit by design
  Id(const Key& key) : key_(&key) {}            // NOLINT: implicit by design
  template <std::integral I>
  Id(I number) {  // NOLINT: implicit by design
    const auto end = std::to_chars(digits_, digits_ + sizeof digits_, number).ptr;
    text_ = std::string_view(digits_, static_cast<std::size_t>(end - digits_));
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] const Key* key() const { return key_; }  // null: text() is the identifier
  // Of an integer: kDigits readable bytes that begin with text(), none of which is ever escaped.
  // Else null.
  static constexpr std::size_t kDigits = 24;
  [[nodiscard]] const char* digits() const { return text_.data() == digits_ ? digits_ : nullptr; }

 private:
  char digits_[kDigits];
  std::string_view text_;
  const Key* key_ = nullptr;
};

// An identifier that is kept for a later call.
class OwnedId {
 public:
  explicit OwnedId(const Id& id) : text_(id.text()) {
    if (id.key() != nullptr) key_ = *id.key();
  }
  [[nodiscard]] Id id() const { return key_ ? Id(*key_) : Id(text_); }

 private:
  std::string text_;
  std::optional<Key> key_;
};

}  // namespace strata
