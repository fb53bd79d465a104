// EventResult: what the cache did about an event.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "strata/core/result.h"
#include "strata/tiered/invalidation.h"

namespace strata {

struct EventResult {
  InvalidationResult invalidated;  // by the rules, all together
  InvalidationResult expired;
  std::vector<std::string> rules;  // that fired, in their order
  // A label could not be made from the event, and its type was invalidated instead.
  bool incomplete = false;
  // The event was not acceptable, and nothing was done; or the invalidation is not complete; or
  // handlers were not called, after the invalidation.
  std::shared_ptr<const Error> error;

  [[nodiscard]] bool ok() const { return error == nullptr; }
};

}  // namespace strata
