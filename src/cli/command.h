// Command: one thing the program can be asked to do: its name, arguments, help and code.
//
// Commands form a tree (`strata config check`). The parser, the help, the completion scripts and
// the tests all read this tree, so that none of them can disagree with another.
//
//   struct Options { std::string keyspace; std::optional<Duration> ttl; };
//   auto options = std::make_shared<Options>();
//   Command put("put", "Stores a value.");
//   put.positional("KEYSPACE", "where to store it", options->keyspace);
//   put.option("--ttl", "DURATION", "how long it stays fresh", options->ttl);
//   put.example("strata put user 42 Ada --ttl 1h");
//   put.runs([options](Context& context) { ... });
//
// Lifetime  The variables that arguments are stored in outlive the command.
// Errors    A value that an argument does not accept is kRejected, without the argument's name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.h"
#include "strata/core/label.h"
#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata::cli {

struct Context;

// Takes the text that was given, or says what is wrong with it.
using Setter = std::function<Result<void>(const std::string& text)>;

[[nodiscard]] Setter setter(bool& into);  // of a flag: the text is not looked at
[[nodiscard]] Setter setter(std::string& into);
[[nodiscard]] Setter setter(std::optional<std::string>& into);
[[nodiscard]] Setter setter(std::vector<std::string>& into);  // appends
[[nodiscard]] Setter setter(std::uint64_t& into);
[[nodiscard]] Setter setter(std::optional<std::uint64_t>& into);
[[nodiscard]] Setter setter(unsigned& into);
[[nodiscard]] Setter setter(std::optional<Duration>& into);
[[nodiscard]] Setter setter(std::optional<WallTime>& into);

struct Argument {
  std::string name;        // "--ttl"; "KEYSPACE" for a positional
  std::string value_name;  // "DURATION"; empty for a flag
  std::string help;
  Setter set;
  bool required = false;  // positionals only
  bool repeatable = false;
  bool is_file = false;              // completed with the names of files
  std::vector<std::string> choices;  // what is accepted; empty: whatever `set` accepts

  [[nodiscard]] bool is_flag() const { return value_name.empty(); }

  // Fine-tuning, for use where the argument is declared.
  Argument& optional() { return required = false, *this; }
  Argument& repeats() { return repeatable = true, *this; }
  Argument& file() { return is_file = true, *this; }
  Argument& one_of(std::vector<std::string> names) { return choices = std::move(names), *this; }
  // Of a number: only those from `from` to `to`. As bytes, with units too: 64MiB.
  Argument& within(std::uint64_t from, std::uint64_t to);
  Argument& bytes_within(std::uint64_t from, std::uint64_t to);
};

class Command {
 public:
  using Run = std::function<ExitCode(Context& context)>;

  Command(std::string name, std::string summary);

  // Positionals are given in this order; only the last may be optional or repeat.
  template <typename T>
  Argument& positional(std::string name, std::string help, T& into) {
    return add(positionals_, {name, name, std::move(help), setter(into), true});
  }
  template <typename T>
  Argument& option(std::string name, std::string value_name, std::string help, T& into) {
    return add(options_, {std::move(name), std::move(value_name), std::move(help), setter(into)});
  }
  Argument& flag(std::string name, std::string help, bool& into);
  void example(std::string line) { examples_.push_back(std::move(line)); }
  void details(std::string text) { details_ = std::move(text); }
  void runs(Run run) { run_ = std::move(run); }
  Command& add(Command child);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& summary() const { return summary_; }
  [[nodiscard]] const std::string& details() const { return details_; }
  [[nodiscard]] const std::vector<std::string>& examples() const { return examples_; }
  [[nodiscard]] const std::vector<Argument>& positionals() const { return positionals_; }
  [[nodiscard]] const std::vector<Argument>& options() const { return options_; }
  [[nodiscard]] const std::vector<Command>& children() const { return children_; }
  [[nodiscard]] const Run& run() const { return run_; }  // empty for a group of commands
  [[nodiscard]] const Command* find(std::string_view name) const;

 private:
  static Argument& add(std::vector<Argument>& arguments, Argument argument);

  std::string name_;
  std::string summary_;
  std::string details_;
  std::vector<std::string> examples_;
  std::vector<Argument> positionals_;
  std::vector<Argument> options_;
  std::vector<Command> children_;
  Run run_;
};

// A command and those above it, the root first: {strata, config, check}.
using CommandPath = std::vector<const Command*>;

// "strata config check"
[[nodiscard]] std::string full_name(const CommandPath& path);

}  // namespace strata::cli
