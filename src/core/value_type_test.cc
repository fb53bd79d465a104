// Tests of the built-in codecs and of what becomes of a codec's exceptions.
#include "strata/core/value_type.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace strata {
namespace {

struct Thrower {
  std::string text;
};

}  // namespace

template <>
struct Codec<Thrower> {
  static constexpr std::string_view kName = "thrower";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const Thrower&) { throw std::runtime_error("cannot write"); }
  static Result<Thrower> decode(std::string_view bytes) {
    if (bytes == "refused") return Error{ErrorCode::kCorrupt, "refused", {}};
    if (bytes == "odd") throw 7;  // NOLINT: not a std::exception, on purpose
    if (bytes == "throw") throw std::runtime_error("cannot read");
    return Thrower{std::string(bytes)};
  }
};

namespace {

template <typename V>
void expect_round_trip(const V& value) {
  const ValueType& type = value_type<V>();
  const std::string bytes = type.encode(&value).value();
  alignas(V) std::byte storage[sizeof(V)];
  ASSERT_TRUE(type.decode(bytes, storage).ok());
  EXPECT_EQ(*reinterpret_cast<V*>(storage), value);
  type.destroy(storage);
}

struct Point {
  double x = 0;
  double y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

TEST(ValueType, BuiltInCodecsReadWhatTheyWrite) {
  expect_round_trip(std::string("text with \0 inside", 18));
  expect_round_trip(std::string(1000, 'x'));
  expect_round_trip(std::vector<std::byte>{std::byte{0}, std::byte{255}});
  expect_round_trip(std::vector<std::byte>{});
  expect_round_trip(Point{1.5, -2});
  expect_round_trip(std::uint64_t{7});
}

TEST(ValueType, BytesOfAnotherSizeDoNotDecode) {
  Point point;
  EXPECT_EQ(value_type<Point>().decode("short", &point).error().code, ErrorCode::kCorrupt);
}

TEST(ValueType, TypesOfAnotherSizeHaveAnotherSchema) {
  EXPECT_NE(value_type<std::uint64_t>().schema, value_type<std::uint32_t>().schema);
  EXPECT_EQ(value_type<Point>().size, sizeof(Point));
  EXPECT_EQ(value_type<Point>().alignment, alignof(Point));
}

// Records on disk hold these numbers.
TEST(CodecId, IsStableAcrossReleases) {
  EXPECT_EQ(codec_id("string"), 0x48e774f1u);
  EXPECT_EQ(codec_id("bytes"), 0xf8ac3570u);
  EXPECT_EQ(codec_id("bytes-of"), 0x2f334ae5u);
  EXPECT_EQ(value_type<std::string>().codec, codec_id("string"));
}

TEST(ValueType, OwnedBytesAreThoseOutsideTheValue) {
  const std::string small = "small";
  std::string large;
  large.reserve(1000);
  EXPECT_EQ(value_type<std::string>().owned_bytes(&small), 0u);
  EXPECT_EQ(value_type<std::string>().owned_bytes(&large), large.capacity() + 1);
  const std::vector<std::byte> bytes(100);
  EXPECT_EQ(value_type<std::vector<std::byte>>().owned_bytes(&bytes), 100u);
  const Point point;
  EXPECT_EQ(value_type<Point>().owned_bytes(&point), 0u);
}

TEST(ValueType, ExceptionsBecomeErrorsThatCarryThem) {
  const ValueType& type = value_type<Thrower>();
  const Thrower value{"x"};
  const Result<std::string> encoded = type.encode(&value);
  ASSERT_FALSE(encoded.ok());
  EXPECT_EQ(encoded.error().code, ErrorCode::kRejected);
  EXPECT_EQ(encoded.error().message, "encoding a value: cannot write");
  EXPECT_THROW(static_cast<void>(encoded.value()), std::runtime_error);

  alignas(Thrower) std::byte storage[sizeof(Thrower)];
  const Result<void> thrown = type.decode("throw", storage);
  ASSERT_FALSE(thrown.ok());
  EXPECT_EQ(thrown.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(thrown.error().message, "decoding a value: cannot read");

  const Result<void> odd = type.decode("odd", storage);
  ASSERT_FALSE(odd.ok());
  EXPECT_EQ(odd.error().message, "decoding a value: an exception that is not a std::exception");

  EXPECT_EQ(type.decode("refused", storage).error().message, "refused");
}

}  // namespace
}  // namespace strata
