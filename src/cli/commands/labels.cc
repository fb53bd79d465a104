// `strata labels`: the labels that records carry.
#include <array>
#include <limits>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/label_counts.h"
#include "cli/record_filter.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/text.h"
#include "strata/codecs/json_writer.h"

namespace strata::cli {
namespace {

constexpr std::array kKinds{LabelKind::kKey,    LabelKind::kTag,  LabelKind::kKeyspace,
                            LabelKind::kTenant, LabelKind::kType, LabelKind::kSource,
                            LabelKind::kSchema};

struct LabelsOptions {
  std::uint64_t top = 20;
  bool all = false;
  std::string kind;
};

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const LabelKind kind : kKinds) names.emplace_back(to_string(kind));
  return names;
}

std::optional<LabelKind> kind_of(const std::string& name) {
  for (const LabelKind kind : kKinds) {
    if (to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

void print_json(Context& context, const LabelCounts& counts,
                const std::vector<LabelCount>& largest) {
  JsonWriter writer;
  writer.begin_object().member("schema", "strata.labels/1").member("counted", counts.labels());
  writer.member("uncounted", counts.uncounted()).member("shown", largest.size());
  writer.key("labels").begin_array();
  for (const LabelCount& one : largest) {
    writer.begin_object().member("label", format_label(one.label));
    writer.member("kind", to_string(one.label.kind())).member("text", one.label.text());
    writer.member("entries", one.entries).member("size_bytes", one.bytes).end_object();
  }
  writer.end_array().end_object();
  context.console.data(writer.take() + "\n");
}

void print_table(Context& context, const LabelCounts& counts,
                 const std::vector<LabelCount>& largest) {
  Table table({{"KIND"},
               {"LABEL", Align::kLeft, true},
               {"ENTRIES", Align::kRight},
               {"SIZE", Align::kRight}});
  for (const LabelCount& one : largest) {
    table.row({std::string(to_string(one.label.kind())), printable_line(one.label.text()),
               describe_count(one.entries), describe_bytes(one.bytes)});
  }
  if (!table.empty()) context.console.data(table.text(context.console.table_style()));
  std::string sum = describe_count(counts.labels(), "label", "labels");
  if (largest.size() < counts.labels()) {
    sum += "; " + describe_count(largest.size()) + " shown, --all shows all";
  }
  context.console.note(sum);
}

ExitCode labels(Context& context, Session& session, const LabelsOptions& options) {
  LabelCounts counts(kind_of(options.kind));
  const Result<void> scanned =
      scan_records(session.cache(), [&](std::string_view, const Record& record) {
        counts.add(record);
        return true;
      });
  if (!scanned) return fail(context, scanned.error());
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  const std::vector<LabelCount> largest = counts.largest(options.all ? kAll : options.top);
  if (context.globals.json) {
    print_json(context, counts, largest);
  } else {
    print_table(context, counts, largest);
  }
  if (counts.uncounted() > 0) {
    context.console.warning("there are more labels than the " + describe_count(counts.labels()) +
                            " that are told apart; records carry the others " +
                            describe_count(counts.uncounted(), "time", "times"));
  }
  return ExitCode::kOk;
}

ExitCode run_labels(Context& context, const LabelsOptions& options) {
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  return session.finish(labels(context, session, options));
}

}  // namespace

Command make_labels() {
  const auto options = std::make_shared<LabelsOptions>();
  Command command("labels", "Lists the labels that entries carry, the largest first.");
  command.option("--top", "N", "how many are shown; without it, 20", options->top);
  command.flag("--all", "shows all", options->all);
  command.option("--kind", "KIND", "only those of this kind", options->kind).one_of(kind_names());
  command.example("strata labels --kind tag --top 10");
  command.details(
      "What `strata invalidate` would reach by each. One entry counts for all its labels. Of more "
      "than 1,000,000 labels the others are only counted, and that is said.");
  command.runs([options](Context& context) { return run_labels(context, *options); });
  return command;
}

}  // namespace strata::cli
