// How the values that members may have are written, read, measured and told apart. Included by
// members.h, which says what is there.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "strata/codecs/member.h"
#include "strata/core/result.h"
#include "strata/core/value_type.h"

namespace strata::internal {

// FNV-1a in 64 bits (Fowler, Noll, Vo): a shape is what is hashed so far, and then this.
inline constexpr std::uint64_t kShapeSeed = 14'695'981'039'346'656'037U;

[[nodiscard]] constexpr std::uint64_t shape_with(std::uint64_t shape, std::string_view text) {
  constexpr std::uint64_t kPrime = 1'099'511'628'211U;
  for (const char c : text) shape = (shape ^ static_cast<unsigned char>(c)) * kPrime;
  return (shape ^ 0xffU) * kPrime;  // so that ("a", "bc") is not ("ab", "c")
}

[[nodiscard]] constexpr std::uint64_t shape_with(std::uint64_t shape, std::uint64_t number) {
  for (int byte = 0; byte < 8; ++byte) {
    const char c = static_cast<char>(number >> (8 * byte));
    shape = shape_with(shape, std::string_view(&c, 1));
  }
  return shape;
}

class MemberWriter {
 public:
  template <std::unsigned_integral Number>
  void number(Number value) {
    for (std::size_t byte = 0; byte < sizeof(Number); ++byte) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * byte)));
    }
  }
  void size(std::size_t value) {
    if (value > std::numeric_limits<std::uint32_t>::max()) fail("a member is larger than 4 GiB");
    number(static_cast<std::uint32_t>(value));
  }
  void text(std::string_view value) {
    size(value.size());
    if (error_.message.empty()) bytes_.append(value);
  }
  void fail(std::string message) {
    if (error_.message.empty()) error_ = {ErrorCode::kRejected, std::move(message), {}};
  }
  [[nodiscard]] Result<std::string> bytes() && {
    if (!error_.message.empty()) return std::move(error_);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  Error error_{};
};

// After the first thing that is wrong, everything reads as zero and empty.
class MemberReader {
 public:
  explicit MemberReader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral Number>
  [[nodiscard]] Number number() {
    if (rest_.size() < sizeof(Number)) return fail("it is cut off"), Number{0};
    std::uint64_t value = 0;
    for (std::size_t byte = 0; byte < sizeof(Number); ++byte) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[byte])) << (8 * byte);
    }
    rest_.remove_prefix(sizeof(Number));
    return static_cast<Number>(value);
  }
  // Of things that take a byte at least.
  [[nodiscard]] std::size_t size() {
    const auto value = number<std::uint32_t>();
    if (value > rest_.size()) return fail("it is cut off"), std::size_t{0};
    return value;
  }
  [[nodiscard]] std::string_view text() {
    const std::size_t length = size();
    const std::string_view found = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return found;
  }
  void fail(std::string_view what) {
    if (wrong_.empty()) wrong_ = what;
    rest_ = {};
  }
  [[nodiscard]] bool ok() const { return wrong_.empty(); }
  [[nodiscard]] Result<void> end() const {
    if (wrong_.empty() && rest_.empty()) return {};
    return Error{ErrorCode::kCorrupt, wrong_.empty() ? "bytes follow the last member" : wrong_, {}};
  }

 private:
  std::string_view rest_;
  std::string wrong_;
};

// A type with a Codec of its own: its bytes.
template <typename V>
struct MemberValue {
  static constexpr std::uint64_t shape(std::uint64_t so_far) {
    return shape_with(shape_with(so_far, Codec<V>::kName), Codec<V>::kSchema);
  }
  static void write(const V& value, MemberWriter& writer) {
    Result<std::string> bytes = Codec<V>::encode(value);
    if (!bytes) return writer.fail(bytes.error().message);
    writer.text(*bytes);
  }
  static void read(V& value, MemberReader& reader) {
    const std::string_view bytes = reader.text();
    if (!reader.ok()) return;
    Result<V> read = Codec<V>::decode(bytes);
    if (!read) return reader.fail(read.error().message);
    value = *std::move(read);
  }
  static std::size_t owned_bytes(const V& value) {
    if constexpr (requires { Codec<V>::owned_bytes(value); }) return Codec<V>::owned_bytes(value);
    return 0;
  }
};

