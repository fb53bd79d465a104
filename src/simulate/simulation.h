// Simulation: how many requests of a trace a cache of some size and policy answers.
//
// It drives the policies as the memory tier does, with the same calls in the same order: a hit
// marks the entry, a miss inserts one and evicts while the shard exceeds its bounds. Nothing
// expires, and nothing else happens.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memory/policy/policies.h"
#include "simulate/trace.h"

namespace strata::simulate {

struct SimulationOptions {
  memory::PolicyKind policy = memory::PolicyKind::kAdaptive;
  memory::PolicyOptions policy_options;
  std::uint64_t size = 0;      // in entries, or in bytes
  bool size_is_bytes = false;  // requests without a size count as one
  std::size_t shards_max = 1;  // fewer if they would be smaller than kShardEntriesMin
};

struct SimulationResult {
  std::uint64_t requests = 0;
  std::uint64_t hits = 0;
  std::uint64_t switches = 0;       // of the arm
  std::size_t footprint_bytes = 0;  // of policies and controller, beyond the entries

  [[nodiscard]] double hit_ratio() const {
    return requests == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(requests);
  }
};

inline constexpr std::size_t kShardEntriesMin = 256;

[[nodiscard]] SimulationResult play(const Trace& trace, const SimulationOptions& options);

}  // namespace strata::simulate
