// Event: something was read, written, deleted or changed, and caches may want to know.
//
// Events come from the API (Cache::emit), from outboxes, graphs, repositories and other
// processes. Rules (labels/rules.h) turn them into labels that are no longer true; handlers
// (labels/event_bus.h) do whatever else is to be done.
//
//   Event event = entity_write("issue", "12", {{"project_id", "7"}});
//   event.items[0].old_fields = {{"project_id", "6"}};   // what it was before, where known
//
// Threads   A plain value.
// Errors    validate() says what is wrong with one that rules cannot use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"

namespace strata {

// Stable names, in logs, rules and metrics: to_string(kEntityWrite) is "entity_write".
enum class EventKind : std::uint8_t {
  kEntityRead,
  kEntityWrite,
  kEntityBulkWrite,
  kEntityDelete,
  kEntityBulkDelete,
  kRelationRead,
  kRelationWrite,
  kRelationBulkWrite,
  kRelationDelete,
  kRelationBulkDelete,
  kQueryExecuted,
  kTraversalExecuted,
  kSchemaModified,
  kTypeModified,
};

inline constexpr std::size_t kEventKindCount = 14;
inline constexpr std::array<EventKind, kEventKindCount> kEventKinds{
    EventKind::kEntityRead,         EventKind::kEntityWrite,       EventKind::kEntityBulkWrite,
    EventKind::kEntityDelete,       EventKind::kEntityBulkDelete,  EventKind::kRelationRead,
    EventKind::kRelationWrite,      EventKind::kRelationBulkWrite, EventKind::kRelationDelete,
    EventKind::kRelationBulkDelete, EventKind::kQueryExecuted,     EventKind::kTraversalExecuted,
    EventKind::kSchemaModified,     EventKind::kTypeModified};

[[nodiscard]] std::string_view to_string(EventKind kind);
// kRejected for a name that is none, with the nearest one.
[[nodiscard]] Result<EventKind> parse_event_kind(std::string_view name);

// A named value, as text: what a template like {project_id} is replaced by.
struct Field {
  std::string name;
  std::string value;
  friend bool operator==(const Field&, const Field&) = default;
};
using Fields = std::vector<Field>;

// The value of the field, or nothing.
[[nodiscard]] const std::string* find_field(const Fields& fields, std::string_view name);

// One of the things that an event is about. `fields` is how it is now, `old_fields` how it was
// before; each holds what is known, which may be nothing.
struct EventItem {
  std::string id;
  Fields fields;
  Fields old_fields;
};

struct Event {
  EventKind kind = EventKind::kEntityWrite;
  std::string type;              // of the entity or relation: "issue"
  std::vector<EventItem> items;  // one, or many for the bulk kinds; none for schema and type

  // Where it came from, for explanations: "api", "outbox orders.db", "pid 4711".
  std::string origin;
  std::uint64_t operation_id = 0;  // of the caller; 0: none

  // Ok, or kRejected: no type where the kind has one, an item without an id, a field without a
  // name, or one of the limits.
  [[nodiscard]] Result<void> validate() const;
};

[[nodiscard]] Event entity_write(std::string_view type, std::string_view id, Fields fields = {},
                                 Fields old_fields = {});
[[nodiscard]] Event entity_delete(std::string_view type, std::string_view id,
                                  Fields old_fields = {});

}  // namespace strata
