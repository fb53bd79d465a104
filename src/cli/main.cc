// The program `strata`: streams and signals, then the command that was asked for.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/help.h"
#include "cli/parser.h"

namespace strata::cli {
namespace {

void write_message(std::string_view text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // Nobody to tell.
}

// Files are safe at any moment, so there is nothing to clean up.
void on_interrupt(int) {
  write_message("strata: interrupted\n");
  ::_exit(static_cast<int>(ExitCode::kInterrupted));
}

void set_signals() {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);  // write() says EPIPE instead

  struct sigaction current {};
  ::sigaction(SIGINT, nullptr, &current);
  if (current.sa_handler == SIG_IGN) return;  // started in the background
  struct sigaction interrupt {};
  interrupt.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &interrupt, nullptr);
}

// A closed stream's number would be given to the next file that is opened, the cache's own, and
// output would be written into it. Opened the wrong way round, the stream fails when it is used.
void occupy_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    const int file = ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (file != stream && file >= 0) ::close(file);
  }
}

bool contains(const std::vector<std::string>& words, std::string_view wanted) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == wanted) return true;
  }
  return false;
}

ExitCode run_command(Context& context, const Invocation& invocation) {
  const Command& command = *invocation.path.back();
  if (invocation.help) {
    context.console.data(help_text(invocation.path));
    return ExitCode::kOk;
  }
  if (context.globals.version) return print_version(context);
  if (command.run()) return command.run()(context);
  context.console.message(help_text(invocation.path));
  return ExitCode::kUsage;
}

ExitCode run(const std::vector<std::string>& words) {
  GlobalOptions globals;
  const Environment environment = system_environment();
  const Command program = make_program(globals);
  Console console(environment);
  Context context{program, globals, environment, console};

  const ParseResult parsed = parse(program, words);
  // Arguments that are wrong may end the parsing before these are seen.
  globals.json = globals.json || contains(words, "--json");
  globals.quiet = globals.quiet || contains(words, "--quiet");
  globals.no_color = globals.no_color || contains(words, "--no-color");
  if (globals.quiet) console.be_quiet();
  if (globals.no_color) console.decline_color();

  ExitCode code = ExitCode::kUsage;
  if (const auto* error = std::get_if<UsageError>(&parsed)) {
    fail(context, code, error->message);
    console.note("see `" + full_name(error->path) + " --help`");
  } else {
    code = run_command(context, std::get<Invocation>(parsed));
  }
  if (!console.flush()) {
    console.error("standard output: " + console.failure());
    if (code == ExitCode::kOk) code = ExitCode::kFailed;
  }
  return code;
}

}  // namespace
}  // namespace strata::cli

int main(int argument_count, char** arguments) {
  using namespace strata::cli;
  occupy_streams();
  set_signals();
  try {
    return static_cast<int>(
        run(std::vector<std::string>(arguments + 1, arguments + argument_count)));
  } catch (const std::bad_alloc&) {
    write_message("strata: error: out of memory\n");
  } catch (const std::exception& problem) {
    write_message("strata: error: unexpected: ");
    write_message(problem.what());
    write_message("\n");
  } catch (...) {
    write_message("strata: error: unexpected\n");
  }
  return static_cast<int>(ExitCode::kFailed);
}
