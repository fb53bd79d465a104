// `strata benchmark`: what each tier costs on this machine, and what a cache saves.
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/benchmark/options.h"
#include "cli/benchmark/suite.h"
#include "cli/benchmark_report.h"
#include "cli/commands/commands.h"
#include "cli/session.h"
#include "cli/workload/interrupt.h"
#include "cli/workload/progress.h"
#include "strata/core/limits.h"

namespace strata::cli {
namespace {

using benchmark::BenchmarkArguments;
using benchmark::BenchmarkOptions;
using benchmark::Report;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

ExitCode measure(Context& context, const BenchmarkOptions& options, const Settings& settings) {
  const std::shared_ptr<Clock> clock = system_clock();
  const bool shows_progress =
      !context.globals.json && !context.globals.quiet && ::isatty(STDERR_FILENO) == 1;
  const workload::Interrupt interrupt;
  Result<std::optional<Report>> report = [&] {
    workload::Progress progress(shows_progress, clock);
    return run_suite(options, {.settings = settings, .clock = clock, .progress = progress});
  }();
  if (!report) return fail(context, report.error());
  if (!report->has_value()) {
    return fail(context, ExitCode::kInterrupted, "interrupted; what was measured is not shown");
  }
  context.console.data(context.globals.json
                           ? benchmark_as_json(options, **report)
                           : benchmark_as_text(options, **report, context.console.table_style()));
  return ExitCode::kOk;
}

ExitCode run_benchmark(Context& context, const BenchmarkArguments& arguments) {
  Result<BenchmarkOptions> options = check_options(arguments);
  if (!options) return fail(context, options.error());
  Result<Settings> settings = find_settings(context);
  if (!settings) return fail(context, settings.error());
  if (context.globals.quiet) settings->log.level = LogThreshold::kOff;

  const std::vector<std::string> left_out = leave_out_disabled(*options, *settings);
  if (!left_out.empty() && arguments.tiers) {
    return fail(context, ExitCode::kUsage,
                "--tiers: the configuration switches off what this needs: " + joined(left_out));
  }
  if (!left_out.empty()) {
    context.console.note("left out, since the configuration switches it off: " + joined(left_out));
  }
  return measure(context, *options, *settings);
}

}  // namespace

Command make_benchmark() {
  const auto arguments = std::make_shared<BenchmarkArguments>();
  Command command("benchmark", "Measures what each tier costs here, and what a cache saves.");
  command.option("--entries", "N", "how many there are; 10000 unless given", arguments->entries)
      .within(1, limits::kBenchmarkEntries);
  command
      .option("--value-bytes", "N", "of each entry, also as 64KiB; 1024 unless given",
              arguments->value_bytes)
      .bytes_within(benchmark::kValueBytesMin, limits::kValueBytesMax);
  command.option("--operations", "N", "of each row", arguments->operations)
      .within(1, limits::kBenchmarkOperations);
  command.option("--seconds", "DURATION",
                 "of each row; unless one of the two is given, 100000 operations or 2 seconds, "
                 "whichever is over first",
                 arguments->seconds);
  command
      .option("--threads", "N", "how many make operations at once; 1 unless given",
              arguments->threads)
      .within(1, limits::kBenchmarkThreads);
  command.option("--distribution", "NAME",
                 "which entries: zipf:EXPONENT, uniform or scan; zipf:0.99 unless given",
                 arguments->distribution);
  command.option("--tiers", "A,B,C",
                 "of memory, sqlite, memory+sqlite, map (a hash table under a mutex) and origin "
                 "(no cache); all unless given",
                 arguments->tiers);
  command.option("--workloads", "A,B,C", "of read, mixed, write and read-through; all unless given",
                 arguments->workloads);
  command.option("--write-percent", "N", "of mixed; 5 unless given", arguments->write_percent)
      .within(0, 100);
  command.option("--seed", "N", "of all that is random; 1 unless given", arguments->seed);
  command.option("--origin-latency", "DURATION",
                 "what a call of the origin takes; 5ms unless given", arguments->origin_latency);
  command.option("--origin-cost", "PRICE", "of a call of the origin, to tell what is saved",
                 arguments->origin_cost);
  command.example("strata benchmark");
  command.example("strata benchmark --entries 1000000 --value-bytes 200 --seconds 5");
  command.example("strata benchmark --workloads read-through --origin-cost 0.002");
  command.details(
      "The tiers are made as the configuration says, and filled with entries of the benchmark: in "
      "memory, and in a temporary file that is removed at the end. The cache that the "
      "configuration describes is not touched. All workloads but read-through begin with a full "
      "store. What a read does not find comes from an origin that answers late. Every value that "
      "is read is checked; a wrong one ends the run with code 5.");
  command.runs([arguments](Context& context) { return run_benchmark(context, *arguments); });
  return command;
}

}  // namespace strata::cli
