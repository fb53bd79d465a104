// Explanation: where a key lives, what it depends on, and what happened to it.
//
//   const Explanation why = cache.explain(users.key({.identifier = "42"}).value());
//   for (const std::string& line : why.history) std::cout << line << "\n";
//   // invalidated by tag org:7 <- rule issue-write <- event entity_write issue 12, 3 s ago
//
// Threads   A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/record.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/labels/miss_reason.h"

namespace strata {

struct Explanation {
  // What one tier holds.
  struct Place {
    std::string tier;
    bool negative = false;
    Duration age{0};         // since it was written
    Duration fresh_left{0};  // of its ttl; zero: past it
    Duration kept_left{0};   // until it is gone, fresh_left included
    Duration load_cost{0};   // what the source took for it
    std::uint64_t size_bytes = 0;
    // Below memory: the value before it was packed, and how it was.
    std::uint64_t value_bytes = 0;
    CompressionId compression = CompressionId::kNone;
    std::string encryption_key;         // its id; empty: not encrypted
    std::optional<MissReason> refusal;  // kVersion, kNoKey or kTampered: no look-up would use it
    Labels labels;                      // those of its keyspace first
    std::string version;
  };

  std::string key;
  std::vector<Place> places;  // memory first; empty: a look-up would miss
  // Then why. Of what is there: kVersion, kNoKey or kTampered where the open keyspace takes no
  // such record, kNegative where it says that nothing exists.
  MissReason miss = MissReason::kCold;
  std::vector<std::string> history;  // how it left the tiers lately, newest first
  Labels sources;     // what its key depends on in the graph of dependencies, directly
  Labels dependents;  // what depends on its key there
  std::vector<std::string> failures;  // tiers that could not be asked
};

}  // namespace strata
