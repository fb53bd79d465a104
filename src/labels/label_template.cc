// Templates of labels: how they are read, and what comes of them for an item.
#include "labels/label_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/quote.h"
#include "core/utf8.h"
#include "strata/core/key.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

constexpr std::array kKinds{LabelKind::kKey,    LabelKind::kTag,  LabelKind::kKeyspace,
                            LabelKind::kTenant, LabelKind::kType, LabelKind::kSource,
                            LabelKind::kSchema};

std::size_t limit_of(LabelKind kind) {
  return kind == LabelKind::kKey ? limits::kKeyBytes : limits::kLabelBytes;
}

std::string at(std::size_t index) { return " at position " + std::to_string(index + 1); }

}  // namespace

Error LabelTemplate::wrong(std::string_view what) const {
  return {ErrorCode::kRejected, "label " + quoted(written_) + " " + std::string(what), {}};
}

Result<LabelTemplate> LabelTemplate::parse(std::string_view text) {
  LabelTemplate made;
  made.written_ = text;
  if (text.size() > limits::kRuleTextBytes) {
    return made.wrong("has " + std::to_string(text.size()) + " bytes; the limit is " +
                      std::to_string(limits::kRuleTextBytes));
  }
  if (auto parsed = made.parse_places(text); !parsed) return parsed.error();
  made.take_kind();
  if (auto valid = made.check(); !valid) return valid.error();
  return made;
}

LabelTemplate LabelTemplate::constant(const Label& label) {
  LabelTemplate made;
  made.kind_ = label.kind();
  made.end_ = label.text();
  made.written_ = format_label(label);
  return made;
}

Result<void> LabelTemplate::parse_places(std::string_view text) {
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char c = text[index];
    const bool is_doubled = index + 1 < text.size() && text[index + 1] == c;
    if (c != '{' && c != '}') {
      end_ += c;
    } else if (is_doubled) {
      end_ += c;
      ++index;
    } else if (c == '}') {
      return wrong("has a \"}\"" + at(index) + " that closes nothing; write \"}}\" for the brace");
    } else {
      const std::size_t close = text.find_first_of("{}", index + 1);
      if (close == std::string_view::npos || text[close] == '{') {
        return wrong("has a \"{\"" + at(index) + " that is not closed; write \"{{\" for the brace");
      }
      const std::string_view name = text.substr(index + 1, close - index - 1);
      Result<FieldName> field = parse_field_name(name);
      if (!field) return wrong("is wrong" + at(index) + ": " + field.error().message);
      places_.push_back({std::exchange(end_, {}), *std::move(field)});
      index = close;
    }
  }
  return {};
}

void LabelTemplate::take_kind() {
  std::string& first = places_.empty() ? end_ : places_.front().text;
  for (const LabelKind kind : kKinds) {
    const std::string prefix = std::string(to_string(kind)) + ":";
    if (!first.starts_with(prefix)) continue;
    kind_ = kind;
    first.erase(0, prefix.size());
    return;
  }
}

Result<void> LabelTemplate::check_literal(std::string_view text) const {
  const std::size_t wildcard = text.find_first_of("*?");
  if (wildcard != std::string_view::npos) {
    return wrong("has the wildcard " + quoted(text.substr(wildcard, 1)) +
                 "; labels are exact, so name one that all of them carry: a tag, \"type:...\" or "
                 "\"keyspace:...\"");
  }
  if (check_text(text) != TextFault::kNone) {
    return wrong("is not UTF-8, or has a control character");
  }
  return {};
}

Result<void> LabelTemplate::check() const {
  std::size_t size = end_.size();
  if (auto valid = check_literal(end_); !valid) return valid;
  for (const Place& place : places_) {
    if (auto valid = check_literal(place.text); !valid) return valid;
    size += place.text.size();
  }
  if (places_.empty() && end_.empty()) return wrong("has no text");
  if (size > limit_of(kind_)) {
    return wrong("has " + std::to_string(size) + " bytes without its fields; the limit is " +
                 std::to_string(limit_of(kind_)));
  }
  const bool is_whole_key = places_.size() == 1 && size == 0;
  if (kind_ != LabelKind::kKey || is_whole_key) return {};
  std::string sample;
  for (const Place& place : places_) sample += place.text + "x";
  if (const Result<Key> key = Key::parse(sample + end_); !key) {
    return wrong(
        "is no canonical key; write \"key:1:issue::{id}:\" or, for a field that holds "
        "one, \"key:{field}\": " +
        key.error().message);
  }
  return {};
}

void LabelTemplate::add_fields(std::vector<FieldName>& fields) const {
  for (const Place& place : places_) fields.push_back(place.field);
}

LabelTemplate LabelTemplate::of_before() const {
  LabelTemplate before = *this;
  for (Place& place : before.places_) {
    if (place.field.of == FieldName::Of::kNow) place.field.of = FieldName::Of::kBefore;
  }
  return before;
}

LabelTemplate::Outcome LabelTemplate::render(const ItemFields& item, std::string& text) const {
  text.clear();
  bool is_missing = false;
  const bool escapes = kind_ == LabelKind::kKey && (places_.size() > 1 || !end_.empty() ||
                                                    (!places_.empty() && !places_[0].text.empty()));
  for (const Place& place : places_) {
    const std::string* const value = item.value(place.field);
    if (value == nullptr && place.field.of == FieldName::Of::kOld) return Outcome::kSkipped;
    is_missing |= value == nullptr;
    if (is_missing) continue;  // A later place may still skip it.
    text += place.text;
    if (escapes) {
      append_escaped(text, *value);
    } else {
      text += *value;
    }
  }
  if (is_missing) return Outcome::kIncomplete;
  text += end_;
  if (is_constant()) return Outcome::kLabel;
  if (text.empty() || text.size() > limit_of(kind_)) return Outcome::kIncomplete;
  if (check_text(text) != TextFault::kNone) return Outcome::kIncomplete;
  if (kind_ == LabelKind::kKey && !Key::parse(text)) return Outcome::kIncomplete;
  return Outcome::kLabel;
}

}  // namespace strata::internal
