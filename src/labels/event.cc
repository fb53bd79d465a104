// Event: names of the kinds, and what an event must have.
#include "strata/labels/event.h"

#include <algorithm>

#include "core/nearest.h"
#include "core/quote.h"
#include "core/utf8.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

using internal::quoted;
using internal::TextFault;

constexpr std::array<std::string_view, kEventKindCount> kNames{
    "entity_read",        "entity_write",         "entity_bulk_write", "entity_delete",
    "entity_bulk_delete", "relation_read",        "relation_write",    "relation_bulk_write",
    "relation_delete",    "relation_bulk_delete", "query_executed",    "traversal_executed",
    "schema_modified",    "type_modified"};

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// What is checked is within `where()`, which is asked only for an error.
template <typename Where>
Result<void> check_size(const Where& where, std::string_view what, std::string_view text) {
  if (text.size() <= limits::kEventTextBytes) return {};
  return rejected(where() + " has " + std::string(what) + " of " + std::to_string(text.size()) +
                  " bytes, " + quoted(text) + "; the limit is " +
                  std::to_string(limits::kEventTextBytes));
}

template <typename Where>
Result<void> check_name(const Where& where, std::string_view what, std::string_view text) {
  if (auto size = check_size(where, what, text); !size) return size;
  const TextFault fault = internal::check_text(text);
  if (fault == TextFault::kNone) return {};
  return rejected(where() + " has " + std::string(what) + ", " + quoted(text) + ", which " +
                  (fault == TextFault::kControl ? "has a control character" : "is not UTF-8"));
}

// A value may be any bytes: rules make no label of what is no text.
template <typename Where>
Result<void> check_fields(const Where& where, const Fields& fields) {
  if (fields.size() > limits::kEventFields) {
    return rejected(where() + " has " + std::to_string(fields.size()) + " fields; the limit is " +
                    std::to_string(limits::kEventFields));
  }
  for (auto field = fields.begin(); field != fields.end(); ++field) {
    if (field->name.empty()) {
      return rejected(where() + " has a field without a name; its value is " +
                      quoted(field->value));
    }
    if (auto name = check_name(where, "a field's name", field->name); !name) return name;
    if (field->name == "id") {
      return rejected(where() + " has a field \"id\" with the value " + quoted(field->value) +
                      "; that is the item's own, and no field");
    }
    const auto is_same = [&](const Field& one) { return one.name == field->name; };
    if (std::any_of(fields.begin(), field, is_same)) {
      return rejected(where() + " has the field " + quoted(field->name) + " twice");
    }
    const auto of_item = [&] { return where() + ": the field " + quoted(field->name); };
    if (auto value = check_size(of_item, "a value", field->value); !value) return value;
  }
  return {};
}

Result<void> check_item(const Event& event, const EventItem& item) {
  const auto of_event = [&] {
    return "an event of kind " + std::string(to_string(event.kind)) + " for type " +
           quoted(event.type);
  };
  if (item.id.empty()) return rejected(of_event() + " has an item without an id");
  if (auto id = check_name(of_event, "an id", item.id); !id) return id;
  const auto of_item = [&] { return "item " + quoted(item.id) + " of " + of_event(); };
  if (auto fields = check_fields(of_item, item.fields); !fields) return fields;
  return check_fields(of_item, item.old_fields);
}

}  // namespace

std::string_view to_string(EventKind kind) {
  const auto number = static_cast<std::size_t>(kind);
  return number < kNames.size() ? kNames[number] : "unknown";
}

Result<EventKind> parse_event_kind(std::string_view name) {
  for (const EventKind kind : kEventKinds) {
    if (to_string(kind) == name) return kind;
  }
  return rejected("unknown event kind " + quoted(name) + internal::suggestion(name, kNames));
}

const std::string* find_field(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name == name) return &field.value;
  }
  return nullptr;
}

Result<void> Event::validate() const {
  if (static_cast<std::size_t>(kind) >= kEventKindCount) {
    return rejected("an event is of kind " + std::to_string(static_cast<unsigned>(kind)) +
                    ", which is none; the last one is " + std::to_string(kEventKindCount - 1));
  }
  const auto of_kind = [&] { return "an event of kind " + std::string(to_string(kind)); };
  const bool typed = kind != EventKind::kSchemaModified && kind != EventKind::kQueryExecuted &&
                     kind != EventKind::kTraversalExecuted;
  if (typed && type.empty()) return rejected(of_kind() + " needs a type");
  if (auto text = check_name(of_kind, "a type", type); !text) return text;
  if (auto text = check_size(of_kind, "an origin", origin); !text) return text;
  if (items.size() > limits::kEventItems) {
    return rejected(of_kind() + " for type " + quoted(type) + " has " +
                    std::to_string(items.size()) + " items; the limit is " +
                    std::to_string(limits::kEventItems));
  }
  for (const EventItem& item : items) {
    if (auto valid = check_item(*this, item); !valid) return valid;
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
