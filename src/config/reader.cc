// The walk over a document. A problem never ends it: the next key is read all the same.
#include "config/reader.h"

#include <algorithm>

#include "config/substitute.h"
#include "core/nearest.h"
#include "core/quote.h"
#include "core/utf8.h"
#include "http_source/url_template.h"

namespace strata::internal {
namespace {

// Stands for a message that may quote a secret.
constexpr std::string_view kSecretRefused =
    "is refused; why is not shown, since it may be a secret";

// Whether `node` is what a section may be; says what it is otherwise.
std::optional<std::string> not_a_map(const Node& node) {
  if (node.has_tag) return "has a YAML tag; remove it";
  switch (node.kind) {
    case Node::Kind::kMap:
    case Node::Kind::kNull:
      return std::nullopt;
    case Node::Kind::kList:
      return "is a list; write `key: value` lines below it";
    case Node::Kind::kScalar:
      return "is the text " + quoted(node.text) + "; write `key: value` lines below it";
  }
  return std::nullopt;
}

const Setting* find(std::span<const Setting> settings, std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

std::string unknown_key(std::string_view key, std::span<const std::string_view> known) {
  if (key == "<<") {
    return "merge keys are not read; write the keys, or put what is common to all under "
           "cache.defaults";
  }
  const std::string near = suggestion(key, known);
  if (!near.empty()) return "is not a key that exists here" + near;
  std::string names;
  for (const std::string_view name : known) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return "is not a key that exists here; those that do are " + names;
}

}  // namespace

std::string key_below(const std::string& path, std::string_view key) {
  const bool is_plain = key.size() <= 64 && check_text(key) == TextFault::kNone;
  return path + "." + (is_plain ? std::string(key) : quoted(key));
}

void Reader::problem(Place place, const std::string& path, std::string_view message) {
  if (++problem_count_ > kProblemsKept) return;
  problems_.push_back({place, path, path + ": " + std::string(message)});
}

void Reader::problem_with_all(Place place, const std::string& path, std::string_view message) {
  const bool may_show_secret =
      std::any_of(origins_.begin(), origins_.end(), [&](const auto& origin) {
        const std::string& key = origin.first;
        return origin.second.secret && key.starts_with(path) && !key.ends_with(".headers");
      });
  problem(place, path,
          std::string(may_show_secret ? kSecretRefused : message) +
              with_variables_below(origins_, path));
}

bool Reader::has_problem_below(const std::string& path) const {
  return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
    return problem.path == path || problem.path.starts_with(path + ".");
  });
}

std::optional<Error> Reader::error() const {
  if (problems_.empty()) return std::nullopt;
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  std::string message;
  for (std::size_t index = 0; index < std::min(sorted.size(), kProblemsShown); ++index) {
    if (index > 0) message += '\n';
    message += located(file_, sorted[index].place, sorted[index].message);
  }
  if (problem_count_ > kProblemsShown) {
    message += "\nand " + std::to_string(problem_count_ - kProblemsShown) + " more";
  }
  return Error{ErrorCode::kRejected, std::move(message), {}};
}

std::vector<const Entry*> Reader::read_names(const Node& node, const std::string& path,
                                             std::string_view what) {
  std::vector<const Entry*> entries;
  if (const auto wrong = not_a_map(node)) {
    problem(node.place, path, *wrong);
    return entries;
  }
  std::map<std::string_view, Place> seen;
  for (const Entry& entry : node.entries) {
    if (!entry.key_is_text) {
      problem(entry.place, path, "a key here is not a text");
      continue;
    }
    if (entry.key.empty()) {
      problem(entry.place, path, "the " + std::string(what) + " has no name; write one");
      continue;
    }
    const auto [first, is_new] = seen.emplace(entry.key, entry.place);
    if (!is_new) {
      problem(entry.place, key_below(path, entry.key),
              "is given twice; the first is in line " + std::to_string(first->second.line));
      continue;
    }
    entries.push_back(&entry);
  }
  return entries;
}

Reader::Sections Reader::read_map(const Node& node, const std::string& path,
                                  std::span<const Target> targets,
                                  std::span<const std::string_view> sections) {
  Sections found;
  std::vector<std::string_view> known;
  for (const Target& target : targets) {
    for (const Setting& setting : target.settings) known.push_back(setting.name);
  }
  known.insert(known.end(), sections.begin(), sections.end());

  for (const Entry* entry : read_names(node, path)) {
    const std::string key = key_below(path, entry->key);
    if (std::count(sections.begin(), sections.end(), entry->key) > 0) {
      found[entry->key] = entry;
      continue;
    }
    bool is_known = false;
    for (const Target& target : targets) {
      const Setting* setting = find(target.settings, entry->key);
      if (setting == nullptr) continue;
      read_setting(*entry, key, *setting, target.object);
      is_known = true;
      break;
    }
    if (!is_known) problem(entry->place, key, unknown_key(entry->key, known));
  }
  if (!not_a_map(node)) {
    for (const Target& target : targets) check_required(node, path, target);
  }
  return found;
}

