// Event: names of the kinds, and what an event must have.
#include "strata/labels/event.h"

#include "core/nearest.h"
#include "core/quote.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

constexpr std::array<std::string_view, kEventKindCount> kNames{
    "entity_read",        "entity_write",         "entity_bulk_write", "entity_delete",
    "entity_bulk_delete", "relation_read",        "relation_write",    "relation_bulk_write",
    "relation_delete",    "relation_bulk_delete", "query_executed",    "traversal_executed",
    "schema_modified",    "type_modified"};

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

Result<void> check_text(std::string_view what, std::string_view text) {
  if (text.size() <= limits::kEventTextBytes) return {};
  return rejected(std::string(what) + " of " + std::to_string(text.size()) +
                  " bytes in an event is over the limit of " +
                  std::to_string(limits::kEventTextBytes));
}

Result<void> check_fields(const Fields& fields) {
  if (fields.size() > limits::kEventFields) {
    return rejected("an event's item has " + std::to_string(fields.size()) +
                    " fields; the limit is " + std::to_string(limits::kEventFields));
  }
  for (const Field& field : fields) {
    if (field.name.empty()) return rejected("an event has a field without a name");
    if (auto name = check_text("a field's name", field.name); !name) return name;
    if (auto value = check_text("the value of a field", field.value); !value) return value;
  }
  return {};
}

}  // namespace

std::string_view to_string(EventKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

Result<EventKind> parse_event_kind(std::string_view name) {
  for (const EventKind kind : kEventKinds) {
    if (to_string(kind) == name) return kind;
  }
  return rejected("unknown event kind " + internal::quoted(name) +
                  internal::suggestion(name, kNames));
}

const std::string* find_field(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name == name) return &field.value;
  }
  return nullptr;
}

Result<void> Event::validate() const {
  const bool typed = kind != EventKind::kSchemaModified && kind != EventKind::kQueryExecuted &&
                     kind != EventKind::kTraversalExecuted;
  if (typed && type.empty()) {
    return rejected("an event of kind " + std::string(to_string(kind)) + " needs a type");
  }
  if (auto text = check_text("a type", type); !text) return text;
  if (auto text = check_text("an origin", origin); !text) return text;
  if (items.size() > limits::kEventItems) {
    return rejected("an event has " + std::to_string(items.size()) + " items; the limit is " +
                    std::to_string(limits::kEventItems));
  }
  for (const EventItem& item : items) {
    if (item.id.empty()) {
      return rejected("an event of kind " + std::string(to_string(kind)) + " for type " +
                      internal::quoted(type) + " has an item without an id");
    }
    if (auto text = check_text("an id", item.id); !text) return text;
    if (auto fields = check_fields(item.fields); !fields) return fields;
    if (auto fields = check_fields(item.old_fields); !fields) return fields;
  }
  return {};
}

Event entity_write(std::string_view type, std::string_view id, Fields fields, Fields old_fields) {
  Event event{.kind = EventKind::kEntityWrite, .type = std::string(type)};
  event.items.push_back({std::string(id), std::move(fields), std::move(old_fields)});
  return event;
}

Event entity_delete(std::string_view type, std::string_view id, Fields old_fields) {
  Event event{.kind = EventKind::kEntityDelete, .type = std::string(type)};
  event.items.push_back({std::string(id), {}, std::move(old_fields)});
  return event;
}

}  // namespace strata
