// `strata export`: what is cached, as lines of JSON.
#include <memory>
#include <optional>
#include <string>

#include "cli/commands/commands.h"
#include "cli/output_file.h"
#include "cli/progress_bar.h"
#include "cli/record_filter.h"
#include "cli/record_line.h"
#include "cli/session.h"
#include "cli/text.h"
#include "http_source/printable_url.h"
#include "simulate/compressed_writer.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/key.h"
#include "strata/core/limits.h"

namespace strata::cli {
namespace {

constexpr std::size_t kRecordsAtOnce = 16;  // values may be large
// Of times in whole milliseconds: a life may become shorter by it, but not longer.
constexpr Duration kRounding = std::chrono::milliseconds(2);

struct ExportOptions {
  RecordFilter filter;
  std::vector<std::string> label_texts;
  Labels labels;
  std::string file = "-";
  bool force = false;

  [[nodiscard]] bool to_stream() const { return file == "-"; }
};

struct Counts {
  std::uint64_t seen = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of values
  std::uint64_t redacted = 0;
  std::uint64_t expired = 0;
  std::uint64_t left_out = 0;
};

// Whether the entry is nobody's business: its keyspace is sensitive, its value is encrypted, or its
// key holds a secret.
bool is_secret(const Settings& settings, const RecordRow& row, const Record& record) {
  if (record.encrypted || is_sensitive(settings, row.keyspace)) return true;
  const Result<Key> key = Key::parse(record.key_text, record.long_params);
  if (!key) return false;
  for (const auto& [name, value] : key->parts().params) {
    if (is_secret_name(name)) return true;
  }
  return false;
}

class Exporter {
 public:
  Exporter(Session& session, const ExportOptions& options, simulate::ByteSink sink,
           ProgressBar& bar)
      : session_(session),
        options_(options),
        sink_(std::move(sink)),
        bar_(bar),
        at_(session.clock()) {
    for (const TierTraffic& traffic : session.cache().stats().tiers) {
      if (traffic.tier.name != "memory") total_ += traffic.tier.entries;
    }
  }

  Result<Counts> run() {
    Result<void> done = sink_(write_line(ExportHead{at_.wall_now}));
    if (!done) return done.error();
    const Result<void> scanned = scan_records(
        session_.cache(),
        [&](std::string_view tier, const Record& record) {
          done = visit(tier, record);
          return done.ok();
        },
        kRecordsAtOnce);
    if (!scanned) return scanned.error();
    if (done) done = sink_(write_line(ExportEnd{counts_.entries, counts_.redacted}));
    if (!done) return done.error();
    return counts_;
  }

 private:
  Result<void> visit(std::string_view tier, const Record& record) {
    if (counts_.seen++ % kRecordsAtOnce == 0) bar_.show("exporting", counts_.seen, total_);
    const RecordRow row = row_of(tier, record, at_);
    if (!options_.filter.matches(row)) return {};
    if (!options_.labels.empty() && !carries(record, options_.labels)) return {};
    if (row.state == RecordState::kExpired) {
      ++counts_.expired;
      return {};
    }
    if (is_secret(session_.settings(), row, record)) {
      ++counts_.redacted;
      return sink_(write_line(RedactedEntry{row.keyspace}));
    }
    const Result<std::string> line = write_line(record, later(at_.wall_now, -row.age - kRounding));
    if (!line || line->size() > limits::kExportLineBytes) {
      ++counts_.left_out;
      return {};
    }
    ++counts_.entries;
    counts_.bytes += record.payload.size();
    return sink_(*line);
  }

