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
#include "strata/core/time.h"

namespace strata {

// Their names are stable, in logs, causes and metrics: to_string(kEntityWrite) is "entity_write".
// Rules have shorter words, which are for several kinds: "write issue".
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

// "unknown" for a number that is no kind.
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
  // For handlers, which find there what the emitter says: of which operation of its own it is a
  // part (0: none), and when it happened.
  std::uint64_t operation_id = 0;
  std::optional<WallTime> at{};

  // Ok, or kRejected, quoting what is wrong: a kind that is none; no type where the kind has one;
  // an item without an id; a field without a name, with the name "id", or there twice; a type, an
  // id or a field's name that is not UTF-8 or has a control character; one of the limits.
  [[nodiscard]] Result<void> validate() const;
};

[[nodiscard]] Event entity_write(std::string_view type, std::string_view id, Fields fields = {},
                                 Fields old_fields = {});
[[nodiscard]] Event entity_delete(std::string_view type, std::string_view id,
                                  Fields old_fields = {});

}  // namespace strata
