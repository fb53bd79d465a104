// Each script finds out which command is being typed by walking the words before the cursor, and
// then offers what that command takes. The three differ only in how their shell says so.
#include "cli/completion.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

namespace strata::cli {
namespace {

using Visit = std::function<void(const CommandPath& path)>;

// Calls `visit` with every command, parents first.
void visit_commands(CommandPath& path, const Visit& visit) {
  visit(path);
  for (const Command& child : path.back()->children()) {
    path.push_back(&child);
    visit_commands(path, visit);
    path.pop_back();
  }
}

void visit_commands(const Command& root, const Visit& visit) {
  CommandPath path{&root};
  visit_commands(path, visit);
}

// The options of a command, those of every command included.
std::vector<const Argument*> options_of(const CommandPath& path) {
  std::vector<const Argument*> options;
  for (const Argument& option : path.front()->options()) options.push_back(&option);
  if (path.size() == 1) return options;
  for (const Argument& option : path.back()->options()) options.push_back(&option);
  return options;
}

// `text` between single quotes, as all three shells take it.
std::string quote(std::string_view text, std::string_view quoted_quote) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += quoted_quote;
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string posix_quote(std::string_view text) { return quote(text, "'\\''"); }
std::string fish_quote(std::string_view text) { return quote(text, "\\'"); }

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

// The names of all commands but the root, as patterns of a `case`.
std::string command_patterns(const Command& root) {
  std::string out;
  visit_commands(root, [&](const CommandPath& path) {
    if (path.size() == 1) return;
    if (!out.empty()) out += '|';
    out += posix_quote(full_name(path));
  });
  return out;
}

// What stands where an argument's value is typed, in bash.
std::string bash_values(const Argument& argument) {
  if (argument.is_file) return "$(compgen -f -- \"$current\")";
  if (argument.choices.empty()) return {};
  return "$(compgen -W " + posix_quote(joined(argument.choices)) + " -- \"$current\")";
}

std::string zsh_values(const Argument& argument) {
  if (argument.is_file) return "_files";
  if (argument.choices.empty()) return "return 0";
  return "compadd -- " + joined(argument.choices);
}

// `name:help` as zsh's _describe takes it.
std::string zsh_item(std::string_view name, std::string_view help) {
  std::string item;
  for (const char c : name) {
    if (c == ':' || c == '\\') item += '\\';
    item += c;
  }
  return posix_quote(item + ":" + std::string(help));
}

// One line of fish for an option, or for a positional that has something to offer.
std::string fish_line(const CommandPath& path, const Argument& argument) {
  const bool positional = !argument.name.starts_with("--");
  if (positional && argument.choices.empty() && !argument.is_file) return {};
  std::string line = "complete -c strata -n " + fish_quote("__strata_at " + full_name(path));
  if (!positional) line += " -l " + argument.name.substr(2);
  if (argument.is_file) line += " -F";
  if (!positional && !argument.is_flag()) line += " -r";
  if (!argument.choices.empty()) line += " -f -a " + fish_quote(joined(argument.choices));
  return line + " -d " + fish_quote(argument.help) + "\n";
}

}  // namespace

std::string bash_completion(const Command& root) {
  std::string out =
      "# bash completion for strata. To load it: source <(strata completion bash)\n"
      "_strata() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command=strata options='' words='' i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$command ${COMP_WORDS[i]}\" in\n"
      "      " +
      command_patterns(root) +
      ")\n"
      "        command=\"$command ${COMP_WORDS[i]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$command $previous\" in\n";
  visit_commands(root, [&](const CommandPath& path) {
    for (const Argument* option : options_of(path)) {
      if (option->is_flag()) continue;
      out += "    " + posix_quote(full_name(path) + " " + option->name) + ") COMPREPLY=(" +
             bash_values(*option) + "); return ;;\n";
    }
  });
  out += "  esac\n  case \"$command\" in\n";
  visit_commands(root, [&](const CommandPath& path) {
    std::string options = "--help";
    for (const Argument* option : options_of(path)) options += " " + option->name;
    std::vector<std::string> words;
    for (const Command& child : path.back()->children()) words.push_back(child.name());
    std::string files;
    for (const Argument& positional : path.back()->positionals()) {
      words.insert(words.end(), positional.choices.begin(), positional.choices.end());
      if (positional.is_file) files = "; COMPREPLY=($(compgen -f -- \"$current\"))";
    }
    out += "    " + posix_quote(full_name(path)) + ") options=" + posix_quote(options) +
           "; words=" + posix_quote(joined(words)) + files + " ;;\n";
  });
  out +=
      "  esac\n"
      "  [[ $current != -* ]] || words=$options\n"
      "  COMPREPLY+=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}\n"
      "complete -F _strata strata\n";
  return out;
}

std::string zsh_completion(const Command& root) {
  std::string out =
      "#compdef strata\n"
      "# zsh completion for strata. To load it: source <(strata completion zsh)\n"
      "_strata() {\n"
      "  local command=strata i\n"
      "  local -a names options\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case \"$command ${words[i]}\" in\n"
      "      (" +
      command_patterns(root) +
      ") command=\"$command ${words[i]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$command ${words[CURRENT-1]}\" in\n";
  visit_commands(root, [&](const CommandPath& path) {
    for (const Argument* option : options_of(path)) {
      if (option->is_flag()) continue;
      out += "    (" + posix_quote(full_name(path) + " " + option->name) + ") " +
             zsh_values(*option) + "; return ;;\n";
    }
  });
  out += "  esac\n  case \"$command\" in\n";
  visit_commands(root, [&](const CommandPath& path) {
    out += "    (" + posix_quote(full_name(path)) + ")\n      options=(" +
           zsh_item("--help", "shows what the command does");
    for (const Argument* option : options_of(path)) {
      out += "\n        " + zsh_item(option->name, option->help);
    }
    out += ")\n      names=(";
    for (const Command& child : path.back()->children()) {
      out += "\n        " + zsh_item(child.name(), child.summary());
    }
    for (const Argument& positional : path.back()->positionals()) {
      for (const std::string& choice : positional.choices) {
        out += "\n        " + zsh_item(choice, positional.help);
      }
    }
    out += ")\n";
    for (const Argument& positional : path.back()->positionals()) {
      if (positional.is_file) out += "      [[ ${words[CURRENT]} == -* ]] || _files\n";
    }
    out += "      ;;\n";
  });
  out +=
      "  esac\n"
      "  if [[ ${words[CURRENT]} == -* ]]; then\n"
      "    _describe -o option options\n"
      "  else\n"
      "    _describe argument names\n"
      "  fi\n"
      "}\n"
      "if [[ ${funcstack[1]} == _strata ]]; then _strata \"$@\"; else compdef _strata strata; fi\n";
  return out;
}

std::string fish_completion(const Command& root) {
  std::string names;
  visit_commands(root, [&](const CommandPath& path) {
    if (path.size() > 1) names += " " + fish_quote(full_name(path));
  });
  std::string out =
      "# fish completion for strata. To load it: strata completion fish | source\n"
      "function __strata_at\n"
      "    set -l command strata\n"
      "    for word in (commandline -opc)[2..-1]\n"
      "        if contains -- \"$command $word\"" +
      names +
      "\n"
      "            set command \"$command $word\"\n"
      "        end\n"
      "    end\n"
      "    test \"$command\" = \"$argv\"\n"
      "end\n"
      "complete -c strata -f\n"
      "complete -c strata -s h -l help -d 'shows what the command does'\n";
  for (const Argument& option : root.options()) {
    std::string line = "complete -c strata -l " + option.name.substr(2);
    if (option.is_file) line += " -F";
    if (!option.is_flag()) line += " -r";
    out += line + " -d " + fish_quote(option.help) + "\n";
  }
  visit_commands(root, [&](const CommandPath& path) {
    for (const Command& child : path.back()->children()) {
      out += "complete -c strata -n " + fish_quote("__strata_at " + full_name(path)) + " -a " +
             child.name() + " -d " + fish_quote(child.summary()) + "\n";
    }
    for (const Argument& positional : path.back()->positionals()) {
      out += fish_line(path, positional);
    }
    if (path.size() == 1) return;
    for (const Argument& option : path.back()->options()) out += fish_line(path, option);
  });
  return out;
}

}  // namespace strata::cli
