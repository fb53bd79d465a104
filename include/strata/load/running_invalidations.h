// RunningInvalidations: what tickets must not be younger than while something is being
// invalidated.
//
// An invalidation goes from the deepest tier up to memory, so for a moment a deep tier is clean
// while memory still serves what was just made wrong. A load that starts then may read the old
// value from memory, through its handle or by joining another load; its ticket in the deep tier
// must therefore be from before the invalidation. The low-water mark is that ticket: in each
// tier, the position before the oldest invalidation that is still running.
//
//   { const RunningInvalidations::Guard running(registry); ...raise and remove, tier by tier... }
//   Tickets tickets = registry.low_water();   // when a load starts, before it reads anything
//
// Promise   An invalidation counts as running from before its first raise, if it made its Guard
//           first, until the Guard goes.
// Threads   Thread-safe. `positions` is called under the registry's lock.
// Memory    One Tickets per running invalidation.
#pragma once

#include <functional>
#include <memory>

#include "strata/load/tickets.h"

namespace strata {

class RunningInvalidations {
 public:
  // `positions` reads every tier's position now.
  explicit RunningInvalidations(std::function<Tickets()> positions);
  ~RunningInvalidations();

  class Guard {
   public:
    explicit Guard(RunningInvalidations& registry);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    RunningInvalidations& registry_;
    std::size_t slot_;
  };

  // In each tier, the position now or before the oldest running invalidation.
  [[nodiscard]] Tickets low_water() const;

  // Each tier's position now, whatever is running.
  [[nodiscard]] Tickets positions() const;

  [[nodiscard]] std::size_t count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
