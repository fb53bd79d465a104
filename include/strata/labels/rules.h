// RuleSet: turns events into the labels that are no longer true.
//
//   RuleDefinitions definitions{
//       .rules = {{.name = "issue-written",
//                  .on = {"write issue", "delete issue"},
//                  .invalidate = {"issue:{id}", "project:{project_id}:lists"}}},
//       .cascades = {{.from = "project", .to = "issue", .label = "project:{id}"}}};
//   RuleSet rules = RuleSet::compile(definitions).value();
//   rules.evaluate(entity_write("issue", "12", {{"project_id", "7"}})).invalidate;
//                                                    // tag:issue:12, tag:project:7:lists
//
// docs/events.md has the words of `on`, the conditions of `when` and the templates of labels.
//
// Promise   Nothing is guessed: a label that needs a field which the event does not tell, or that
//           would not be valid, is replaced by the label of the event's type, "type:issue", and
//           so is what exceeds kLabelsPerEvent. A condition that cannot be decided holds. So
//           nothing stale stays, provided that the label of the type finds the values: they are
//           of keyspaces that name the type, were computed from such values through their Load,
//           or carry it themselves. Only {old.field} without an old value is left out.
// Threads   Thread-safe; copies share one set and its statistics.
// Errors    compile(): kRejected, with the rule, the text and what to write instead.
// Memory    evaluate() allocates nothing if no rule is for the event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/result.h"
#include "strata/labels/event.h"

namespace strata {

struct Rule {
  std::string name;
  std::vector<std::string> on;            // "write issue", "delete *", "schema"
  std::string when{};                     // "changed(status) and kind == 'bug'"; empty: always
  std::vector<std::string> invalidate{};  // templates of labels: "issue:{id}"
  std::vector<std::string> expire{};      // the same, for what may be served stale
  int priority = 0;                       // higher ones first, equal ones as declared
  bool enabled = true;
};

// Values of type `to` carry `label`, made of the item of type `from` that they belong to. A write
// or delete of that item invalidates it, as it is and, if it is made of fields, as it was; if that
// is not told, the label of type `to`. What cascades from `to` in turn is invalidated by its type,
// since nobody knows the ids.
struct Cascade {
  std::string from;
  std::string to;
  std::string label;
};

// The fields that a type has. Rules for it may name no others. A type need not be declared.
struct TypeFields {
  std::string type;
  std::vector<std::string> fields;
};

struct RuleDefinitions {
  std::vector<Rule> rules{};
  std::vector<Cascade> cascades{};
  std::vector<TypeFields> types{};
};

// A rule that fired. Cascades are rules named "cascade project -> issue" and, for what cascades
// further and for a modified type, "cascades of project" and "cascades of type project". What
// happens without any rule is named after the event, "type_modified".
struct FiredRule {
  std::string_view name;       // as long as the outcome or the set lives
  std::size_t invalidate = 0;  // how many of the labels are its own; see RuleOutcome
  std::size_t expire = 0;
  bool is_incomplete = false;  // a label was replaced by that of the type
};

// What an event makes wrong. No label comes twice. Those of the first rule in `fired` come first,
// then those of the second: a label that several rules name belongs to the first of them.
struct RuleOutcome {
  Labels invalidate;
  Labels expire;
  std::vector<FiredRule> fired;
  bool is_widened = false;              // there were more than kLabelsPerEvent
  std::shared_ptr<const void> names{};  // keeps those in `fired`
};

struct RuleStats {
  std::string name;
  std::uint64_t evaluated = 0;   // events that it was for
  std::uint64_t fired = 0;       // those for which it fired
  std::uint64_t labels = 0;      // that were its own
  std::uint64_t incomplete = 0;  // events for which a label was replaced by that of the type
  std::uint64_t widened = 0;     // events for which there were too many labels
};

class RuleSet {
 public:
  RuleSet();  // without rules
  [[nodiscard]] static Result<RuleSet> compile(const RuleDefinitions& definitions);

  // Precondition: event.validate(). Without any rule a modified type invalidates its type's
  // label and a modified schema everything; other events invalidate nothing.
  [[nodiscard]] RuleOutcome evaluate(const Event& event) const;

  // Rules in the order in which they are evaluated, then cascades.
  [[nodiscard]] std::vector<RuleStats> stats() const;

  struct State;

 private:
  explicit RuleSet(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

// What a write of one item invalidates where there are no rules: the tag of the item,
// "issue:12", and the tag of everything that lists, counts or searches items, "issue:lists". In
// place of one that is no valid label, because it is too long: the label of the type.
[[nodiscard]] Labels default_labels(std::string_view type, std::string_view id);

}  // namespace strata