  Session& session_;
  const ExportOptions& options_;
  const simulate::ByteSink sink_;
  ProgressBar& bar_;
  const Moment at_;
  std::uint64_t total_ = 0;
  Counts counts_;
};

Result<Counts> export_to_stream(Context& context, Session& session, const ExportOptions& options,
                                ProgressBar& bar) {
  return Exporter(
             session, options,
             [&](std::string_view bytes) -> Result<void> {
               context.console.data(bytes);
               if (context.console.failure().empty()) return {};
               return Error{
                   ErrorCode::kUnavailable, "standard output: " + context.console.failure(), {}};
             },
             bar)
      .run();
}

Result<Counts> export_to_file(Session& session, const ExportOptions& options, ProgressBar& bar) {
  Result<OutputFile> file = OutputFile::open(options.file, options.force);
  if (!file) return file.error();
  simulate::CompressedWriter writer(simulate::compression_of(options.file),
                                    [&](std::string_view bytes) { return file->write(bytes); });
  Result<Counts> counts =
      Exporter(
          session, options, [&](std::string_view bytes) { return writer.write(bytes); }, bar)
          .run();
  if (!counts) return counts;
  if (const Result<void> ended = writer.finish(); !ended) return ended.error();
  if (const Result<void> named = file->commit(); !named) return named.error();
  return counts;
}

void tell(Context& context, const ExportOptions& options, const Counts& counts) {
  if (context.globals.json && !options.to_stream()) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.export-summary/1");
    writer.member("file", options.file).member("entries", counts.entries);
    writer.member("size_bytes", counts.bytes).member("redacted", counts.redacted);
    writer.member("expired", counts.expired).member("left_out", counts.left_out);
    context.console.data(writer.end_object().take() + "\n");
  }
  context.console.note("exported " + describe_count(counts.entries, "entry", "entries") + ", " +
                       describe_bytes(counts.bytes) +
                       (options.to_stream() ? "" : ", to " + options.file));
  if (counts.redacted > 0) {
    context.console.note(describe_count(counts.redacted, "entry is", "entries are") +
                         " not shown: sensitive, or with a secret in the key");
  }
  if (counts.expired > 0) {
    context.console.note(describe_count(counts.expired, "entry is", "entries are") +
                         " left out: expired");
  }
  if (counts.left_out > 0) {
    context.console.warning(describe_count(counts.left_out, "entry is", "entries are") +
                            " left out: too large for a line, or with a key that none can have");
  }
}

ExitCode run_export(Context& context, ExportOptions& options) {
  for (const std::string& text : options.label_texts) {
    Result<Label> label = parse_label(text);
    if (!label) return fail(context, label.error());
    options.labels.push_back(*std::move(label));
  }
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  ProgressBar bar(context.console, session.clock());
  const Result<Counts> counts = options.to_stream()
                                    ? export_to_stream(context, session, options, bar)
                                    : export_to_file(session, options, bar);
  bar.clear();
  if (!counts) return session.finish(fail(context, counts.error()));
  tell(context, options, *counts);
  return session.finish(ExitCode::kOk);
}

}  // namespace

Command make_export() {
  const auto options = std::make_shared<ExportOptions>();
  Command command("export", "Writes what is cached as lines of JSON.");
  RecordFilter& filter = options->filter;
  command
      .positional("FILE", "where to; .gz and .zst compress; without it, or -, standard output",
                  options->file)
      .optional()
      .file();
  command.option("--source", "SOURCE", "only what came from this source", filter.source);
  command.option("--keyspace", "KEYSPACE", "only what is in this keyspace", filter.keyspace);
  command.option("--tag", "TAG", "only what carries this tag", filter.tag);
  command
      .option("--label", "LABEL", "only what carries this label: tag:org:7, type:person",
              options->label_texts)
      .repeats();
  command.option("--prefix", "TEXT", "only what has an ID that begins so, in whole words",
                 filter.prefix);
  command.flag("--force", "replaces the file if there is one", options->force);
  command.example("strata export cache.jsonl.zst");
  command.example("strata export --keyspace user");
  command.details(
      "Several filters narrow the selection down together; of several --label, one is "
      "enough. " +
      std::string(kPrefixHelp) +
      " What is in sensitive keyspaces, or has a secret in its key, is counted and not "
      "shown. The file gets its name when it is whole, and is for its owner alone.");
  command.runs([options](Context& context) { return run_export(context, *options); });
  return command;
}

}  // namespace strata::cli
