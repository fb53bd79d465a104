// Cascades: which types lead to which, whether they go round in a circle, and their rules.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/quote.h"
#include "labels/compiled_rules.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

using TypeSet = std::set<std::string>;
// Types and those that they cascade to.
using Edges = std::map<std::string, TypeSet>;

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

RuleTrigger change_of(std::string_view type) {
  return {{EventKind::kEntityWrite, EventKind::kEntityBulkWrite, EventKind::kEntityDelete,
           EventKind::kEntityBulkDelete},
          std::string(type)};
}

// Looks for a way from `type` back into `path`, which leads to it. `done` are the types from
// which there is none. The path is at most as long as there are cascades.
bool find_cycle(const Edges& edges, const std::string& type, std::vector<std::string>& path,
                TypeSet& done) {
  const bool is_closed = std::find(path.begin(), path.end(), type) != path.end();
  path.push_back(type);
  if (is_closed) return true;
  const auto next = edges.find(type);
  if (next != edges.end() && !done.contains(type)) {
    for (const std::string& to : next->second) {
      if (find_cycle(edges, to, path, done)) return true;
    }
  }
  done.insert(type);
  path.pop_back();
  return false;
}

Result<void> check_cycles(const Edges& edges) {
  TypeSet done;
  for (const auto& [from, targets] : edges) {
    std::vector<std::string> path;
    if (!find_cycle(edges, from, path, done)) continue;
    std::string text;
    for (auto type = std::find(path.begin(), path.end(), path.back()); type != path.end(); ++type) {
      text += (text.empty() ? "" : " -> ") + *type;
    }
    return rejected("cascades go round in a circle: " + text);
  }
  return {};
}

// Adds what `type` leads to, directly or not.
void add_reachable(const Edges& edges, const std::string& type, TypeSet& reached) {
  const auto next = edges.find(type);
  if (next == edges.end()) return;
  for (const std::string& to : next->second) {
    if (reached.insert(to).second) add_reachable(edges, to, reached);
  }
}

std::vector<LabelTemplate> labels_of(const TypeSet& types) {
  std::vector<LabelTemplate> labels;
  for (const std::string& type : types) {
    labels.push_back(LabelTemplate::constant(Label(LabelKind::kType, type)));
  }
  return labels;
}

Result<CompiledRule> compile_one(const Cascade& cascade, const DeclaredTypes& types) {
  for (const std::string* type : {&cascade.from, &cascade.to}) {
    if (auto valid = check_type(*type); !valid) return valid.error();
  }
  Result<LabelTemplate> label = LabelTemplate::parse(cascade.label);
  if (!label) return label.error();
  std::vector<FieldName> fields;
  label->add_fields(fields);
  if (auto known = check_fields(fields, cascade.label, cascade.from, types); !known) {
    return known.error();
  }

  CompiledRule rule{.name = "cascade " + cascade.from + " -> " + cascade.to,
                    .on = {change_of(cascade.from)},
                    .when = {},
                    .invalidate = {*label},
                    .widens_to = cascade.to};
  const auto is_of_now = [](const FieldName& field) { return field.of == FieldName::Of::kNow; };
  if (std::any_of(fields.begin(), fields.end(), is_of_now)) {
    rule.invalidate.push_back(label->of_before());
  }
  return rule;
}

}  // namespace

Result<std::vector<CompiledRule>> compile_cascades(const std::vector<Cascade>& cascades,
                                                   const DeclaredTypes& types) {
  std::vector<CompiledRule> rules;
  std::set<std::pair<std::string, std::string>> pairs;
  Edges edges;
  for (const Cascade& cascade : cascades) {
    const std::string where = "cascade from " + quoted(cascade.from) + " to " + quoted(cascade.to);
    if (!pairs.emplace(cascade.from, cascade.to).second) {
      return rejected(where + " is declared twice");
    }
    Result<CompiledRule> rule = compile_one(cascade, types);
    if (!rule) return rejected(where + ": " + rule.error().message);
    rules.push_back(*std::move(rule));
    edges[cascade.from].insert(cascade.to);
  }
  if (auto acyclic = check_cycles(edges); !acyclic) return acyclic.error();

  for (const auto& [from, targets] : edges) {
    TypeSet further;
    for (const std::string& to : targets) add_reachable(edges, to, further);
    if (!further.empty()) {
      rules.push_back({.name = "cascades of " + from,
                       .on = {change_of(from)},
                       .when = {},
                       .invalidate = labels_of(further)});
    }
    TypeSet all = targets;
    all.insert(further.begin(), further.end());
    rules.push_back({.name = "cascades of type " + from,
                     .on = {{EventKind::kTypeModified, from}},
                     .when = {},
                     .invalidate = labels_of(all)});
  }
  return rules;
}

}  // namespace strata::internal
