#include "outbox/event_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "outbox/literal_list.h"
#include "strata/core/limits.h"

namespace strata::outbox {
namespace {

void cut(std::string& text) {
  if (text.size() <= limits::kEventTextBytes) return;
  const auto is_inside_character = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  std::size_t end = limits::kEventTextBytes;
  constexpr std::size_t kLongestCharacter = 4;
  const std::size_t least = end - kLongestCharacter;
  while (end > least && is_inside_character(end)) --end;
  text.resize(end);
}

// Nothing if the text is not one that a trigger writes. A field that is NULL is left out, and so is
// a column "id": rules know the item by its own id.
std::optional<Fields> read_fields(const std::string& text) {
  std::optional<LiteralList> list = read_literals(text);
  if (!list || list->size() % 2 != 0) return std::nullopt;
  Fields fields;
  for (std::size_t i = 0; i < list->size(); i += 2) {
    if (!(*list)[i]) return std::nullopt;
    if (!(*list)[i + 1] || *(*list)[i] == "id") continue;
    fields.push_back({*std::move((*list)[i]), *std::move((*list)[i + 1])});
    cut(fields.back().value);
  }
  return fields;
}

std::optional<Event> read_event(const Row& row) {
  const bool is_delete = row.operation == "delete";
  if (!is_delete && row.operation != "insert" && row.operation != "update") return std::nullopt;
  std::optional<Fields> fields = read_fields(row.fields);
  std::optional<Fields> old_fields = read_fields(row.old_fields);
  if (!fields || !old_fields) return std::nullopt;
  Event event = is_delete
                    ? entity_delete(row.type, row.id, *std::move(old_fields))
                    : entity_write(row.type, row.id, *std::move(fields), *std::move(old_fields));
  event.at = row.at;
  if (!event.validate()) return std::nullopt;
  return event;
}

EventKind bulk(EventKind kind) {
  return kind == EventKind::kEntityDelete ? EventKind::kEntityBulkDelete
                                          : EventKind::kEntityBulkWrite;
}

// Adds the item of `event` to `last` if they can be one.
bool join(Event& last, Event& event) {
  if (last.type != event.type || last.items.size() >= limits::kEventItems) return false;
  if (last.kind != event.kind && last.kind != bulk(event.kind)) return false;
  last.kind = bulk(event.kind);
  last.items.push_back(std::move(event.items.front()));
  return true;
}

}  // namespace

EventBatch to_events(const std::vector<Row>& rows, const std::string& origin) {
  EventBatch batch;
  for (const Row& row : rows) {
    std::optional<Event> event = read_event(row);
    if (!event) {
      std::vector<std::string>& types = batch.unknown_types;
      if (row.type.empty()) {
        batch.has_unknown_type = true;
      } else if (std::find(types.begin(), types.end(), row.type) == types.end()) {
        types.push_back(row.type);
      }
      continue;
    }
    if (!batch.events.empty() && join(batch.events.back(), *event)) continue;
    event->origin = origin;
    batch.events.push_back(*std::move(event));
  }
  return batch;
}

}  // namespace strata::outbox
