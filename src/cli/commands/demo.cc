// `strata demo`: the arguments of the demo. What it does is in src/cli/demo.
#include <memory>

#include "cli/commands/commands.h"
#include "cli/demo/demo.h"

namespace strata::cli {

Command make_demo() {
  const auto arguments = std::make_shared<DemoArguments>();
  Command command("demo", "Shows the cache at work, on real data.");
  command.option("--seed", "N", "makes the run repeatable; 0: another one each time",
                 arguments->seed);
  command.option("--reads", "N", "how many reads the busiest part makes", arguments->reads);
  command.option("--threads", "N", "how many threads read at once", arguments->threads);
  command.option("--data", "FOLDER", "where the demo's data is", arguments->data_dir).file();
  command.option("--break", "RULE",
                 "breaks a rule, in builds with mutants, to show that it is noticed: no-tickets, "
                 "late-ticket, join-any-load, no-tombstone",
                 arguments->break_name);
  command.example("strata demo --seed 7 --reads 2000");
  command.runs([arguments](Context& context) {
    arguments->json = context.globals.json;
    arguments->quiet = context.globals.quiet;
    context.console.flush();
    return static_cast<ExitCode>(run_demo(*arguments));
  });
  return command;
}

}  // namespace strata::cli
