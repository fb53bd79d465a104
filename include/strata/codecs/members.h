// Members<V>: says what a struct of yours consists of, and thereby how it is stored below memory
// and how a stored value of another shape is recognised.
//
//   struct User { std::string name; std::int32_t age = 0; std::vector<std::string> teams; };
//
//   template <> struct strata::Members<User> {
//     static constexpr std::string_view kName = "user";  // identifies the type: keep it
//     static constexpr auto kMembers = std::tuple(strata::member("name", &User::name),
//                                                strata::member("age", &User::age),
//                                                strata::member("teams", &User::teams));
//   };
//
//   cache.keyspace<User>("user");  // Codec<User> follows from it
//
// A member may be a bool, a number, an enumeration, a std::chrono::duration, a std::optional, a
// std::vector, a std::array or a std::map of such, a struct with Members of its own, or any type
// with a Codec: a text, Json. A struct cannot contain itself.
//
// Shapes    The schema of V is a fingerprint of the name and of the names, types and order of all
//           members, made by the compiler. When one changes, what was stored before is a miss, in
//           old and new programs alike, and neither ever takes the other's bytes for its own. The
//           names of enumerators are not part of it.
// Upgrades  With `static Result<V> upgrade(std::uint64_t schema, std::string_view bytes)` in
// Members
//           (or in a Codec of your own), values of another schema are offered to it first;
//           an error is a miss. upgraded_from() below is for a former shape that is still
//           described.
// Format    Member after member without names; numbers little-endian; sizes as 32 bits.
// Errors    encode(): kRejected for more than 4 GiB of anything. decode(): kCorrupt for bytes that
//           encode() does not make: cut off, too long, a bool of 2, keys of a map out of order.
//           Any value of an enumeration's type is taken.
// Memory    Decoding makes room as items come, each of which takes a byte at least: a size that is
//           a lie costs nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "strata/codecs/member.h"
#include "strata/codecs/member_values.h"
#include "strata/core/result.h"
#include "strata/core/value_type.h"

namespace strata {

template <HasMembers V>
struct Codec<V> {
  static_assert(std::tuple_size_v<decltype(Members<V>::kMembers)> > 0, "a struct without members");

  static constexpr std::string_view kName = Members<V>::kName;
  static constexpr std::uint64_t kSchema = internal::MemberValue<V>::shape(internal::kShapeSeed);

  static Result<std::string> encode(const V& value) {
    internal::MemberWriter writer;
    internal::MemberValue<V>::write(value, writer);
    return std::move(writer).bytes();
  }
  static Result<V> decode(std::string_view bytes) {
    internal::MemberReader reader(bytes);
    V value{};
    internal::MemberValue<V>::read(value, reader);
    if (const Result<void> read = reader.end(); !read) return read.error();
    return value;
  }
  static Result<V> upgrade(std::uint64_t schema, std::string_view bytes) requires requires {
    Members<V>::upgrade(schema, bytes);
  }
  { return Members<V>::upgrade(schema, bytes); }
  static std::size_t owned_bytes(const V& value) {
    return internal::MemberValue<V>::owned_bytes(value);
  }
};

// What convert(Old) makes of bytes that were stored as an Old; kCorrupt if they are of another
// schema than that or do not decode.
template <typename Old, typename Convert>
[[nodiscard]] auto upgraded_from(std::uint64_t schema, std::string_view bytes, Convert&& convert)
    -> Result<decltype(convert(std::declval<Old>()))> {
  if (schema != Codec<Old>::kSchema) {
    return Error{ErrorCode::kCorrupt, "of a schema that nobody upgrades", {}};
  }
  Result<Old> old = Codec<Old>::decode(bytes);
  if (!old) return old.error();
  return convert(*std::move(old));
}

}  // namespace strata
