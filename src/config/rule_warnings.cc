// Names in rules are free text: a label that nobody carries, or a type that nobody writes, is not
// wrong in itself. What is near to a name that exists, or can never be known, is remarked on.
#include "config/rule_warnings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "config/reader.h"
#include "core/nearest.h"
#include "core/quote.h"
#include "labels/condition.h"
#include "labels/label_template.h"
#include "labels/rule_trigger.h"

namespace strata::internal {
namespace {

constexpr std::array kLabelKinds = {LabelKind::kKey,    LabelKind::kTag,  LabelKind::kKeyspace,
                                    LabelKind::kTenant, LabelKind::kType, LabelKind::kSource,
                                    LabelKind::kSchema};

bool is_of_entities(const RuleTrigger& trigger) {
  return trigger.kinds.contains(EventKind::kEntityWrite) ||
         trigger.kinds.contains(EventKind::kEntityDelete);
}

// Events of these kinds have no items, and so no fields.
bool has_no_items(const RuleTrigger& trigger) {
  return trigger.kinds == EventKinds(EventKind::kSchemaModified) ||
         trigger.kinds == EventKinds(EventKind::kTypeModified);
}

bool is_field(const FieldName& field) {
  return field.of == FieldName::Of::kNow || field.of == FieldName::Of::kOld;
}

class RuleChecks {
 public:
  RuleChecks(const Settings& settings, const Warn& warn)
      : settings_(settings), warn_(warn), grouped_(types_of_keyspaces(settings)) {
    for (const TypeFields& type : settings.types) {
      declared_.push_back(type.type);
      fields_.insert(fields_.end(), type.fields.begin(), type.fields.end());
    }
  }

  void run() {
    for (const Rule& rule : settings_.rules) check_rule(rule);
    for (const auto& [name, cascade] : settings_.cascades) check_cascade(name, cascade);
    check_outboxes();
  }

 private:
  void check_rule(const Rule& rule) {
    const std::string path = key_below("cache.rules", rule.name);
    std::vector<RuleTrigger> triggers;
    for (const std::string& text : rule.on) {
      const Result<RuleTrigger> trigger = parse_trigger(text);
      if (!trigger) return;
      triggers.push_back(*trigger);
      check_trigger(path + ".on", text, *trigger);
    }
    for (const std::string& text : rule.invalidate) check_label(path + ".invalidate", text);
    for (const std::string& text : rule.expire) check_label(path + ".expire", text);
    if (std::all_of(triggers.begin(), triggers.end(), has_no_items)) {
      check_that_none_needs_items(path, rule);
    }
    const auto is_of_all_types = [](const RuleTrigger& trigger) {
      return trigger.type == "*" && is_of_entities(trigger);
    };
    if (std::any_of(triggers.begin(), triggers.end(), is_of_all_types)) check_fields(path, rule);
  }

  void check_trigger(const std::string& key, const std::string& text, const RuleTrigger& trigger) {
    if (trigger.type == "*") return;
    const bool is_declared =
        std::find(declared_.begin(), declared_.end(), trigger.type) != declared_.end();
    if (!declared_.empty() && !is_declared) {
      warn_(key, "the type in " + quoted(text) + " is not declared in cache.types" +
                     suggestion(trigger.type, declared_));
      return;
    }
    if (is_of_entities(trigger) || has_no_items(trigger)) check_group(key, trigger.type);
  }

  // `type` has values that its label finds, if it is a name of something at all.
  void check_group(const std::string& key, const std::string& type) {
    if (!grouped_.insert(type).second) return;  // said once
    warn_(key, "no keyspace has type: " + type +
                   ", so that its label, which stands for what cannot be told more closely, is "
                   "on nothing");
  }

  void check_label(const std::string& key, const std::string& text) {
    const std::string_view prefix = std::string_view(text).substr(0, text.find(':'));
    std::array<std::string_view, kLabelKinds.size()> kinds;
    std::transform(kLabelKinds.begin(), kLabelKinds.end(), kinds.begin(),
                   [](LabelKind kind) { return to_string(kind); });
    const bool is_kind = std::find(kinds.begin(), kinds.end(), prefix) != kinds.end();
    if (prefix.size() == text.size() || is_kind || is_name_of_type(prefix)) return;
    const std::string meant = suggestion(prefix, kinds);
    if (!meant.empty()) warn_(key, quoted(text) + " is a tag" + meant);
  }

