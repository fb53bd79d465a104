// The only file that includes CLI11, which takes seconds to compile.
//
// CLI11 takes one command's words apart: which are options, which are their values, what is left
// over. The command's name and its positionals are found here, because CLI11 also takes a
// positional for a command if one has its name (`strata get stats`), splits values in brackets
// (`[1,2]`), swallows `++`, and forgets `--` when it returns to the parent.
#include "cli/parser.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <list>
#include <optional>
#include <utility>

#include "core/nearest.h"
#include "core/quote.h"

namespace strata::cli {
namespace {

// What CLI11 made of the words.
struct Split {
  struct Given {
    const Argument* argument;
    std::vector<std::string> values;  // one each time; of a flag: empty texts
  };
  std::vector<Given> given;
  std::vector<std::string> rest;  // neither options nor their values, in order
  bool help = false;
};

using Options = std::vector<const Argument*>;

const Argument* find_option(const Options& options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const Argument* option) { return option->name == name; });
  return found == options.end() ? nullptr : *found;
}

// `--ttl=` and `--json=yes`, which CLI11 reads as something else.
std::optional<std::string> misplaced_equals(const Options& options,
                                            const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) continue;
    const Argument* option = find_option(options, std::string_view(word).substr(0, equals));
    if (option == nullptr) continue;
    if (option->is_flag()) return option->name + " takes no value";
    if (equals + 1 == word.size()) return option->name + " needs a value: " + option->value_name;
  }
  return std::nullopt;
}

// With `prefix`, options end at the first word that is none.
std::variant<Split, std::string> split(const Options& options, std::vector<std::string> words,
                                       bool prefix) {
  if (auto wrong = misplaced_equals(options, words)) return *std::move(wrong);

  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.prefix_command(prefix);
  CLI::Option* help = app.add_flag("-h,--help");
  std::list<Split::Given> given;  // A list: CLI11 keeps references to the values.
  for (const Argument* option : options) {
    Split::Given& into = given.emplace_back(Split::Given{option, {}});
    if (option->is_flag()) {
      app.add_flag(option->name, [&into](std::int64_t times) {
        into.values.resize(static_cast<std::size_t>(times));
      });
    } else {
      app.add_option(option->name, into.values)->expected(1)->allow_extra_args(false)->take_all();
    }
  }

  Split result;
  try {
    std::reverse(words.begin(), words.end());
    const std::string last = words.empty() ? std::string() : words.front();
    try {
      app.parse(std::move(words));
    } catch (const CLI::ArgumentMismatch&) {
      const Argument* option = find_option(options, last);
      return last + " needs a value" + (option ? ": " + option->value_name : std::string());
    }
  } catch (const CLI::Error& error) {
    return std::string(error.what());
  }
  result.help = help->count() > 0;
  result.rest = app.remaining();
  for (Split::Given& one : given) {
    if (!one.values.empty()) result.given.push_back(std::move(one));
  }
  return result;
}

// Whether `word` is meant as an option; "-" and negative numbers are values.
bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' &&
         std::isdigit(static_cast<unsigned char>(word[1])) == 0;
}

std::string unknown_option(const Options& options, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string_view> names{"--help"};
  for (const Argument* option : options) names.push_back(option->name);
  std::string message =
      "unknown option " + internal::quoted(name) + internal::suggestion(name, names);
  if (!internal::nearest(name, names)) {
    message += " (to pass a value that begins with -, put -- before it)";
  }
  return message;
}

Result<void> accept(const Argument& argument, const std::string& text) {
  const auto& choices = argument.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end()) {
    const std::vector<std::string_view> names(choices.begin(), choices.end());
    std::string message = internal::quoted(text) + " is none of";
    for (const std::string& choice : choices) message += " " + choice;
    message += internal::suggestion(text, names);
    return Error{ErrorCode::kRejected, std::move(message), {}};
  }
  return argument.set(text);
}

