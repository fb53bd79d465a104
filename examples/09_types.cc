// Types: a struct is stored below memory by the list of its members, and a program with another
// struct upgrades what the program before it has stored. docs/types.md explains it.
//
// Prints:
//   the first program stores: Ada, 36
//   the second program finds: Ada, 36, no mail, from sqlite
//   a third program, which has no upgrade, finds: nothing
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <tuple>

#include "strata/codecs/members.h"
#include "strata/strata.h"

namespace first {

struct User {
  std::string name;
  std::int32_t age = 0;
};

}  // namespace first

template <>
struct strata::Members<first::User> {
  static constexpr std::string_view kName = "user";
  static constexpr auto kMembers = std::tuple(strata::member("name", &first::User::name),
                                              strata::member("age", &first::User::age));
};

namespace second {

struct User {
  std::string name;
  std::int32_t age = 0;
  std::string mail;
};

}  // namespace second

template <>
struct strata::Members<second::User> {
  static constexpr std::string_view kName = "user";
  static constexpr auto kMembers = std::tuple(strata::member("name", &second::User::name),
                                              strata::member("age", &second::User::age),
                                              strata::member("mail", &second::User::mail));

  static Result<second::User> upgrade(std::uint64_t schema, std::string_view bytes) {
    return upgraded_from<first::User>(schema, bytes, [](const first::User& old) {
      return second::User{old.name, old.age, "no mail"};
    });
  }
};

namespace third {

struct User {
  std::string full_name;
};

}  // namespace third

template <>
struct strata::Members<third::User> {
  static constexpr std::string_view kName = "user";
  static constexpr auto kMembers = std::tuple(strata::member("full_name", &third::User::full_name));
};

namespace {

strata::Cache open() { return strata::CacheBuilder().sqlite({.path = "types.db"}).build().value(); }

}  // namespace

int main() {
  {
    strata::Cache cache = open();
    auto users = cache.keyspace<first::User>("user");
    users.put("42", {"Ada", 36});
    const auto user = users.get("42");
    std::cout << "the first program stores: " << user->name << ", " << user->age << '\n';
  }
  {
    strata::Cache cache = open();
    const auto user = cache.keyspace<second::User>("user").get("42");
    std::cout << "the second program finds: " << user->name << ", " << user->age << ", "
              << user->mail << ", from " << user.tier() << '\n';
  }
  {
    strata::Cache cache = open();
    const auto user = cache.keyspace<third::User>("user").get("42");
    std::cout << "a third program, which has no upgrade, finds: "
              << (user ? user->full_name : "nothing") << '\n';
  }
}
