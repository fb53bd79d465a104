// Compiling rules: everything that can be wrong with them is found here, and named.
#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "core/nearest.h"
#include "core/quote.h"
#include "core/utf8.h"
#include "labels/compiled_rules.h"
#include "strata/core/limits.h"

namespace strata {
namespace internal {
namespace {

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

Result<void> check_count(std::string_view of_what, std::size_t count, std::size_t limit) {
  if (count <= limit) return {};
  return rejected(std::to_string(count) + " " + std::string(of_what) + "; the limit is " +
                  std::to_string(limit));
}

Result<DeclaredTypes> declare(const std::vector<TypeFields>& types) {
  if (auto count = check_count("declared types", types.size(), limits::kRules); !count) {
    return count.error();
  }
  DeclaredTypes declared;
  for (const TypeFields& type : types) {
    const std::string where = "type " + quoted(type.type) + ": ";
    if (auto valid = check_type(type.type); !valid) return valid.error();
    if (auto count = check_count("fields", type.fields.size(), limits::kEventFields); !count) {
      return rejected(where + count.error().message);
    }
    for (const std::string& name : type.fields) {
      const Result<FieldName> field = parse_field_name(name);
      if (!field) return rejected(where + field.error().message);
      if (field->of == FieldName::Of::kNow || field->of == FieldName::Of::kId) continue;
      return rejected(where + "the field " + quoted(name) + " has the name of something else");
    }
    if (!declared.emplace(type.type, type.fields).second) {
      return rejected(where + "it is declared twice");
    }
  }
  return declared;
}

Result<std::vector<LabelTemplate>> parse_labels(const std::vector<std::string>& texts) {
  std::vector<LabelTemplate> labels;
  for (const std::string& text : texts) {
    Result<LabelTemplate> label = LabelTemplate::parse(text);
    if (!label) return label.error();
    labels.push_back(*std::move(label));
  }
  return labels;
}

Result<void> check_all_fields(const CompiledRule& rule, std::string_view when,
                              const DeclaredTypes& types) {
  for (const RuleTrigger& trigger : rule.on) {
    std::vector<FieldName> fields;
    rule.when.add_fields(fields);
    if (auto known = check_fields(fields, when, trigger.type, types); !known) return known;
    for (const std::vector<LabelTemplate>* labels : {&rule.invalidate, &rule.expire}) {
      for (const LabelTemplate& label : *labels) {
        fields.clear();
        label.add_fields(fields);
        if (auto known = check_fields(fields, label.written(), trigger.type, types); !known) {
          return known;
        }
      }
    }
  }
  return {};
}

Result<CompiledRule> compile_rule(const Rule& rule, const DeclaredTypes& types) {
  CompiledRule compiled{.name = rule.name, .on = {}, .when = {}};
  if (rule.on.empty()) return rejected("on is missing; write for example \"write issue\"");
  for (const std::string& text : rule.on) {
    Result<RuleTrigger> trigger = parse_trigger(text);
    if (!trigger) return trigger.error();
    compiled.on.push_back(*std::move(trigger));
  }

  Result<Condition> when = Condition::parse(rule.when);
  if (!when) return when.error();
  compiled.when = *std::move(when);
  compiled.is_conditional = !rule.when.empty();

  const std::size_t count = rule.invalidate.size() + rule.expire.size();
  if (count == 0) return rejected("neither invalidate nor expire has a label");
  if (auto few = check_count("labels", count, limits::kRuleTemplates); !few) return few.error();
  auto invalidate = parse_labels(rule.invalidate);
  if (!invalidate) return invalidate.error();
  compiled.invalidate = *std::move(invalidate);
  auto expire = parse_labels(rule.expire);
  if (!expire) return expire.error();
  compiled.expire = *std::move(expire);

  if (auto known = check_all_fields(compiled, rule.when, types); !known) return known.error();
  return compiled;
}

Result<void> check_name(std::string_view name, std::size_t number) {
  const std::string where = "rule " + std::to_string(number);
  if (name.empty()) return rejected(where + " has no name");
  if (check_text(name) != TextFault::kNone) {
    return rejected(where + " has the name " + quoted(name) +
                    ", which is not UTF-8 or has a control character");
  }
  if (name.size() > limits::kRuleTextBytes) {
    return rejected(where + " has a name of " + std::to_string(name.size()) +
                    " bytes; the limit is " + std::to_string(limits::kRuleTextBytes));
  }
  return {};
}

Result<std::vector<CompiledRule>> compile_rules(const std::vector<Rule>& rules,
                                                const DeclaredTypes& types) {
  if (auto count = check_count("rules", rules.size(), limits::kRules); !count) {
    return count.error();
  }
  std::vector<CompiledRule> compiled;
  std::unordered_set<std::string_view> names;
  for (const Rule& rule : rules) {
    if (auto valid = check_name(rule.name, compiled.size() + 1); !valid) return valid.error();
    if (!names.insert(rule.name).second) {
      return rejected("there are two rules with the name " + quoted(rule.name));
    }
    Result<CompiledRule> one = compile_rule(rule, types);
    if (!one) return rejected("rule " + quoted(rule.name) + ": " + one.error().message);
    compiled.push_back(*std::move(one));
  }
  return compiled;
}

}  // namespace

Result<void> check_fields(const std::vector<FieldName>& fields, std::string_view where,
                          std::string_view type, const DeclaredTypes& types) {
  const auto declared = types.find(std::string(type));
  if (declared == types.end()) return {};
  const std::vector<std::string_view> known(declared->second.begin(), declared->second.end());
  for (const FieldName& field : fields) {
    if (field.of == FieldName::Of::kId || field.of == FieldName::Of::kEventType) continue;
    if (std::find(known.begin(), known.end(), field.name) != known.end()) continue;
    return rejected("the field " + quoted(field.name) + " in " + quoted(where) +
                    " is not declared for type " + quoted(type) + suggestion(field.name, known));
  }
  return {};
}

}  // namespace internal

void RuleSet::State::index(const std::vector<bool>& is_enabled) {
  for (std::uint32_t rank = 0; rank < rules.size(); ++rank) {
    if (!is_enabled[rank]) continue;
    for (const internal::RuleTrigger& trigger : rules[rank].on) {
      internal::RanksByKind& ranks = trigger.type == "*" ? for_every_type : by_type[trigger.type];
      for (const EventKind kind : kEventKinds) {
        std::vector<std::uint32_t>& list = ranks[static_cast<std::size_t>(kind)];
        const bool is_there = !list.empty() && list.back() == rank;
        if (trigger.kinds.contains(kind) && !is_there) list.push_back(rank);
      }
    }
  }
}

Result<RuleSet> RuleSet::compile(const RuleDefinitions& definitions) {
  Result<internal::DeclaredTypes> types = internal::declare(definitions.types);
  if (!types) return types.error();
  auto rules = internal::compile_rules(definitions.rules, *types);
  if (!rules) return rules.error();
  if (auto count =
          internal::check_count("cascades", definitions.cascades.size(), limits::kCascades);
      !count) {
    return count.error();
  }
  auto cascades = internal::compile_cascades(definitions.cascades, *types);
  if (!cascades) return cascades.error();

  std::vector<std::size_t> order(rules->size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return definitions.rules[a].priority > definitions.rules[b].priority;
  });
  const auto state = std::make_shared<State>();
  std::vector<bool> is_enabled;
  for (const std::size_t place : order) {
    state->rules.push_back(std::move((*rules)[place]));
    is_enabled.push_back(definitions.rules[place].enabled);
  }
  for (internal::CompiledRule& cascade : *cascades) state->rules.push_back(std::move(cascade));
  is_enabled.resize(state->rules.size(), true);
  state->counters = std::make_unique<internal::RuleCounters[]>(state->rules.size());
  state->index(is_enabled);
  return RuleSet(state);
}

}  // namespace strata
