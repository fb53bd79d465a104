// `strata invalidate`: makes everything wrong that carries one of some labels.
#include <memory>

#include "cli/commands/commands.h"
#include "cli/named_key.h"
#include "cli/record_filter.h"
#include "cli/session.h"
#include "cli/text.h"
#include "core/quote.h"
#include "strata/codecs/json_writer.h"

namespace strata::cli {
namespace {

struct InvalidateOptions {
  std::vector<std::string> keys, tags, sources, keyspaces;
  bool dry_run = false;
};

// What --key may mean: canonical text as `strata inspect --json` prints it, or KEYSPACE:ID. A
// text that can be both stands for both: too much is invalidated rather than too little.
Result<Labels> labels_of_key(Session& session, const std::string& text) {
  Labels labels;
  std::string wrong = "; write KEYSPACE:ID";
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos && colon > 0) {
    const Result<Key> key = named_key(session, text.substr(0, colon), text.substr(colon + 1));
    if (key) labels.push_back(key->label());
    if (!key) wrong = ": " + key.error().message;
  }
  // Labels of keys whose parameters are hashed need no parameters.
  const bool canonical = Key::parse(text).ok() || text.find(":#") != std::string::npos;
  if (canonical) labels.push_back(Label(LabelKind::kKey, text));
  if (!labels.empty()) return labels;
  return Error{
      ErrorCode::kRejected, "--key: " + internal::quoted(text) + " is not a key" + wrong, {}};
}

Result<Labels> labels_of(Session& session, const InvalidateOptions& options) {
  Labels labels;
  for (const std::string& text : options.keys) {
    const Result<Labels> of_key = labels_of_key(session, text);
    if (!of_key) return of_key.error();
    labels.insert(labels.end(), of_key->begin(), of_key->end());
  }
  for (const std::string& text : options.tags) labels.push_back(tag(text));
  for (const std::string& name : options.sources) labels.push_back(source(name));
  for (const std::string& name : options.keyspaces) labels.push_back(keyspace(name));
  for (const Label& label : labels) {
    if (const Result<void> valid = label.validate(); !valid) return valid.error();
  }
  return labels;
}

void print_outcome(Context& context, std::uint64_t count, std::uint64_t bytes, bool dry_run) {
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.invalidate/1").member("dry_run", dry_run);
    writer.member("entries", count).member("size_bytes", bytes).end_object();
    context.console.data(writer.take() + "\n");
    return;
  }
  context.console.data((dry_run ? "would invalidate " : "invalidated ") +
                       describe_count(count, "entry", "entries") + ", " + describe_bytes(bytes) +
                       "\n");
}

ExitCode invalidate(Context& context, Session& session, const InvalidateOptions& options) {
  const Result<Labels> labels = labels_of(session, options);
  if (!labels) return fail(context, labels.error());
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  const Result<void> scanned =
      scan_records(session.cache(), [&](std::string_view, const Record& record) {
        if (!carries(record, *labels)) return true;
        ++count;
        bytes += record.payload.size();
        return true;
      });
  if (!options.dry_run) {
    const InvalidationResult result = session.cache().invalidate(*labels);
    if (!result.ok()) return fail(context, *result.error);
  }
  // What cannot be counted is invalidated all the same.
  if (!scanned) return fail(context, scanned.error());
  print_outcome(context, count, bytes, options.dry_run);
  return ExitCode::kOk;
}

ExitCode run_invalidate(Context& context, const InvalidateOptions& options) {
  if (options.keys.empty() && options.tags.empty() && options.sources.empty() &&
      options.keyspaces.empty()) {
    return fail(context, ExitCode::kUsage,
                "say what to invalidate: --key, --tag, --source or --keyspace");
  }
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  return session.finish(invalidate(context, session, options));
}

}  // namespace

Command make_invalidate() {
  const auto options = std::make_shared<InvalidateOptions>();
  Command command("invalidate", "Makes everything wrong that depends on something.");
  command.option("--tag", "TAG", "what carries this tag", options->tags).repeats();
  command
      .option("--key", "KEY", "KEYSPACE:ID, or a key as `inspect --json` prints it", options->keys)
      .repeats();
  command.option("--source", "SOURCE", "what came from this source", options->sources).repeats();
  command.option("--keyspace", "KEYSPACE", "what is in this keyspace", options->keyspaces)
      .repeats();
  command.flag("--dry-run", "only tells how much it is", options->dry_run);
  command.example("strata invalidate --tag org:7 --key user:42");
  command.details("What is given several times, or in several ways, adds up.");
  command.runs([options](Context& context) { return run_invalidate(context, *options); });
  return command;
}

}  // namespace strata::cli
