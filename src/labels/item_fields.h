// What templates and conditions can name of an event: fields, old fields, the id, the type.
#pragma once

#include <string>
#include <string_view>

#include "strata/core/result.h"
#include "strata/labels/event.h"

namespace strata::internal {

struct FieldName {
  enum class Of {
    kNow,        // project_id
    kOld,        // old.project_id
    kBefore,     // what kNow was, which there must be; not written by anybody
    kId,         // id
    kEventType,  // event.type
  };
  Of of = Of::kNow;
  std::string name;  // without "old."; for messages too
};

// Errors: kRejected with what is wrong with the name, to be put behind where it stands.
[[nodiscard]] Result<FieldName> parse_field_name(std::string_view text);
// Whether a name may have this character.
[[nodiscard]] bool is_of_field_name(char c);

// One item of an event, or the event itself if it has none.
class ItemFields {
 public:
  ItemFields(const Event& event, const EventItem* item);

  // The value, or nullptr if the event does not tell. What is deleted is as it was last: then
  // the old value stands for a new one that is not there.
  [[nodiscard]] const std::string* value(const FieldName& field) const;

  // The values before and after, as far as the event tells them.
  [[nodiscard]] const std::string* before(std::string_view name) const;
  [[nodiscard]] const std::string* after(std::string_view name) const;

 private:
  const Event& event_;
  const EventItem* item_;
  bool is_deleted_;
};

}  // namespace strata::internal
