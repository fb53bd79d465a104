// Tests of structs whose members are described: what is stored is read again, another shape is told
// apart, and bytes that nobody stored are refused.
#include "strata/codecs/members.h"

#include <gtest/gtest.h>

#include <limits>

#include "strata/codecs/json.h"
#include "testkit/random.h"

namespace strata {
namespace {

enum class Rank : std::uint8_t { kNone, kHigh = 7 };

struct Place {
  double latitude = 0;
  float longitude = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

struct User {
  std::string name;
  std::int32_t age = 0;
  bool is_admin = false;
  Rank rank = Rank::kNone;
  std::optional<Place> home;
  std::vector<std::string> teams;
  std::map<std::string, std::vector<std::int64_t>> scores;
  std::array<std::uint16_t, 3> codes{};
  std::chrono::milliseconds quota{0};
  Json extra;
  friend bool operator==(const User&, const User&) = default;
};

// Former and other shapes of a thing.
struct ThingV1 {
  std::int32_t size = 0;
  std::string name;
};
struct ThingV2 {
  std::int64_t size = 0;
  std::string name;
};
struct Renamed : ThingV1 {};
struct Swapped {
  std::string name;
  std::int32_t size = 0;
};

}  // namespace

template <>
struct Members<Place> {
  static constexpr std::string_view kName = "place";
  static constexpr auto kMembers =
      std::tuple(member("latitude", &Place::latitude), member("longitude", &Place::longitude));
};

template <>
struct Members<User> {
  static constexpr std::string_view kName = "user";
  static constexpr auto kMembers = std::tuple(
      member("name", &User::name), member("age", &User::age), member("is_admin", &User::is_admin),
      member("rank", &User::rank), member("home", &User::home), member("teams", &User::teams),
      member("scores", &User::scores), member("codes", &User::codes), member("quota", &User::quota),
      member("extra", &User::extra));
};

template <>
struct Members<ThingV1> {
  static constexpr std::string_view kName = "thing";
  static constexpr auto kMembers =
      std::tuple(member("size", &ThingV1::size), member("name", &ThingV1::name));
};

template <>
struct Members<ThingV2> {
  static constexpr std::string_view kName = "thing";
  static constexpr auto kMembers =
      std::tuple(member("size", &ThingV2::size), member("name", &ThingV2::name));
  static Result<ThingV2> upgrade(std::uint64_t schema, std::string_view bytes) {
    return upgraded_from<ThingV1>(schema, bytes, [](const ThingV1& old) {
      return ThingV2{old.size, old.name};
    });
  }
};

template <>
struct Members<Renamed> {
  static constexpr std::string_view kName = "thing";
  static constexpr auto kMembers =
      std::tuple(member("width", &Renamed::size), member("name", &Renamed::name));
};

template <>
struct Members<Swapped> {
  static constexpr std::string_view kName = "thing";
  static constexpr auto kMembers =
      std::tuple(member("name", &Swapped::name), member("size", &Swapped::size));
};

namespace {

User ada() {
  return {.name = "Ada",
          .age = -36,
          .is_admin = true,
          .rank = Rank::kHigh,
          .home = Place{51.5, -0.25F},
          .teams = {"math", "", std::string(1'000, 'x')},
          .scores = {{"a", {}}, {"b", {1, -1, std::numeric_limits<std::int64_t>::min()}}},
          .codes = {1, 2, 65'535},
          .quota = std::chrono::milliseconds(-5),
          .extra = Json::parse(R"({"a":[1.00]})").value()};
}

std::string stored(const User& user) { return Codec<User>::encode(user).value(); }

TEST(Members, WhatIsStoredIsReadAgain) {
  for (const User& user : {ada(), User()}) {
    const Result<User> read = Codec<User>::decode(stored(user));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, user);
  }
}

// What is on disk stays readable: neither bytes nor fingerprint may change.
TEST(Members, TheFormatStays) {
  EXPECT_EQ(Codec<ThingV1>::encode({.size = -2, .name = "ab"}).value(),
            std::string("\xfe\xff\xff\xff\x02\0\0\0ab", 10));
  EXPECT_EQ(Codec<ThingV1>::kSchema, 2030151454691646289U);
  EXPECT_EQ(Codec<User>::kSchema, 17020785558062823522U);
  EXPECT_EQ(Codec<User>::kName, "user");
}

TEST(Members, AnotherShapeIsAnotherSchema) {
  EXPECT_NE(Codec<ThingV1>::kSchema, Codec<ThingV2>::kSchema) << "the type of a member";
  EXPECT_NE(Codec<ThingV1>::kSchema, Codec<Renamed>::kSchema) << "the name of a member";
  EXPECT_NE(Codec<ThingV1>::kSchema, Codec<Swapped>::kSchema) << "the order of members";
}

TEST(Members, AFormerShapeIsUpgraded) {
  const std::string old = Codec<ThingV1>::encode({.size = 7, .name = "cup"}).value();
  const Result<ThingV2> now = Codec<ThingV2>::upgrade(Codec<ThingV1>::kSchema, old);
  ASSERT_TRUE(now.ok());
  EXPECT_EQ(now->size, 7);
  EXPECT_EQ(now->name, "cup");
  EXPECT_EQ(Codec<ThingV2>::upgrade(1, old).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(Codec<ThingV2>::upgrade(Codec<ThingV1>::kSchema, "x").error().code,
            ErrorCode::kCorrupt);
  EXPECT_NE(value_type<ThingV2>().upgrade, nullptr);
  EXPECT_EQ(value_type<ThingV1>().upgrade, nullptr);
}

TEST(Members, BytesThatNobodyStoredAreRefused) {
  const std::string whole = stored(ada());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Codec<User>::decode(whole.substr(0, size)).error().code, ErrorCode::kCorrupt) << size;
  }
  EXPECT_EQ(Codec<User>::decode(whole + "x").error().message, "bytes follow the last member");
  // The flag after the name and the age.
  std::string flag = whole;
  flag.at(4 + 3 + 4) = 2;
  EXPECT_EQ(Codec<User>::decode(flag).error().message, "a bool is 0 or 1");
  User swapped = ada();
  swapped.scores = {{"b", {}}, {"c", {}}};
  std::string keys = stored(swapped);
  keys.at(keys.find('c')) = 'a';
  EXPECT_EQ(Codec<User>::decode(keys).error().message, "keys of a map are out of order");
  User with_json = ada();
  std::string json = stored(with_json);
  json.at(json.rfind('}')) = ']';
  EXPECT_EQ(Codec<User>::decode(json).error().code, ErrorCode::kCorrupt);
}

// Whatever is read says the same when it is written again.
TEST(Members, DamagedBytesAreAnErrorOrAValue) {
  testkit::Random random(29);
  const std::string whole = stored(ada());
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    for (std::uint64_t left = 1 + random.below(3); left > 0; --left) {
      damaged.at(random.below(damaged.size())) = static_cast<char>(random.below(256));
    }
    const Result<User> read = Codec<User>::decode(damaged);
    if (!read) continue;
    const std::string again = stored(*read);
    ASSERT_EQ(stored(Codec<User>::decode(again).value()), again);
  }
}

TEST(Members, ASizeIsNotBelieved) {
  std::string bytes = stored(User());
  bytes.replace(0, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(Codec<User>::decode(bytes).error().message, "it is cut off");
}

TEST(Members, MemoryThatAValueOwnsIsCounted) {
  EXPECT_EQ(Codec<User>::owned_bytes(User()), 0U);
  EXPECT_GE(Codec<User>::owned_bytes(ada()), 1'000U + 3 * sizeof(std::string));
}

}  // namespace
}  // namespace strata
