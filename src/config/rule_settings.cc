#include "config/rule_settings.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/schema.h"
#include "core/quote.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";

// The type in "write issue", or the word if there is none.
std::string_view type_in(std::string_view trigger) {
  trigger = trigger.substr(0, trigger.find_last_not_of(kBlanks) + 1);
  return trigger.substr(trigger.find_last_of(kBlanks) + 1);
}

class RuleReader {
 public:
  RuleReader(Reader& reader, const Reader::Sections& sections, Settings& settings)
      : reader_(reader), sections_(sections), settings_(settings) {}

  void read() {
    for (const Entry* entry : names("types", "cache.types")) read_type(*entry);
    for (const Entry* entry : names("rules", "cache.rules")) read_rule(*entry);
    for (const Entry* entry : names("cascades", "cache.cascades")) read_cascade(*entry);
    check_cascades();
    check_all();
  }

 private:
  std::vector<const Entry*> names(const std::string& section, const std::string& path) {
    const auto found = sections_.find(section);
    if (found == sections_.end()) return {};
    // "types" are of one type each.
    return reader_.read_names(found->second->value, path, section.substr(0, section.size() - 1));
  }

  void read_type(const Entry& entry) {
    TypeFields type{.type = entry.key, .fields = {}};
    const std::string path = key_below("cache.types", entry.key);
    if (!read_one(entry, path, {type_settings(), &type})) return;
    const bool is_right =
        compiles(entry, path, {.types = {type}}, "type " + quoted(type.type) + ": ");
    if (is_right) fields_.emplace(type.type, type);
    settings_.types.push_back(std::move(type));
  }

  void read_rule(const Entry& entry) {
    Rule rule;
    rule.name = entry.key;
    const std::string path = key_below("cache.rules", entry.key);
    if (!read_one(entry, path, {rule_settings(), &rule})) return;
    std::set<std::string_view> types;
    for (const std::string& trigger : rule.on) types.insert(type_in(trigger));
    compiles(entry, path, {.rules = {rule}, .types = declared(types)},
             "rule " + quoted(rule.name) + ": ");
    settings_.rules.push_back(std::move(rule));
  }

  void read_cascade(const Entry& entry) {
    Cascade cascade;
    const std::string path = key_below("cache.cascades", entry.key);
    if (!read_one(entry, path, {cascade_settings(), &cascade})) return;
    const RuleDefinitions alone{.cascades = {cascade}, .types = declared({cascade.from})};
    if (compiles(entry, path, alone, subject_of(cascade))) {
      cascades_.push_back(cascade);
      entries_.push_back(&entry);
    }
    settings_.cascades.emplace(entry.key, std::move(cascade));
  }

  // Each is right by itself; together they may go round in a circle, be there twice or be too
  // many. Then the last of the fewest that are wrong together is named, and goes. Where all are
  // right that is one compilation.
  void check_cascades() {
    std::size_t right = 0;  // as many from the beginning on are
    while (!are_right(cascades_.size())) {
      std::size_t wrong = cascades_.size();  // as many are not
      while (wrong - right > 1) {
        const std::size_t middle = right + (wrong - right) / 2;
        (are_right(middle) ? right : wrong) = middle;
      }
      const Entry& entry = *entries_[right];
      compiles(entry, key_below("cache.cascades", entry.key), first_cascades(wrong),
               subject_of(cascades_[right]));
      cascades_.erase(cascades_.begin() + static_cast<std::ptrdiff_t>(right));
      entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(right));
    }
  }

  bool are_right(std::size_t count) const {
    return count <= limits::kCascades && RuleSet::compile(first_cascades(count)).ok();
  }

  RuleDefinitions first_cascades(std::size_t count) const {
    return {
        .cascades = {cascades_.begin(), cascades_.begin() + static_cast<std::ptrdiff_t>(count)}};
  }

  static std::string subject_of(const Cascade& cascade) {
    return "cascade from " + quoted(cascade.from) + " to " + quoted(cascade.to) + ": ";
  }

  bool read_one(const Entry& entry, const std::string& path, const Target& target) {
    reader_.read_map(entry.value, path, {&target, 1});
    return !reader_.has_problem_below(path);
  }

  // Whether that is right. `subject` begins an error that the path says already.
  bool compiles(const Entry& entry, const std::string& path, const RuleDefinitions& definitions,
                const std::string& subject) {
    const Result<RuleSet> compiled = RuleSet::compile(definitions);
    if (compiled) return true;
    std::string_view message = compiled.error().message;
    if (message.starts_with(subject)) message.remove_prefix(subject.size());
    reader_.problem_with_all(entry.place, path, message);
    return false;
  }

  std::vector<TypeFields> declared(const std::set<std::string_view>& types) const {
    std::vector<TypeFields> found;
    for (const std::string_view type : types) {
      const auto fields = fields_.find(type);
      if (fields != fields_.end()) found.push_back(fields->second);
    }
    return found;
  }

  // Each is right by itself; there may be too many.
  void check_all() {
    if (reader_.has_problem_below("cache")) return;
    const Result<RuleSet> compiled = RuleSet::compile(rule_definitions(settings_));
    if (compiled) return;
    const bool is_types = settings_.types.size() > settings_.rules.size();
    const std::string section = is_types ? "types" : "rules";
    reader_.problem(sections_.at(section)->place, "cache." + section, compiled.error().message);
  }

  Reader& reader_;
  const Reader::Sections& sections_;
  Settings& settings_;
  std::map<std::string, TypeFields, std::less<>> fields_;  // of declared types
  std::vector<Cascade> cascades_;      // each of which is right; in the end all together
  std::vector<const Entry*> entries_;  // of these
};

}  // namespace

void read_rule_settings(Reader& reader, const Reader::Sections& sections, Settings& settings) {
  RuleReader(reader, sections, settings).read();
}

RuleDefinitions rule_definitions(const Settings& settings) {
  RuleDefinitions definitions{.rules = settings.rules, .cascades = {}, .types = settings.types};
  for (const auto& [name, cascade] : settings.cascades) definitions.cascades.push_back(cascade);
  return definitions;
}

}  // namespace strata::internal
