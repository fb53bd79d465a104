// Policies: the eviction policies by name, and the instances that one cache needs.
//
// The tier and the simulator make theirs here, so that they run the very same code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "memory/policy/controller.h"
#include "memory/policy/policy.h"
#include "strata/core/result.h"
#include "strata/memory/memory_tier.h"

namespace strata::memory {

using PolicyKind = EvictionPolicy;

// "lru", "lfu", "s3fifo", "wtinylfu", "lirs", "horizon", "adaptive"
[[nodiscard]] std::span<const std::string_view> policy_names();
[[nodiscard]] std::string_view to_string(PolicyKind kind);
// An unknown name is kRejected, with the names that there are.
[[nodiscard]] Result<PolicyKind> parse_policy(std::string_view name);

struct PolicyOptions {
  // Whether lirs remembers all that was ever evicted. For comparisons only: memory has no bound.
  bool unbounded_history = false;
};

// What one cache evicts by.
struct PolicySet {
  // Shared by the shards' policies, which it outlives; null where nothing adapts. Whoever hits an
  // entry offers its hash, if it is sampled; the policies offer what is inserted or replaced.
  std::unique_ptr<Controller> controller;
  std::vector<std::unique_ptr<Policy>> shards;
};

// One policy for each of `shards`; bounds are to be set on each.
[[nodiscard]] PolicySet make_policies(PolicyKind kind, std::size_t shards,
                                      const PolicyOptions& options = {});

}  // namespace strata::memory
