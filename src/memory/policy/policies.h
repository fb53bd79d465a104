// Policies: the eviction policies by name, and the instances that one cache needs.
//
// The tier and the simulator make theirs here, so that they run the very same code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
  EvictionAim aim = EvictionAim::kRequests;
  // Whether lirs remembers all that was ever evicted. For comparisons only: memory has no bound.
  bool unbounded_history = false;
  // Whether adaptive and horizon keep a curve; what the cache has counted then.
  bool curve = false;
  std::function<LookUps()> look_ups{};
};

// What one cache evicts by.
struct PolicySet {
  // Shared by the shards' policies, which it outlives; null where nothing adapts and there is no
  // curve. Whoever looks a key up tells it, if the key is sampled; the policies tell it what is
  // inserted or replaced.
  std::unique_ptr<Controller> controller;
  std::vector<std::unique_ptr<Policy>> shards;
  PolicyKind kind{};
  PolicyOptions options;

  // One more of the same, with the same controller. May throw std::bad_alloc.
  [[nodiscard]] std::unique_ptr<Policy> make() const;
};

// One policy for each of `shards`; bounds are to be set on each.
[[nodiscard]] PolicySet make_policies(PolicyKind kind, std::size_t shards,
                                      const PolicyOptions& options = {});

}  // namespace strata::memory
