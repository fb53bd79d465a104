// R16: programs of different age use one file in turn. Nobody sees an error, a value of another
// shape or one that was invalidated, and what can be upgraded is not loaded again.
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <tuple>

#include "strata/codecs/members.h"
#include "strata/config/open.h"
#include "testkit/random.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

struct OldUser {
  std::int32_t version = 0;
};
struct NewUser {
  std::int64_t version = 0;
  std::string email;
};
// Of a program that does not know how to upgrade.
struct StrictUser {
  std::string email;
  std::int64_t version = 0;
};

// Of one whose upgrade is not prepared for what it finds.
struct ThrowingUser {
  bool known = false;
  std::int64_t version = 0;
};

}  // namespace

template <>
struct Members<ThrowingUser> {
  static constexpr std::string_view kName = "user";
  static constexpr auto kMembers =
      std::tuple(member("known", &ThrowingUser::known), member("version", &ThrowingUser::version));
  static Result<ThrowingUser> upgrade(std::uint64_t, std::string_view) {
    throw std::runtime_error("no such user");
  }
};
template <>
struct Members<OldUser> {
  static constexpr std::string_view kName = "user";
  static constexpr auto kMembers = std::tuple(member("version", &OldUser::version));
};
template <>
struct Members<NewUser> {
  static constexpr std::string_view kName = "user";
  static constexpr auto kMembers =
      std::tuple(member("version", &NewUser::version), member("email", &NewUser::email));
  static Result<NewUser> upgrade(std::uint64_t schema, std::string_view bytes) {
    return upgraded_from<OldUser>(schema, bytes, [](const OldUser& old) {
      return NewUser{old.version, "unknown"};
    });
  }
};
template <>
struct Members<StrictUser> {
  static constexpr std::string_view kName = "user";
  static constexpr auto kMembers =
      std::tuple(member("email", &StrictUser::email), member("version", &StrictUser::version));
};

namespace {

constexpr std::size_t kUsers = 12;

class R16MixedPrograms : public ::testing::Test {
 protected:
  // One program's life: reads, and a few changes of the origin.
  template <typename User>
  void run() {
    Cache cache = CacheBuilder().sqlite({.path = folder_.file("cache.db")}).build().value();
    ASSERT_EQ(cache.stats().tiers.at(1).tier.state, TierState::kOk);
    auto users = cache.keyspace<User>("user", {.ttl = kForever});
    for (int step = 0; step < 40; ++step) {
      const std::size_t user = random_.below(kUsers);
      const std::string id = std::to_string(user);
      if (random_.one_in(8)) {
        ++origin_.at(user);
        ASSERT_TRUE(cache.invalidate(tag("user:" + id)).ok());
      }
      const auto found = users.get_or_load(id, [&](Load& load) {
        load.tag("user:" + id);
        ++loads_;
        User loaded;
        loaded.version = static_cast<decltype(loaded.version)>(origin_.at(user));
        return loaded;
      });
      ASSERT_FALSE(found.has_error()) << found.error().message;
      ASSERT_EQ(found->version, origin_.at(user));
      if constexpr (requires { found->email; }) upgraded_ += found->email == "unknown" ? 1 : 0;
    }
    EXPECT_EQ(cache.stats().tiers.at(1).tier.errors, 0U);
  }

  testkit::TempDir folder_;
  testkit::Random random_{16};
  std::array<int, kUsers> origin_{};
  int loads_ = 0;
  int upgraded_ = 0;
};

TEST_F(R16MixedPrograms, OfDifferentAgeUseOneFileInTurn) {
  for (int round = 0; round < 30; ++round) {
    switch (random_.below(3)) {
      case 0:
        run<OldUser>();
        break;
      case 1:
        run<NewUser>();
        break;
      default:
        run<StrictUser>();
        break;
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(upgraded_, 0);
}

TEST_F(R16MixedPrograms, WhatIsUpgradedIsNotLoadedAgain) {
  for (std::size_t user = 0; user < kUsers; ++user) origin_.at(user) = static_cast<int>(user);
  {
    Cache cache = CacheBuilder().sqlite({.path = folder_.file("cache.db")}).build().value();
    auto users = cache.keyspace<OldUser>("user");
    for (std::size_t user = 0; user < kUsers; ++user) {
      ASSERT_TRUE(users.put(std::to_string(user), {origin_.at(user)}).ok());
    }
  }
  Cache cache = CacheBuilder().sqlite({.path = folder_.file("cache.db")}).build().value();
  auto users = cache.keyspace<NewUser>("user");
  for (std::size_t user = 0; user < kUsers; ++user) {
    const auto found = users.get(std::to_string(user));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found.tier(), "sqlite");
    EXPECT_EQ(found->version, origin_.at(user));
    EXPECT_EQ(users.get(std::to_string(user)).tier(), "memory");
  }
}

TEST_F(R16MixedPrograms, AnUpgradeThatThrowsIsAMissAndIsSaid) {
  {
    Cache cache = CacheBuilder().sqlite({.path = folder_.file("cache.db")}).build().value();
    ASSERT_TRUE(cache.keyspace<OldUser>("user").put("1", {7}).ok());
  }
  std::string logged;
  Cache cache = CacheBuilder()
                    .sqlite({.path = folder_.file("cache.db")})
                    .log([&](LogLevel, std::string_view line) { logged += line; })
                    .build()
                    .value();
  const auto found = cache.keyspace<ThrowingUser>("user").get("1");
  EXPECT_FALSE(found.has_value());
  EXPECT_FALSE(found.has_error());
  EXPECT_EQ(cache.stats().tier_errors, 1U);
  EXPECT_NE(logged.find("codec: reading values of user in sqlite failed"), std::string::npos)
      << logged;
  EXPECT_NE(logged.find("no such user"), std::string::npos) << logged;
}

TEST_F(R16MixedPrograms, TwoTypesOfOneKeyspaceAreToldApartByTheirSchemas) {
  Cache cache = CacheBuilder().build().value();
  const auto first = cache.keyspace<OldUser>("user");
  const std::string message = cache.keyspace<NewUser>("user").status().error().message;
  const std::size_t at = message.find("of schema ");
  const std::size_t other = message.rfind("of schema ");
  ASSERT_NE(at, other) << message;
  EXPECT_NE(message.substr(at, 26), message.substr(other, 26)) << message;
}

}  // namespace
}  // namespace strata
