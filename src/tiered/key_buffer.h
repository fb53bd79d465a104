// KeyBuffer: the canonical key of an Id, built on the stack where it fits.
#pragma once

#include <cstring>
#include <memory>
#include <string>

#include "core/escape.h"
#include "strata/core/key.h"
#include "strata/core/limits.h"
#include "strata/core/result.h"
#include "strata/tiered/id.h"

namespace strata::internal {

class KeyBuffer {
 public:
  // `prefix` is "{version}:{keyspace}:{kind}:". Afterwards either ref() or error() is usable.
  KeyBuffer(std::string_view prefix, const Id& id, std::string_view keyspace) {
    if (id.key() != nullptr) {
      use_key(*id.key(), keyspace);
      return;
    }
    const std::string_view text = id.text();
    const std::size_t room = prefix.size() + kEscapedByte * text.size() + 1;
    if (room <= kInline) {
      std::memcpy(inline_, prefix.data(), prefix.size());
      std::size_t size = prefix.size();
      if (id.digits() != nullptr) {
        std::memcpy(inline_ + size, id.digits(), Id::kDigits);
        size += text.size();
      } else {
        size += escape_into(inline_ + size, text);
      }
      inline_[size++] = ':';
      ref_.text = {inline_, size};
    } else {
      use_long(prefix, text, room);
    }
    ref_.hash = key_hash(ref_.text);
  }
  KeyBuffer(const KeyBuffer&) = delete;
  KeyBuffer& operator=(const KeyBuffer&) = delete;

  [[nodiscard]] bool ok() const { return rare_ == nullptr || rare_->error.empty(); }
  // Precondition: !ok().
  [[nodiscard]] Error error() const { return {ErrorCode::kRejected, rare_->error, {}}; }
  [[nodiscard]] const KeyRef& ref() const { return ref_; }

 private:
  // What most keys do without.
  struct Rare {
    std::string text;
    std::string error;
  };

  void use_key(const Key& key, std::string_view keyspace) {
    ref_ = key.ref();
    if (key.keyspace() == keyspace) return;
    rare_ = std::make_unique<Rare>();
    rare_->error = "the key '" + key.text() + "' is not of keyspace '" + std::string(keyspace) +
                   "': make it with Keyspace::key()";
  }
  void use_long(std::string_view prefix, std::string_view text, std::size_t room) {
    rare_ = std::make_unique<Rare>();
    std::string& whole = rare_->text;
    whole.reserve(room);
    whole.append(prefix);
    append_escaped(whole, text);
    whole.push_back(':');
    if (whole.size() > limits::kKeyBytes) {
      rare_->error = "a key of " + std::to_string(whole.size()) + " bytes is over the limit of " +
                     std::to_string(limits::kKeyBytes) + " bytes: '" + whole.substr(0, 48) + "...'";
    }
    ref_.text = whole;
  }

  // Keys that need at most kInline bytes are written to inline_; digits are copied with what
  // follows them.
  static constexpr std::size_t kInline = 256;
  char inline_[kInline + Id::kDigits];
  std::unique_ptr<Rare> rare_;
  KeyRef ref_;
};

}  // namespace strata::internal
