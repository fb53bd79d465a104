// `strata simulate`: what hit ratios caches of some sizes and policies would have.
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "simulate/study.h"
#include "simulate/svg_picture.h"
#include "simulate/text_picture.h"
#include "strata/codecs/json_writer.h"

namespace strata::cli {
namespace {

using simulate::StudyRow;

struct Options {
  std::vector<std::string> traces;
  std::string policies = "adaptive,horizon,s3fifo,wtinylfu,lirs,lru,belady";
  std::string sizes = "0.5%,1%,5%,10%,20%";
  std::optional<std::string> svg;
  std::uint64_t shards = 1;
  bool bytes = false;
  bool unbounded_history = false;
};

constexpr std::uint64_t kShardsMax = 4096;

std::string rows_as_json(const std::vector<StudyRow>& rows) {
  JsonWriter writer;
  writer.begin_array();
  for (const StudyRow& row : rows) {
    writer.begin_object().member("trace", row.trace).member("policy", row.policy);
    writer.member("size", row.size).member("requests", row.result.requests);
    writer.member("hits", row.result.hits).member("hit_ratio", row.result.hit_ratio());
    writer.end_object();
  }
  return writer.end_array().take() + "\n";
}

void print_rows(Context& context, const std::vector<StudyRow>& rows) {
  Table table({{"TRACE", Align::kLeft, true},
               {"POLICY"},
               {"SIZE", Align::kRight},
               {"REQUESTS", Align::kRight},
               {"HITS", Align::kRight},
               {"HIT RATIO", Align::kRight}});
  for (const StudyRow& row : rows) {
    table.row({printable_line(row.trace), row.policy, describe_count(row.size),
               describe_count(row.result.requests), describe_count(row.result.hits),
               describe_share(row.result.hits, row.result.requests)});
  }
  context.console.data(table.text(context.console.table_style()));
  const std::string picture = simulate::text_picture(rows);
  if (!picture.empty()) context.console.data("\n" + printable(picture, true));
}

ExitCode write_svg(Context& context, const std::string& path, const std::vector<StudyRow>& rows) {
  std::ofstream file(path, std::ios::binary);
  file << simulate::svg_picture(rows);
  file.close();
  if (file) return ExitCode::kOk;
  return fail(context, ExitCode::kFailed, "cannot write " + printable_line(path));
}

ExitCode run_simulate(Context& context, const Options& options) {
  Result<std::vector<simulate::StudiedPolicy>> policies =
      simulate::parse_policies(options.policies);
  if (!policies) return fail(context, policies.error());
  Result<std::vector<simulate::Size>> sizes = simulate::parse_sizes(options.sizes);
  if (!sizes) return fail(context, sizes.error());
  if (options.shards == 0 || options.shards > kShardsMax) {
    return fail(context, ExitCode::kUsage, "--shards takes a number from 1 to 4096");
  }
  const Result<std::vector<StudyRow>> rows =
      simulate::study({.traces = options.traces,
                       .policies = std::move(*policies),
                       .sizes = std::move(*sizes),
                       .size_is_bytes = options.bytes,
                       .shards_max = static_cast<std::size_t>(options.shards),
                       .unbounded_history = options.unbounded_history});
  if (!rows) return fail(context, rows.error());
  if (options.svg) {
    const ExitCode written = write_svg(context, *options.svg, *rows);
    if (written != ExitCode::kOk) return written;
  }
  if (context.globals.json) {
    context.console.data(rows_as_json(*rows));
  } else {
    print_rows(context, *rows);
  }
  return ExitCode::kOk;
}

}  // namespace

Command make_simulate() {
  const auto options = std::make_shared<Options>();
  Command command("simulate", "Shows which hit ratios caches would have for recorded requests.");
  command
      .positional("TRACE", "a text file, perhaps gzip or Zstandard: a key and a size in each line",
                  options->traces)
      .repeats()
      .file();
  command.option("--policy", "A,B,C",
                 "lru, lfu, s3fifo, wtinylfu, lirs, horizon, adaptive, and belady, the best that "
                 "is possible",
                 options->policies);
  command.option("--sizes", "N,P%",
                 "of the caches: numbers of entries, or percentages of the trace's keys",
                 options->sizes);
  command.flag("--bytes", "sizes are in bytes, and percentages of those of all keys",
               options->bytes);
  command.option("--shards", "N", "into how many shards a cache is divided; 1 unless given",
                 options->shards);
  command.flag("--unbounded-history", "lirs remembers all that was ever evicted",
               options->unbounded_history);
  command.option("--svg", "FILE", "draws hit ratio over size", options->svg).file();
  command.example("strata simulate requests.txt --policy adaptive,lru --sizes 1%,5%,1000");
  command.details(
      "A request for a key that is not in the cache inserts it. The policies are those of the "
      "memory tier. A shard has at least 256 entries.");
  command.runs([options](Context& context) { return run_simulate(context, *options); });
  return command;
}

}  // namespace strata::cli
