// Tiers: what was cached in a SQLite file is there again after a restart, and what was
// invalidated is not.
//
// Prints:
//   first run: 3 values loaded
//   second run: paris from sqlite
//   second run: paris from memory
//   second run: rome from the source
//   secrets were never in the file: token from the source
//   memory: 1 of 4 look-ups answered; sqlite: 1
#include <iostream>
#include <string>

#include "strata/strata.h"

namespace {

strata::Cache open_cache() {
  return strata::CacheBuilder()
      .memory({.max_bytes = 64 << 20})
      .sqlite({.path = "tiers.db", .max_bytes = 256 << 20})
      .keyspace("secret", {.sensitive = true})  // never below memory
      .build()
      .value();
}

// Reads through the cache, and says who answered.
std::string read(strata::Keyspace<std::string> keyspace, const std::string& id) {
  const auto found = keyspace.get_or_load(id, [&id] { return id + "!"; });
  return id + " from " + (found.tier().empty() ? "the source" : std::string(found.tier()));
}

}  // namespace

int main() {
  {
    strata::Cache cache = open_cache();
    auto cities = cache.keyspace<std::string>("city");
    (void)read(cities, "paris");
    (void)read(cities, "rome");
    (void)read(cache.keyspace<std::string>("secret"), "token");
    std::cout << "first run: "
              << cache.stats().keyspaces.at(0).loads + cache.stats().keyspaces.at(1).loads
              << " values loaded\n";
    // It holds after the process has ended, in whatever way.
    cities.invalidate("rome");
  }  // The destructor closes the cache: what was accepted is written.

  strata::Cache cache = open_cache();
  auto cities = cache.keyspace<std::string>("city");
  std::cout << "second run: " << read(cities, "paris") << '\n';
  std::cout << "second run: " << read(cities, "paris") << '\n';
  std::cout << "second run: " << read(cities, "rome") << '\n';
  std::cout << "secrets were never in the file: "
            << read(cache.keyspace<std::string>("secret"), "token") << '\n';

  const auto tiers = cache.stats().tiers;
  std::cout << tiers.at(0).tier.name << ": " << tiers.at(0).tier.hits << " of 4 look-ups answered; "
            << tiers.at(1).tier.name << ": " << tiers.at(1).tier.hits << '\n';
}
