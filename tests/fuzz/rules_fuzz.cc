// Fuzz target: any text as the words, the condition and the labels of a rule. What compiles
// evaluates, to labels that are valid and bounded; what does not is rejected with a message.
//
// The input's lines are: on, when, a label, a field's value. What is missing is empty.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/assert.h"
#include "strata/core/limits.h"
#include "strata/labels/rules.h"

namespace {

using strata::Event;
using strata::EventKind;
using strata::Label;
using strata::RuleOutcome;
using strata::RuleSet;

std::string take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string line(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void check(const strata::Labels& labels) {
  STRATA_ASSERT(labels.size() <= strata::limits::kLabelsPerEvent + 1);
  for (const Label& label : labels) {
    STRATA_ASSERT(label.validate().ok());
    STRATA_ASSERT(strata::parse_label(strata::format_label(label)).ok());
  }
}

void check(const RuleSet& rules, const Event& event) {
  const RuleOutcome outcome = rules.evaluate(event);
  check(outcome.invalidate);
  check(outcome.expire);
  for (const strata::FiredRule& fired : outcome.fired) {
    // A rule that fires names something, unless all its labels are of old values.
    STRATA_ASSERT(!fired.is_incomplete || fired.invalidate + fired.expire > 0 ||
                  outcome.fired.size() > 1);
  }
}

void evaluate(const RuleSet& rules, std::string value) {
  value.resize(std::min(value.size(), strata::limits::kEventTextBytes));
  const strata::Fields fields{{"a", value}, {"b", "1"}};
  for (const EventKind kind : strata::kEventKinds) {
    Event event{.kind = kind, .type = "issue"};
    check(rules, event);
    event.items = {{value.empty() ? "1" : value, fields, {}}, {"2", {}, fields}, {"3", {}, {}}};
    check(rules, event);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string on = take_line(text);
  const std::string when = take_line(text);
  const std::string label = take_line(text);
  const std::string value = take_line(text);

  // Each text is tried with others that are fine, so that an error in one hides none in another.
  const std::array rules{
      strata::Rule{.name = "on", .on = {on}, .invalidate = {"issue:{id}"}},
      strata::Rule{.name = "when", .on = {"write *"}, .when = when, .invalidate = {"x:{a}"}},
      strata::Rule{.name = "label", .on = {"write *", "delete *"}, .expire = {label, "x"}},
      strata::Rule{.name = "all", .on = {on}, .when = when, .invalidate = {label}}};
  for (const strata::Rule& rule : rules) {
    const strata::Result<RuleSet> compiled = RuleSet::compile({.rules = {rule}});
    if (compiled) {
      evaluate(*compiled, value);
    } else {
      STRATA_ASSERT(compiled.error().code == strata::ErrorCode::kRejected);
      STRATA_ASSERT(!compiled.error().message.empty());
    }
  }
  const strata::Result<RuleSet> cascades =
      RuleSet::compile({.cascades = {{"issue", on, label}, {on, when, label}}});
  if (cascades) evaluate(*cascades, value);
  return 0;
}