template <typename Number>
requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
struct MemberValue<Number> {
  using Bits = std::conditional_t<
      sizeof(Number) == 1, std::uint8_t,
      std::conditional_t<sizeof(Number) == 2, std::uint16_t,
                         std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint64_t>>>;
  static_assert(sizeof(Number) == sizeof(Bits), "a number of more than 8 bytes");

  static constexpr std::uint64_t shape(std::uint64_t so_far) {
    if constexpr (std::is_enum_v<Number>) {
      return MemberValue<std::underlying_type_t<Number>>::shape(shape_with(so_far, "enum"));
    } else {
      const std::string_view kind = std::is_same_v<Number, bool>       ? "bool"
                                    : std::is_floating_point_v<Number> ? "float"
                                    : std::is_signed_v<Number>         ? "int"
                                                                       : "uint";
      return shape_with(shape_with(so_far, kind), sizeof(Number));
    }
  }
  static void write(Number value, MemberWriter& writer) {
    if constexpr (std::is_floating_point_v<Number>) {
      writer.number(std::bit_cast<Bits>(value));
    } else {
      writer.number(static_cast<Bits>(value));
    }
  }
  static void read(Number& value, MemberReader& reader) {
    const Bits bits = reader.template number<Bits>();
    if constexpr (std::is_floating_point_v<Number>) {
      value = std::bit_cast<Number>(bits);
    } else {
      if (std::is_same_v<Number, bool> && bits > 1) return reader.fail("a bool is 0 or 1");
      value = static_cast<Number>(bits);
    }
  }
  static std::size_t owned_bytes(Number) { return 0; }
};

template <typename Rep, typename Period>
struct MemberValue<std::chrono::duration<Rep, Period>> {
  using V = std::chrono::duration<Rep, Period>;
  static constexpr std::uint64_t shape(std::uint64_t so_far) {
    so_far = MemberValue<Rep>::shape(shape_with(so_far, "duration"));
    return shape_with(shape_with(so_far, std::uint64_t{Period::num}), std::uint64_t{Period::den});
  }
  static void write(V value, MemberWriter& writer) {
    MemberValue<Rep>::write(value.count(), writer);
  }
  static void read(V& value, MemberReader& reader) {
    Rep count{};
    MemberValue<Rep>::read(count, reader);
    value = V(count);
  }
  static std::size_t owned_bytes(V) { return 0; }
};

template <typename Item>
struct MemberValue<std::optional<Item>> {
  static constexpr std::uint64_t shape(std::uint64_t so_far) {
    return MemberValue<Item>::shape(shape_with(so_far, "optional"));
  }
  static void write(const std::optional<Item>& value, MemberWriter& writer) {
    MemberValue<bool>::write(value.has_value(), writer);
    if (value) MemberValue<Item>::write(*value, writer);
  }
  static void read(std::optional<Item>& value, MemberReader& reader) {
    bool has_value = false;
    MemberValue<bool>::read(has_value, reader);
    if (has_value) MemberValue<Item>::read(value.emplace(), reader);
  }
  static std::size_t owned_bytes(const std::optional<Item>& value) {
    return value ? MemberValue<Item>::owned_bytes(*value) : 0;
  }
};

template <typename Item>
requires(!std::is_same_v<Item, std::byte> &&
         !std::is_same_v<Item, bool>) struct MemberValue<std::vector<Item>> {
  static constexpr std::uint64_t shape(std::uint64_t so_far) {
    return MemberValue<Item>::shape(shape_with(so_far, "list"));
  }
  static void write(const std::vector<Item>& value, MemberWriter& writer) {
    writer.size(value.size());
    for (const Item& item : value) MemberValue<Item>::write(item, writer);
  }
  static void read(std::vector<Item>& value, MemberReader& reader) {
    // Room is made as items come: a size says little about what follows.
    for (std::size_t left = reader.size(); left > 0 && reader.ok(); --left) {
      MemberValue<Item>::read(value.emplace_back(), reader);
    }
  }
  static std::size_t owned_bytes(const std::vector<Item>& value) {
    std::size_t bytes = value.capacity() * sizeof(Item);
    for (const Item& item : value) bytes += MemberValue<Item>::owned_bytes(item);
    return bytes;
  }
};

