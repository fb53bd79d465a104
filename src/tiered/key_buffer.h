// KeyBuffer: the canonical key of an Id, built on the stack where it fits.
#pragma once

#include <cstring>

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
      long_.reserve(room);
      long_.append(prefix);
      append_escaped(long_, text);
      long_.push_back(':');
      if (long_.size() > limits::kKeyBytes) {
        error_ = "a key of " + std::to_string(long_.size()) + " bytes is over the limit of " +
                 std::to_string(limits::kKeyBytes) + " bytes: '" + long_.substr(0, 48) + "...'";
      }
      ref_.text = long_;
    }
    ref_.hash = key_hash(ref_.text);
  }
  KeyBuffer(const KeyBuffer&) = delete;
  KeyBuffer& operator=(const KeyBuffer&) = delete;

  [[nodiscard]] bool ok() const { return error_.empty(); }
  [[nodiscard]] Error error() const { return {ErrorCode::kRejected, error_, {}}; }
  [[nodiscard]] KeyRef ref() const { return ref_; }

 private:
  void use_key(const Key& key, std::string_view keyspace) {
    ref_ = key.ref();
    if (key.keyspace() != keyspace) {
      error_ = "the key '" + key.text() + "' is not of keyspace '" + std::string(keyspace) +
               "': make it with Keyspace::key()";
    }
  }

  // Keys that need at most kInline bytes are written to inline_; digits are copied with what
  // follows them.
  static constexpr std::size_t kInline = 256;
  char inline_[kInline + Id::kDigits];
  std::string long_;
  std::string error_;
  KeyRef ref_;
};

}  // namespace strata::internal