void Reader::check_required(const Node& node, const std::string& path, const Target& target) {
  for (const Setting& setting : target.settings) {
    if (setting.sample.empty()) continue;
    const bool is_given =
        std::any_of(node.entries.begin(), node.entries.end(),
                    [&](const Entry& entry) { return entry.key == setting.name; });
    if (!is_given)
      problem(node.place, key_below(path, setting.name), "is missing; it has no default");
  }
}

void Reader::read_setting(const Entry& entry, const std::string& path, const Setting& setting,
                          void* object) {
  SettingOrigin origin;
  origin.line = entry.place.line;
  origin.column = entry.place.column;
  auto value = read_value(entry.value, path, setting, origin);
  if (!value) return;
  if (setting.check != nullptr) {
    if (const auto checked = setting.check(*value); !checked) {
      // The message may quote the value.
      const std::string why = origin.secret ? std::string(kSecretRefused) : checked.error().message;
      problem(entry.value.place, path, why + from_variables(origin.variables));
      return;
    }
  }
  setting.set(object, std::move(*value));
  origins_[path] = std::move(origin);
}

std::optional<Value> Reader::read_value(const Node& node, const std::string& path,
                                        const Setting& setting, SettingOrigin& origin) {
  if (setting.type == SettingType::kTextList || setting.type == SettingType::kIntegerList) {
    return read_list(node, path, setting, origin);
  }
  if (setting.type == SettingType::kTextMap || setting.type == SettingType::kParameters) {
    return read_named(node, path, setting, origin);
  }
  const auto scalar = read_scalar(node, path, origin);
  if (!scalar) return std::nullopt;
  return read_text(node, path, setting, *scalar);
}

std::optional<Value> Reader::read_text(const Node& node, const std::string& path,
                                       const Setting& setting, const Scalar& scalar) {
  const bool is_given_outside =
      std::any_of(scalar.variables.begin(), scalar.variables.end(),
                  [](const auto& one) { return one.origin != VariableOrigin::kDefault; });
  const bool is_boolean =
      setting.type == SettingType::kBoolean || setting.type == SettingType::kEnabled;
  auto value = is_given_outside && is_boolean
                   ? parse_outside_boolean(setting, scalar.text, scalar.shown)
                   : parse_value(setting, scalar.text, scalar.shown);
  if (value) return std::move(*value);
  problem(node.place, path, value.error().message + from_variables(scalar.variables));
  return std::nullopt;
}

std::optional<Value> Reader::read_list(const Node& node, const std::string& path,
                                       const Setting& setting, SettingOrigin& origin) {
  if (node.kind != Node::Kind::kList || node.has_tag) {
    problem(node.place, path, "is not a list; write [one, two], or one `- item` on each line");
    return std::nullopt;
  }
  std::vector<std::string> texts;
  std::vector<int> numbers;
  for (const Node& item : node.items) {
    const auto scalar = read_scalar(item, path, origin);
    if (!scalar) return std::nullopt;
    const auto value = read_text(item, path, setting, *scalar);
    if (!value) return std::nullopt;
    texts.push_back(scalar->text);
    if (const auto* number = std::get_if<std::int64_t>(&*value)) {
      numbers.push_back(static_cast<int>(*number));
    }
  }
  if (setting.type == SettingType::kIntegerList) return Value(std::move(numbers));
  return Value(std::move(texts));
}

std::optional<Value> Reader::read_named(const Node& node, const std::string& path,
                                        const Setting& setting, SettingOrigin& origin) {
  std::vector<Named> named;
  for (const Entry* entry : read_names(node, path)) {
    const std::string key = key_below(path, entry->key);
    if (entry->value.kind == Node::Kind::kNull && setting.type == SettingType::kParameters) {
      named.emplace_back(entry->key, std::nullopt);
      continue;
    }
    auto scalar = read_scalar(entry->value, key, origin);
    if (scalar) named.emplace_back(entry->key, std::move(scalar->text));
  }
  return Value(std::move(named));
}

std::optional<Reader::Scalar> Reader::read_scalar(const Node& node, const std::string& path,
                                                  SettingOrigin& origin) {
  std::string_view wrong;
  if (node.kind == Node::Kind::kNull) wrong = "has no value; write one, or remove the key";
  if (node.kind == Node::Kind::kList) wrong = "is a list; write a single value";
  if (node.kind == Node::Kind::kMap) wrong = "has keys below it; write a single value";
  if (node.has_tag) wrong = "has a YAML tag; remove it";
  if (!wrong.empty()) {
    problem(node.place, path, wrong);
    return std::nullopt;
  }
  auto substituted = substitute(node.text, variables_);
  if (!substituted) {
    problem(node.place, path, substituted.error().message);
    return std::nullopt;
  }
  Scalar scalar{std::move(substituted->text), {}, std::move(substituted->variables)};
  scalar.shown = quoted(scalar.text);
  for (const SettingVariable& variable : scalar.variables) {
    origin.variables.push_back(variable);
    if (!is_secret_name(variable.name)) continue;
    origin.secret = true;
    scalar.shown = "the value";
  }
  return scalar;
}

}  // namespace strata::internal