template <typename Item, std::size_t N>
requires(N > 0) struct MemberValue<std::array<Item, N>> {
  static constexpr std::uint64_t shape(std::uint64_t so_far) {
    return MemberValue<Item>::shape(shape_with(shape_with(so_far, "array"), std::uint64_t{N}));
  }
  static void write(const std::array<Item, N>& value, MemberWriter& writer) {
    for (const Item& item : value) MemberValue<Item>::write(item, writer);
  }
  static void read(std::array<Item, N>& value, MemberReader& reader) {
    for (Item& item : value) MemberValue<Item>::read(item, reader);
  }
  static std::size_t owned_bytes(const std::array<Item, N>& value) {
    std::size_t bytes = 0;
    for (const Item& item : value) bytes += MemberValue<Item>::owned_bytes(item);
    return bytes;
  }
};

template <typename Key, typename Item>
struct MemberValue<std::map<Key, Item>> {
  using V = std::map<Key, Item>;
  static constexpr std::uint64_t shape(std::uint64_t so_far) {
    return MemberValue<Item>::shape(MemberValue<Key>::shape(shape_with(so_far, "map")));
  }
  static void write(const V& value, MemberWriter& writer) {
    writer.size(value.size());
    for (const auto& [key, item] : value) {
      MemberValue<Key>::write(key, writer);
      MemberValue<Item>::write(item, writer);
    }
  }
  static void read(V& value, MemberReader& reader) {
    for (std::size_t left = reader.size(); left > 0 && reader.ok(); --left) {
      Key key{};
      MemberValue<Key>::read(key, reader);
      if (!value.empty() && !(std::prev(value.end())->first < key)) {
        return reader.fail("keys of a map are out of order");
      }
      const auto place = value.try_emplace(value.end(), std::move(key));
      MemberValue<Item>::read(place->second, reader);
    }
  }
  static std::size_t owned_bytes(const V& value) {
    constexpr std::size_t kNode = 4 * sizeof(void*);  // colour and three links
    std::size_t bytes = value.size() * (sizeof(typename V::value_type) + kNode);
    for (const auto& [key, item] : value) {
      bytes += MemberValue<Key>::owned_bytes(key) + MemberValue<Item>::owned_bytes(item);
    }
    return bytes;
  }
};

template <HasMembers V>
struct MemberValue<V> {
  template <typename Visit>
  static constexpr void each(Visit visit) {
    std::apply([&](const auto&... members) { (visit(members), ...); }, Members<V>::kMembers);
  }
  template <typename Owner, typename Part>
  requires std::derived_from<V, Owner>
  static constexpr std::uint64_t shape_of(std::uint64_t so_far, const Member<Owner, Part>& member) {
    return MemberValue<Part>::shape(shape_with(so_far, member.name));
  }
  static constexpr std::uint64_t shape(std::uint64_t so_far) {
    so_far = shape_with(shape_with(so_far, "struct"), std::string_view(Members<V>::kName));
    each([&](const auto& member) { so_far = shape_of(so_far, member); });
    return shape_with(so_far, "end");
  }
  static void write(const V& value, MemberWriter& writer) {
    each([&](const auto& member) { write_one(value.*member.place, writer); });
  }
  static void read(V& value, MemberReader& reader) {
    each([&](const auto& member) { read_one(value.*member.place, reader); });
  }
  static std::size_t owned_bytes(const V& value) {
    std::size_t bytes = 0;
    each([&](const auto& member) { bytes += owned_by(value.*member.place); });
    return bytes;
  }

 private:
  template <typename Part>
  static void write_one(const Part& part, MemberWriter& writer) {
    MemberValue<Part>::write(part, writer);
  }
  template <typename Part>
  static void read_one(Part& part, MemberReader& reader) {
    MemberValue<Part>::read(part, reader);
  }
  template <typename Part>
  static std::size_t owned_by(const Part& part) {
    return MemberValue<Part>::owned_bytes(part);
  }
};

}  // namespace strata::internal
