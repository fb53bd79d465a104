// Simulation: how many requests of a trace a cache of some size and policy answers.
//
// It drives the policies as the memory tier does, with the same calls in the same order: a hit
// marks the entry, a miss inserts one and evicts while the shard exceeds its bounds. Nothing
// expires, and nothing else happens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "memory/policy/policies.h"
#include "simulate/trace.h"

namespace strata::simulate {

struct SimulationOptions {
  memory::PolicyKind policy = memory::PolicyKind::kAdaptive;
  memory::PolicyOptions policy_options;
  std::uint64_t size = 0;      // in entries, or in bytes
  bool size_is_bytes = false;  // requests without a size count as one
  // Added to what each entry takes of a size in bytes, and to nothing else.
  std::uint32_t entry_overhead = 0;
  std::size_t shards_max = 1;  // fewer if they would be smaller than kShardEntriesMin
};

// A cache that keeps a curve, and what it had hit.
struct CurveSimulation {
  std::vector<bool> outcomes;  // of each request: was it a hit
  std::optional<Curve> curve;  // as the cache would have reported it in the end
};

struct SimulationResult {
  std::uint64_t requests = 0;
  std::uint64_t hits = 0;
  // Of all requests, and of those that hit: bytes and microseconds of loading; 0 if not known.
  std::uint64_t bytes = 0;
  std::uint64_t hit_bytes = 0;
  std::uint64_t cost_us = 0;
  std::uint64_t saved_us = 0;
  std::uint64_t switches = 0;       // of the arm
  std::size_t footprint_bytes = 0;  // of policies and controller, beyond the entries

  friend bool operator==(const SimulationResult&, const SimulationResult&) = default;
  [[nodiscard]] double hit_ratio() const { return share(hits, requests); }
  [[nodiscard]] double byte_hit_ratio() const { return share(hit_bytes, bytes); }
  [[nodiscard]] double cost_saved() const { return share(saved_us, cost_us); }
  [[nodiscard]] static double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

inline constexpr std::size_t kShardEntriesMin = 256;

// What an entry takes of the size if its request says so many bytes; kept below 4 GiB.
[[nodiscard]] std::uint32_t weight_of(std::uint32_t bytes, const SimulationOptions& options);

// How many shards a cache has.
[[nodiscard]] std::size_t shards_for(const SimulationOptions& options);

[[nodiscard]] SimulationResult play(const Trace& trace, const SimulationOptions& options);

// As play(). `curve`: whether one is kept, with adaptive or horizon.
[[nodiscard]] CurveSimulation play_outcomes(const Trace& trace, const SimulationOptions& options,
                                            bool curve);

// What play() returns for lru at each of `sizes`, which rise, in entries and one shard each. It
// reads the trace once for all of them.
[[nodiscard]] std::vector<SimulationResult> play_lru(const Trace& trace,
                                                     const std::vector<std::uint64_t>& sizes);

}  // namespace strata::simulate
