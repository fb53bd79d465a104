// The codecs that Strata brings keep the contract of Codec.
#include "contract/codec_contract.h"

#include <cstddef>

#include "strata/codecs/json.h"

namespace strata::contract {
namespace {

struct StringCase {
  using Value = std::string;
  static std::vector<Value> values() {
    return {"", "a", std::string("nul \0 and \xff", 11), std::string(10'000, 'x')};
  }
  static std::vector<std::string> not_values() { return {}; }
  static constexpr std::string_view kName = "string";
  static constexpr std::uint64_t kSchema = 1;
};

struct BytesCase {
  using Value = std::vector<std::byte>;
  static std::vector<Value> values() {
    return {{}, {std::byte{0}, std::byte{255}}, Value(10'000, std::byte{7})};
  }
  static std::vector<std::string> not_values() { return {}; }
  static constexpr std::string_view kName = "bytes";
  static constexpr std::uint64_t kSchema = 1;
};

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

struct PointCase {
  using Value = Point;
  static std::vector<Value> values() { return {{}, {1, -2}, {INT32_MIN, INT32_MAX}}; }
  static std::vector<std::string> not_values() { return {"", "1234567", "123456789"}; }
  static constexpr std::string_view kName = "bytes-of";
  static constexpr std::uint64_t kSchema = (8 << 8) | 4;
};

struct JsonCase {
  using Value = Json;
  static std::vector<Value> values() {
    std::vector<Value> values;
    for (const char* text : {"null", "false", "\"\"", "[]", "{}", "-0.50e3",
                             R"({"name": "Ada", "tags": ["a", "b\u0000"], "n": {"m": [1, 2]}})"}) {
      values.push_back(Json::parse(text).value());
    }
    values.push_back(Json::string(std::string(10'000, 'x')));
    return values;
  }
  static std::vector<std::string> not_values() {
    return {"", "nul", "{", "[1,]", "\"\xff\"", std::string(200, '['), "1 2"};
  }
  static constexpr std::string_view kName = "json";
  static constexpr std::uint64_t kSchema = 1;
};

using Cases = testing::Types<StringCase, BytesCase, PointCase, JsonCase>;
INSTANTIATE_TYPED_TEST_SUITE_P(BuiltIn, CodecContract, Cases);

}  // namespace
}  // namespace strata::contract
