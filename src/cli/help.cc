#include "cli/help.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::cli {
namespace {

constexpr std::size_t kTextColumns = 80;
constexpr std::size_t kLeftColumnsMax = 28;

using Rows = std::vector<std::pair<std::string, std::string>>;

// Appends `text` broken into lines, the first of which begins at column `at`.
void append_wrapped(std::string& out, std::string_view text, std::size_t at, std::size_t indent) {
  std::size_t column = at;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (column > indent && column + 1 + word.size() > kTextColumns) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out += '\n';
}

void append_rows(std::string& out, std::string_view title, const Rows& rows) {
  if (rows.empty()) return;
  std::size_t widest = 0;
  for (const auto& row : rows) {
    if (row.first.size() <= kLeftColumnsMax) widest = std::max(widest, row.first.size());
  }
  const std::size_t indent = 2 + widest + 2;
  out += '\n';
  out += title;
  out += ":\n";
  for (const auto& [left, right] : rows) {
    out += "  " + left;
    if (left.size() > widest) {
      out += '\n' + std::string(indent, ' ');
    } else {
      out += std::string(indent - 2 - left.size(), ' ');
    }
    append_wrapped(out, right, indent, indent);
  }
}

std::string option_title(const Argument& option) {
  return option.is_flag() ? option.name : option.name + " " + option.value_name;
}

std::string explanation(const Argument& argument) {
  std::string text = argument.help;
  if (!argument.choices.empty()) {
    text += ": ";
    for (const std::string& choice : argument.choices) {
      if (&choice != &argument.choices.front()) text += ", ";
      text += choice;
    }
  }
  if (argument.repeatable && argument.name.starts_with("--")) text += " (repeatable)";
  return text;
}

Rows rows_of(const std::vector<Argument>& arguments) {
  Rows rows;
  for (const Argument& argument : arguments) {
    const bool positional = !argument.name.starts_with("--");
    rows.emplace_back(positional ? argument.name : option_title(argument), explanation(argument));
  }
  return rows;
}

}  // namespace

std::string usage_line(const CommandPath& path) {
  const Command& command = *path.back();
  std::string line = "usage: " + full_name(path);
  if (!command.children().empty()) return line + " COMMAND [options]";
  if (!command.options().empty()) line += " [options]";
  for (const Argument& positional : command.positionals()) {
    std::string name = positional.name;
    if (positional.repeatable) name += "...";
    line += positional.required ? " " + name : " [" + name + "]";
  }
  return line;
}

std::string help_text(const CommandPath& path) {
  const Command& command = *path.back();
  std::string out = command.summary() + "\n\n" + usage_line(path) + "\n";
  if (!command.examples().empty()) {
    out += command.examples().size() == 1 ? "\nexample:\n" : "\nexamples:\n";
    for (const std::string& example : command.examples()) out += "  " + example + "\n";
  }
  Rows children;
  for (const Command& child : command.children()) {
    children.emplace_back(child.name(), child.summary());
  }
  append_rows(out, "commands", children);
  append_rows(out, "arguments", rows_of(command.positionals()));
  if (path.size() > 1) append_rows(out, "options", rows_of(command.options()));

  Rows global = rows_of(path.front()->options());
  global.emplace_back("-h, --help", "shows this text");
  append_rows(out, path.size() > 1 ? "options of every command" : "options", global);

  std::string_view details = command.details();
  if (!details.empty()) out += '\n';
  while (!details.empty()) {
    const std::size_t end = std::min(details.find('\n'), details.size());
    append_wrapped(out, details.substr(0, end), 0, 0);
    details.remove_prefix(std::min(end + 1, details.size()));
  }
  return out;
}

}  // namespace strata::cli
