// `strata simulate`: what hit ratios caches of some sizes and policies would have.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/picture_file.h"
#include "cli/simulation_report.h"
#include "cli/text.h"
#include "simulate/curve_study.h"
#include "simulate/study.h"
#include "simulate/svg_picture.h"

namespace strata::cli {
namespace {

using simulate::StudiedPolicy;
using simulate::StudyOptions;

constexpr std::string_view kPolicies = "adaptive,horizon,s3fifo,wtinylfu,lirs,lru,belady";
constexpr std::string_view kCurvePolicies = "adaptive,horizon";

struct Options {
  std::vector<std::string> traces;
  std::string fields = "blanks";
  std::optional<std::string> policies;
  std::string sizes = "0.5%,1%,5%,10%,20%";
  std::string by = "entries";
  std::uint64_t entry_overhead = 0;
  std::string aim = "requests";
  std::optional<std::string> svg;
  std::uint64_t shards = 1;
  std::uint64_t threads = 1;
  bool unbounded_history = false;
  bool curve = false;
};

constexpr std::uint64_t kShardsMax = 4096;
constexpr std::uint64_t kThreadsMax = 64;
constexpr std::uint64_t kOverheadMax = 1 << 20;
constexpr std::array<std::string_view, 2> kUnits{"entries", "bytes"};
// In the order of EvictionAim, and of Separator.
constexpr std::array<std::string_view, 3> kAims{"requests", "bytes", "cost"};
constexpr std::array<std::string_view, 2> kFields{"blanks", "comma"};

Error rejected(std::string message) {
  return {.code = ErrorCode::kRejected, .message = std::move(message)};
}

// The place of `word` among `words`, which has it: the parser has looked.
template <std::size_t N>
std::size_t choice(const std::string& word, const std::array<std::string_view, N>& words) {
  return static_cast<std::size_t>(std::find(words.begin(), words.end(), word) - words.begin());
}

template <std::size_t N>
std::vector<std::string> names(const std::array<std::string_view, N>& words) {
  return {words.begin(), words.end()};
}

bool knows_aims(const StudiedPolicy& policy) {
  return policy.kind == memory::PolicyKind::kHorizon ||
         policy.kind == memory::PolicyKind::kAdaptive;
}

// What would be ignored otherwise.
Result<void> check_combination(const Options& options, const StudyOptions& study) {
  if (options.curve && options.svg) return rejected("--svg draws no curves; leave out one of both");
  if (options.curve && options.threads > 1) {
    return rejected("--threads has no effect with --curve; leave out one of both");
  }
  if (options.entry_overhead > 0 && !study.size_is_bytes) {
    return rejected("--entry-overhead has no effect without --by bytes");
  }
  const auto is_lirs = [](const StudiedPolicy& policy) {
    return policy.kind == memory::PolicyKind::kLirs;
  };
  if (options.unbounded_history &&
      std::none_of(study.policies.begin(), study.policies.end(), is_lirs)) {
    return rejected("--unbounded-history has no effect without --policy lirs");
  }
  if (study.aim != EvictionAim::kRequests &&
      std::none_of(study.policies.begin(), study.policies.end(), knows_aims)) {
    return rejected("--aim " + options.aim +
                    " has no effect without --policy horizon or --policy adaptive");
  }
  return {};
}

Result<StudyOptions> study_options(const Options& options) {
  const bool is_bytes = choice(options.by, kUnits) == 1;
  Result<std::vector<StudiedPolicy>> policies =
      simulate::parse_policies(options.policies ? *options.policies
                               : options.curve  ? kCurvePolicies
                                                : kPolicies);
  if (!policies) return policies.error();
  Result<std::vector<simulate::Size>> sizes = simulate::parse_sizes(options.sizes, is_bytes);
  if (!sizes) return sizes.error();
  StudyOptions study{.traces = options.traces,
                     .policies = *std::move(policies),
                     .sizes = *std::move(sizes),
                     .size_is_bytes = is_bytes,
                     .entry_overhead = static_cast<std::uint32_t>(options.entry_overhead),
                     .aim = static_cast<EvictionAim>(choice(options.aim, kAims)),
                     .separator = static_cast<simulate::Separator>(choice(options.fields, kFields)),
                     .shards_max = static_cast<std::size_t>(options.shards),
                     .unbounded_history = options.unbounded_history,
                     .threads = static_cast<std::size_t>(options.threads)};
  if (auto checked = check_combination(options, study); !checked) return checked.error();
  if (options.svg) {
    auto checked = check_picture_file(*options.svg, options.traces);
    if (!checked) return checked.error();
  }
  return study;
}

// Of policies that were asked for by name, those that do the same whatever is aimed at.
void note_unaimed(Context& context, const Options& options, const StudyOptions& study) {
  if (study.aim == EvictionAim::kRequests || !options.policies) return;
  std::string unaimed;
  for (const StudiedPolicy& policy : study.policies) {
    if (!knows_aims(policy)) unaimed += (unaimed.empty() ? "" : ", ") + policy.name;
  }
  if (!unaimed.empty()) {
    context.console.warning("--aim " + options.aim + " changes nothing for " + unaimed);
  }
}

ExitCode run_simulate(Context& context, const Options& options) {
  const Result<StudyOptions> study = study_options(options);
  if (!study) return fail(context, study.error());
  // Not an error: whoever passes it to all commands may.
  if (context.globals.config) {
    context.console.warning("--config has no effect: a simulation reads no configuration");
  }
  note_unaimed(context, options, *study);
  if (options.curve) {
    const Result<std::vector<simulate::CurveRow>> rows = simulate::study_curves(*study);
    if (!rows) return fail(context, rows.error());
    context.console.data(context.globals.json
                             ? curves_as_json(*rows)
                             : curves_as_text(*rows, context.console.table_style()));
    return ExitCode::kOk;
  }
  const Result<std::vector<simulate::StudyRow>> rows = simulate::study(*study);
  if (!rows) return fail(context, rows.error());
  context.console.data(context.globals.json ? study_as_json(*rows)
                                            : study_as_text(*rows, context.console.table_style()));
  if (!options.svg) return ExitCode::kOk;
  const auto written = write_picture_file(*options.svg, simulate::svg_picture(*rows));
  if (written) return ExitCode::kOk;
  // Not as JSON: the list is there already.
  context.console.error(written.error().message);
  return ExitCode::kFailed;
}

void add_options(Command& command, Options& options) {
  command
      .option("--fields", "HOW",
              "what is between key, size and cost; blanks, with tabs, unless given", options.fields)
      .one_of(names(kFields));
  command.option("--policy", "A,B,C",
                 "lru, lfu, s3fifo, wtinylfu, lirs, horizon, adaptive, and belady, which knows "
                 "what comes: the best that is possible with entries of one size; all but lfu "
                 "unless given, with --curve adaptive and horizon",
                 options.policies);
  command.option("--sizes", "N,P%",
                 "of the caches: numbers of entries, or percentages of the trace's keys; "
                 "0.5%,1%,5%,10%,20% unless given",
                 options.sizes);
  command
      .option(
          "--by", "UNIT",
          "what sizes are in, and percentages those of all keys; bytes, also written 64MiB, are "
          "those of the trace; entries unless given",
          options.by)
      .one_of(names(kUnits));
  command
      .option("--entry-overhead", "N",
              "bytes that an entry takes beside those of the trace, with --by bytes: memory counts "
              "the key and about 210; 0 unless given",
              options.entry_overhead)
      .bytes_within(0, kOverheadMax);
  command
      .option("--aim", "WHAT",
              "what horizon and adaptive answer as much of as they can; requests unless given",
              options.aim)
      .one_of(names(kAims));
  command
      .option("--shards", "N", "into how many shards a cache is divided; 1 unless given",
              options.shards)
      .within(1, kShardsMax);
  command.option("--threads", "N", "how many work at a time; 1 unless given", options.threads)
      .within(1, kThreadsMax);
  command.flag("--unbounded-history", "lirs remembers all that was ever evicted",
               options.unbounded_history);
  command.flag("--curve",
               "of a cache of each size, the curve that it would report, beside what whole caches "
               "of those sizes hit; with the policies adaptive and horizon",
               options.curve);
  command.option("--svg", "FILE", "draws hit ratio over size", options.svg).file();
}

}  // namespace

Command make_simulate() {
  const auto options = std::make_shared<Options>();
  Command command("simulate", "Shows which hit ratios caches would have for recorded requests.");
  command
      .positional("TRACE",
                  "a text file, perhaps gzip or Zstandard, or - for standard input: in each line a "
                  "key, perhaps a size in bytes, and perhaps what loading takes in microseconds, "
                  "with blanks between",
                  options->traces)
      .repeats()
      .file();
  add_options(command, *options);
  command.example("strata simulate requests.txt --policy adaptive,lru --sizes 1%,5%,1000");
  command.example("strata simulate sized.txt --by bytes --sizes 64MiB,256MiB --entry-overhead 210");
  command.details(
      "A request for a key that is not in the cache inserts it. The policies are those of the "
      "memory tier. A shard has at least 256 entries. No configuration is read.");
  command.runs([options](Context& context) { return run_simulate(context, *options); });
  return command;
}

}  // namespace strata::cli