  [[nodiscard]] bool is_name_of_type(std::string_view name) const {
    if (std::find(declared_.begin(), declared_.end(), name) != declared_.end()) return true;
    if (grouped_.contains(std::string(name))) return true;
    return std::any_of(settings_.cascades.begin(), settings_.cascades.end(), [&](const auto& one) {
      return one.second.from == name || one.second.to == name;
    });
  }

  void check_that_none_needs_items(const std::string& path, const Rule& rule) {
    const auto check = [&](const std::string& key, const std::vector<std::string>& texts) {
      for (const std::string& text : texts) {
        const std::vector<FieldName> fields = fields_of(text);
        const bool is_known = std::all_of(fields.begin(), fields.end(), [](const FieldName& field) {
          return field.of == FieldName::Of::kEventType;
        });
        if (is_known) continue;
        warn_(path + key, quoted(text) + " cannot be made: an event " + quoted(rule.on.front()) +
                              " has no item; the type, or everything, is invalidated instead");
      }
    };
    check(".invalidate", rule.invalidate);
    check(".expire", rule.expire);
  }

  // Of a rule for all types: fields that none of the declared ones has.
  void check_fields(const std::string& path, const Rule& rule) {
    if (declared_.empty()) return;
    const auto check = [&](const std::string& key, const std::string& text,
                           const std::vector<FieldName>& fields) {
      for (const FieldName& field : fields) {
        if (!is_field(field)) continue;
        if (std::find(fields_.begin(), fields_.end(), field.name) != fields_.end()) continue;
        warn_(path + key, "the field " + quoted(field.name) + " in " + quoted(text) +
                              " is of no declared type" + suggestion(field.name, fields_));
      }
    };
    for (const std::string& text : rule.invalidate) check(".invalidate", text, fields_of(text));
    for (const std::string& text : rule.expire) check(".expire", text, fields_of(text));
    std::vector<FieldName> compared;
    if (const auto when = Condition::parse(rule.when)) when->add_fields(compared);
    check(".when", rule.when, compared);
  }

  static std::vector<FieldName> fields_of(const std::string& label) {
    std::vector<FieldName> fields;
    if (const auto parsed = LabelTemplate::parse(label)) parsed->add_fields(fields);
    return fields;
  }

  void check_cascade(const std::string& name, const Cascade& cascade) {
    const std::string path = key_below("cache.cascades", name);
    const std::pair<const char*, const std::string*> ends[] = {{".from", &cascade.from},
                                                               {".to", &cascade.to}};
    for (const auto& [key, type] : ends) {
      const bool is_declared =
          std::find(declared_.begin(), declared_.end(), *type) != declared_.end();
      const std::string meant = is_declared ? std::string() : suggestion(*type, declared_);
      if (meant.empty()) {
        check_group(path + key, *type);
      } else {
        warn_(path + key, "the type " + quoted(*type) + " is not declared in cache.types" + meant);
      }
    }
    check_label(path + ".label", cascade.label);
  }

  void check_outboxes() {
    const bool has_rules = std::any_of(settings_.rules.begin(), settings_.rules.end(),
                                       [](const Rule& rule) { return rule.enabled; });
    if (has_rules || !settings_.cascades.empty()) return;
    for (const auto& [reader, outbox] : settings_.outboxes) {
      if (!outbox.enabled) continue;
      warn_(key_below("cache.outboxes", reader),
            "there are no rules and no cascades; a change invalidates its type, its item's tag "
            "TYPE:ID, and TYPE:lists");
    }
  }

  const Settings& settings_;
  const Warn& warn_;
  std::set<std::string> grouped_;           // types that keyspaces name, or were remarked on
  std::vector<std::string_view> declared_;  // types
  std::vector<std::string_view> fields_;    // of all of them
};

}  // namespace

std::set<std::string> types_of_keyspaces(const Settings& settings) {
  std::set<std::string> types{settings.defaults.type};
  for (const auto& [name, options] : settings.keyspaces) types.insert(options.type);
  for (const auto& [name, source] : settings.sources) types.insert(source.cache.keyspace.type);
  types.erase("");
  return types;
}

void check_rules(const Settings& settings, const Warn& warn) { RuleChecks(settings, warn).run(); }

}  // namespace strata::internal
