// ValueType: what the type-erased core must know about a V: how to destroy, measure, encode
// and decode it. Made once per type by value_type<V>() from the type's Codec.
//
// Codec<V> is the one struct to specialise for a type of your own:
//
//   template <> struct strata::Codec<User> {
//     static constexpr std::string_view kName = "user";  // identifies the encoding
//     static constexpr std::uint64_t kSchema = 3;        // raise it when the encoding changes
//     static Result<std::string> encode(const User& user);
//     static Result<User> decode(std::string_view bytes);
//     static Result<User> upgrade(std::uint64_t schema, std::string_view bytes);  // optional
//   };
//
// upgrade() gets bytes that were stored with another schema, of an older or of a newer program;
// without it, or where it returns an error, they are a miss. strata/codecs/members.h makes codec
// and schema from a list of a struct's members.
//
// Built in: std::string (its bytes), std::vector<std::byte>, and trivially copyable types
// (their bytes, with size in the schema). strata/codecs/json.h adds Json. An optional
// `static std::size_t owned_bytes(const V&)` tells how much memory the value owns outside
// itself; without it, only strings and byte vectors are charged for that.
//
// Errors    encode(), decode() and upgrade() return errors; an exception they throw is caught where
//           it is called and becomes one. Bytes that do not decode are a miss.
// Threads   They may run concurrently, in any thread, with no lock held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "strata/core/result.h"

namespace strata {

// Identifies an encoding in records: a hash of the codec's name.
[[nodiscard]] std::uint32_t codec_id(std::string_view codec_name);

template <typename V>
struct Codec {
  static_assert(std::is_trivially_copyable_v<V> && !std::is_pointer_v<V>,
                "specialise strata::Codec for this type: see strata/core/value_type.h");
  static constexpr std::string_view kName = "bytes-of";
  static constexpr std::uint64_t kSchema = (sizeof(V) << 8) | alignof(V);
  static Result<std::string> encode(const V& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(V));
  }
  static Result<V> decode(std::string_view bytes) {
    if (bytes.size() != sizeof(V)) return Error{ErrorCode::kCorrupt, "wrong size", {}};
    V value;
    std::memcpy(static_cast<void*>(&value), bytes.data(), sizeof(V));
    return value;
  }
};

template <>
struct Codec<std::string> {
  static constexpr std::string_view kName = "string";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const std::string& value) { return value; }
  static Result<std::string> decode(std::string_view bytes) { return std::string(bytes); }
  static std::size_t owned_bytes(const std::string& value) {
    return value.capacity() > 15 ? value.capacity() + 1 : 0;
  }
};

template <>
struct Codec<std::vector<std::byte>> {
  static constexpr std::string_view kName = "bytes";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const std::vector<std::byte>& value) {
    return std::string(reinterpret_cast<const char*>(value.data()), value.size());
  }
  static Result<std::vector<std::byte>> decode(std::string_view bytes) {
    const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
    return std::vector<std::byte>(first, first + bytes.size());
  }
  static std::size_t owned_bytes(const std::vector<std::byte>& value) { return value.capacity(); }
};

struct ValueType {
  std::string_view name;
  std::uint32_t codec = 0;
  std::uint64_t schema = 0;
  std::size_t size = 0;
  std::size_t alignment = 1;
  void (*destroy)(void* value) noexcept = nullptr;
  std::size_t (*owned_bytes)(const void* value) = nullptr;
  Result<std::string> (*encode)(const void* value) = nullptr;
  Result<void> (*decode)(std::string_view bytes, void* uninitialised) = nullptr;
  // Null where other schemas are not understood.
  Result<void> (*upgrade)(std::uint64_t schema, std::string_view bytes,
                          void* uninitialised) = nullptr;
};

namespace internal {

// The error for an exception that is being handled, naming what was being done.
[[nodiscard]] Error error_of_exception(ErrorCode code, std::string_view doing) noexcept;

template <typename V>
struct ErasedValue {
  static void destroy(void* value) noexcept { static_cast<V*>(value)->~V(); }
  static std::size_t owned_bytes(const void* value) {
    if constexpr (requires(const V& v) { Codec<V>::owned_bytes(v); }) {
      return Codec<V>::owned_bytes(*static_cast<const V*>(value));
    } else {
      return 0;
    }
  }
  static Result<std::string> encode(const void* value) {
    try {
      return Codec<V>::encode(*static_cast<const V*>(value));
    } catch (...) {
      return error_of_exception(ErrorCode::kRejected, "encoding a value");
    }
  }
  template <typename Decode>
  static Result<void> make(void* uninitialised, const Decode& decode) {
    try {
      Result<V> value = decode();
      if (!value) return value.error();
      ::new (uninitialised) V(std::move(*value));
      return {};
    } catch (...) {
      return error_of_exception(ErrorCode::kCorrupt, "decoding a value");
    }
  }
  static Result<void> decode(std::string_view bytes, void* uninitialised) {
    return make(uninitialised, [&] { return Codec<V>::decode(bytes); });
  }
  static Result<void> upgrade(std::uint64_t schema, std::string_view bytes, void* uninitialised) {
    return make(uninitialised, [&] { return Codec<V>::upgrade(schema, bytes); });
  }
  static constexpr auto upgrade_if_any() -> decltype(&ErasedValue::upgrade) {
    if constexpr (requires(std::uint64_t schema) { Codec<V>::upgrade(schema, ""); }) {
      return &ErasedValue::upgrade;
    } else {
      return nullptr;
    }
  }
};

}  // namespace internal

template <typename V>
[[nodiscard]] const ValueType& value_type() {
  using Erased = internal::ErasedValue<V>;
  static const ValueType type{.name = Codec<V>::kName,
                              .codec = codec_id(Codec<V>::kName),
                              .schema = Codec<V>::kSchema,
                              .size = sizeof(V),
                              .alignment = alignof(V),
                              .destroy = &Erased::destroy,
                              .owned_bytes = &Erased::owned_bytes,
                              .encode = &Erased::encode,
                              .decode = &Erased::decode,
                              .upgrade = Erased::upgrade_if_any()};
  return type;
}

}  // namespace strata
