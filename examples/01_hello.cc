// Hello: a cache in memory and in a file, in front of something slow. The README shows this.
//
// Prints:
//   Ada from the source
//   Ada from memory
//   Ada Lovelace from the source
#include <iostream>
#include <string>

#include "strata/strata.h"

int main() {
  std::string name = "Ada";  // what the database says of user 42
  strata::Cache cache = strata::CacheBuilder().sqlite({.path = "hello.db"}).build().value();
  auto users = cache.keyspace<std::string>("user");

  const auto print_user = [&] {
    const auto user = users.get_or_load("42", [&](strata::Load& load) {
      load.tag("org:7");  // what the answer depends on
      return name;        // the slow part
    });
    std::cout << *user << " from " << (user.tier().empty() ? "the source" : user.tier()) << '\n';
  };
  print_user();
  print_user();

  name = "Ada Lovelace";
  cache.invalidate(strata::tag("org:7"));  // final when it returns: no later read sees "Ada"
  print_user();
}