std::optional<std::string> accept_options(const Split& split) {
  for (const auto& [option, values] : split.given) {
    if (values.size() > 1 && !option->repeatable && !option->is_flag()) {
      return option->name + " was given " + std::to_string(values.size()) + " times";
    }
    for (const std::string& value : values) {
      const Result<void> accepted = accept(*option, value);
      if (!accepted) return option->name + ": " + accepted.error().message;
    }
  }
  return std::nullopt;
}

std::optional<std::string> accept_positionals(const Command& command,
                                              const std::vector<std::string>& words) {
  const std::vector<Argument>& positionals = command.positionals();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool beyond = i >= positionals.size();
    if (beyond && (positionals.empty() || !positionals.back().repeatable)) {
      return "unexpected argument " + internal::quoted(words[i]);
    }
    const Argument& positional = beyond ? positionals.back() : positionals[i];
    const Result<void> accepted = accept(positional, words[i]);
    if (!accepted) return positional.name + ": " + accepted.error().message;
  }
  for (std::size_t i = words.size(); i < positionals.size(); ++i) {
    if (positionals[i].required) return positionals[i].name + " is missing";
  }
  return std::nullopt;
}

class Parser {
 public:
  explicit Parser(const Command& root) : path_{&root} {
    for (const Argument& option : root.options()) options_.push_back(&option);
  }

  ParseResult parse(std::vector<std::string> words) {
    while (!command().children().empty()) {
      auto taken = split(options_, std::move(words), true);
      if (const auto* wrong = std::get_if<std::string>(&taken)) return error(*wrong);
      Split& parts = std::get<Split>(taken);
      if (const auto wrong = accept_options(parts)) return error(*wrong);
      help_ = help_ || parts.help;
      if (parts.rest.empty()) return end_at_group();

      const std::string word = parts.rest.front();
      if (looks_like_option(word)) return error(unknown_option(options_, word));
      const Command* child = command().find(word);
      if (child == nullptr) return error(unknown_command(path_, word));
      path_.push_back(child);
      words.assign(parts.rest.begin() + 1, parts.rest.end());
    }
    return parse_leaf(std::move(words));
  }

 private:
  const Command& command() const { return *path_.back(); }
  UsageError error(std::string message) const { return {path_, std::move(message)}; }

  ParseResult end_at_group() const {
    if (help_ || path_.size() == 1) return Invocation{path_, help_};
    std::string message = full_name(path_) + " needs one of:";
    for (const Command& child : command().children()) message += " " + child.name();
    return error(std::move(message));
  }

  ParseResult parse_leaf(std::vector<std::string> words) {
    const auto end_of_options = std::find(words.begin(), words.end(), "--");
    std::vector<std::string> after;
    if (end_of_options != words.end()) after.assign(end_of_options + 1, words.end());
    words.erase(end_of_options, words.end());

    for (const Argument& option : command().options()) options_.push_back(&option);
    auto taken = split(options_, std::move(words), false);
    if (const auto* wrong = std::get_if<std::string>(&taken)) return error(*wrong);
    Split& parts = std::get<Split>(taken);
    if (help_ || parts.help) return Invocation{path_, true};

    for (const std::string& word : parts.rest) {
      if (looks_like_option(word)) return error(unknown_option(options_, word));
    }
    parts.rest.insert(parts.rest.end(), after.begin(), after.end());
    if (const auto wrong = accept_options(parts)) return error(*wrong);
    if (const auto wrong = accept_positionals(command(), parts.rest)) return error(*wrong);
    return Invocation{path_, false};
  }

  CommandPath path_;
  Options options_;
  bool help_ = false;
};

}  // namespace

std::string unknown_command(const CommandPath& parent, const std::string& word) {
  std::vector<std::string_view> names;
  for (const Command& child : parent.back()->children()) names.push_back(child.name());
  return "unknown command " + internal::quoted(full_name(parent) + " " + word) +
         internal::suggestion(word, names);
}

ParseResult parse(const Command& root, const std::vector<std::string>& words) {
  return Parser(root).parse(words);
}

}  // namespace strata::cli
