// Names of fields, and their values in an item.
#include "labels/item_fields.h"

#include <algorithm>

#include "core/quote.h"
#include "core/utf8.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

constexpr std::string_view kOldPrefix = "old.";
constexpr std::string_view kEventPrefix = "event.";

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

bool is_delete(EventKind kind) {
  return kind == EventKind::kEntityDelete || kind == EventKind::kEntityBulkDelete ||
         kind == EventKind::kRelationDelete || kind == EventKind::kRelationBulkDelete;
}

}  // namespace

bool is_of_field_name(char c) {
  return static_cast<unsigned char>(c) > ' ' &&
         std::string_view("{}()'\"=!,").find(c) == std::string_view::npos;
}

Result<FieldName> parse_field_name(std::string_view text) {
  if (text.empty()) return rejected("a field has no name");
  if (text.size() > limits::kEventTextBytes) {
    return rejected("the field " + quoted(text) + " has " + std::to_string(text.size()) +
                    " bytes; the limit is " + std::to_string(limits::kEventTextBytes));
  }
  if (!std::all_of(text.begin(), text.end(), is_of_field_name) ||
      check_text(text) != TextFault::kNone) {
    return rejected("the field " + quoted(text) +
                    " has a blank, a control character, or one of {}()'\"=!,");
  }
  if (text == "id") return FieldName{FieldName::Of::kId, "id"};
  if (text.starts_with(kEventPrefix)) {
    if (text == "event.type") return FieldName{FieldName::Of::kEventType, "event.type"};
    return rejected("the field " + quoted(text) + " is none; of the event there is event.type");
  }
  if (!text.starts_with(kOldPrefix)) return FieldName{FieldName::Of::kNow, std::string(text)};
  text.remove_prefix(kOldPrefix.size());
  if (text == "id") return rejected("the id of an item does not change; write id, not old.id");
  if (text.empty()) return rejected("\"old.\" names no field");
  return FieldName{FieldName::Of::kOld, std::string(text)};
}

ItemFields::ItemFields(const Event& event, const EventItem* item)
    : event_(event), item_(item), is_deleted_(is_delete(event.kind)) {}

const std::string* ItemFields::value(const FieldName& field) const {
  if (field.of == FieldName::Of::kEventType) return event_.type.empty() ? nullptr : &event_.type;
  if (item_ == nullptr) return nullptr;
  if (field.of == FieldName::Of::kId) return &item_->id;
  if (field.of == FieldName::Of::kOld) return before(field.name);
  const std::string* const now = after(field.name);
  if (field.of == FieldName::Of::kBefore) {
    const std::string* const was = before(field.name);
    return was != nullptr || !is_deleted_ ? was : now;
  }
  return now != nullptr || !is_deleted_ ? now : before(field.name);
}

const std::string* ItemFields::before(std::string_view name) const {
  return item_ == nullptr ? nullptr : find_field(item_->old_fields, name);
}

const std::string* ItemFields::after(std::string_view name) const {
  return item_ == nullptr ? nullptr : find_field(item_->fields, name);
}

}  // namespace strata::internal
