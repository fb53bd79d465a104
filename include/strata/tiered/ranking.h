// RankedEntry: one of the entries that memory would keep longest, or give up first.
//
//   for (const RankedEntry& entry : cache.hottest(10).value()) std::cout << entry.key << "\n";
//
// Threads   A plain value.
#pragma once

#include <cstdint>
#include <string>

#include "strata/core/standing.h"
#include "strata/core/time.h"

namespace strata {

struct RankedEntry {
  std::string key;       // canonical
  std::string keyspace;  // "user"; "acme/user" for a tenant's part of it
  bool negative = false;
  Standing standing;
  std::uint64_t size_bytes = 0;
  Duration age{0};         // since it was written
  Duration fresh_left{0};  // of its ttl; zero: past it
  Duration kept_left{0};   // until it is gone, fresh_left included
  Duration load_cost{0};   // what the source took for it
};

}  // namespace strata
