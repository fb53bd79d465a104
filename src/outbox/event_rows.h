// From rows of the outbox to events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "strata/core/time.h"
#include "strata/labels/event.h"

namespace strata::outbox {

struct Row {
  std::int64_t seq = 0;
  std::string type;
  std::string id;
  std::string operation;
  std::string fields;  // lists of literals; empty: none
  std::string old_fields;
  std::optional<WallTime> at{};  // when it was written
};

struct EventBatch {
  std::vector<Event> events;
  // Of rows that cannot be told as events: somebody has changed something there, but what?
  std::vector<std::string> unknown_types;
  bool has_unknown_type = false;  // not even the type is known
};

// Neighbours of a kind and type become one event. Values longer than an event may have are cut,
// at the end of a character.
[[nodiscard]] EventBatch to_events(const std::vector<Row>& rows, const std::string& origin);

}  // namespace strata::outbox
