// RuleTrigger: the events that a rule is for, as written in `on`: "write issue", "delete *".
//
//   read                 an entity or a relation was read
//   write, delete        an entity, one or many
//   link, unlink         a relation was written or deleted, one or many
//   query, traverse      was executed; the type may be left out
//   schema               was modified; the type may be left out
//   type                 was modified
//
// Threads   A plain value.
#pragma once

#include <string>
#include <string_view>

#include "strata/core/result.h"
#include "strata/labels/subscription.h"

namespace strata::internal {

struct RuleTrigger {
  EventKinds kinds;
  std::string type;  // "*": every type, and events without one
};

// Errors: kRejected, quoting the text, with the nearest word, or all if none is near.
[[nodiscard]] Result<RuleTrigger> parse_trigger(std::string_view text);

// Whether `type` can be named by rules and cascades, and be a label "type:...".
[[nodiscard]] Result<void> check_type(std::string_view type);

}  // namespace strata::internal
