// `strata help` and `strata completion`: what the commands are.
#include <memory>

#include "cli/commands/commands.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/parser.h"

namespace strata::cli {
namespace {

ExitCode run_help(Context& context, const std::vector<std::string>& words) {
  CommandPath path{&context.root};
  for (const std::string& word : words) {
    const Command* child = path.back()->find(word);
    if (child == nullptr) return fail(context, ExitCode::kUsage, unknown_command(path, word));
    path.push_back(child);
  }
  context.console.data(help_text(path));
  return ExitCode::kOk;
}

ExitCode run_completion(Context& context, const std::string& shell) {
  if (shell == "bash") context.console.data(bash_completion(context.root));
  if (shell == "zsh") context.console.data(zsh_completion(context.root));
  if (shell == "fish") context.console.data(fish_completion(context.root));
  return ExitCode::kOk;
}

}  // namespace

Command make_help() {
  const auto words = std::make_shared<std::vector<std::string>>();
  Command command("help", "Explains a command.");
  command.positional("COMMAND", "what to explain; without it, the whole program", *words)
      .optional()
      .repeats();
  command.example("strata help config check");
  command.runs([words](Context& context) { return run_help(context, *words); });
  return command;
}

Command make_completion() {
  const auto shell = std::make_shared<std::string>();
  Command command("completion", "Prints a completion script for a shell.");
  command.positional("SHELL", "for which shell", *shell).one_of({"bash", "zsh", "fish"});
  command.example("strata completion bash");
  command.details(
      "Load it where the shell starts: `source <(strata completion bash)` in ~/.bashrc, the same "
      "with zsh in ~/.zshrc after compinit, and `strata completion fish | source` in "
      "~/.config/fish/config.fish.");
  command.runs([shell](Context& context) { return run_completion(context, *shell); });
  return command;
}

}  // namespace strata::cli
