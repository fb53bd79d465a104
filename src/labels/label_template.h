// LabelTemplate: a label with places for fields, "project:{project_id}:lists".
//
//   {name}       the field's value; {old.name} what it was; {id}; {event.type}
//   {{ }}        the braces themselves
//   kind:        of label.h at the beginning; without one it is a tag
//
// A template of a key is either one place, {name}, whose value is a whole canonical key, or a
// canonical key with places, "key:1:issue::{id}:", whose values are escaped as the parts of a key
// are. Everywhere else values are inserted as they are.
//
// Threads   A plain value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "labels/item_fields.h"
#include "strata/core/label.h"
#include "strata/core/result.h"

namespace strata::internal {

class LabelTemplate {
 public:
  // Errors: kRejected, quoting the text and the position.
  [[nodiscard]] static Result<LabelTemplate> parse(std::string_view text);
  // The one that always gives `label`. Precondition: label.validate().
  [[nodiscard]] static LabelTemplate constant(const Label& label);

  enum class Outcome {
    kLabel,       // there is one
    kSkipped,     // an {old.name} has no value: there was nothing to depend on
    kIncomplete,  // a value is missing, or the values make no valid label
  };
  // Writes the label's text; its kind is kind().
  [[nodiscard]] Outcome render(const ItemFields& item, std::string& text) const;

  [[nodiscard]] LabelKind kind() const { return kind_; }
  [[nodiscard]] bool is_constant() const { return places_.empty(); }
  // As it was written, for messages.
  [[nodiscard]] const std::string& written() const { return written_; }
  void add_fields(std::vector<FieldName>& fields) const;

  // The template of what the label was before the event. Unlike with {old.name}, an old value
  // that is not told makes it incomplete; to a deletion the last value is the old one.
  [[nodiscard]] LabelTemplate of_before() const;

 private:
  // A place, and the text before it.
  struct Place {
    std::string text;
    FieldName field;
  };

  [[nodiscard]] Result<void> parse_places(std::string_view text);
  void take_kind();
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] Result<void> check_literal(std::string_view text) const;
  [[nodiscard]] Error wrong(std::string_view what) const;

  LabelKind kind_ = LabelKind::kTag;
  std::vector<Place> places_;
  std::string end_;  // the text after the last place
  std::string written_;
};

}  // namespace strata::internal
