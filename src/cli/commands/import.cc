// `strata import`: entries of an export, into the tiers below memory.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/import_file.h"
#include "cli/importer.h"
#include "cli/progress_bar.h"
#include "cli/session.h"
#include "cli/text.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/limits.h"

namespace strata::cli {
namespace {

constexpr std::size_t kToldAtMost = 20;  // lines that are wrong

struct ImportOptions {
  std::string file;
  bool overwrite = false;
  bool skip_bad = false;
  bool dry_run = false;
};

// What is wrong with the file, line by line.
struct Faults {
  std::uint64_t count = 0;
  std::vector<std::string> first;

  void add(const ImportFile& file, std::uint64_t line, const std::string& what) {
    if (++count > kToldAtMost) return;
    first.push_back(file.name() + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what);
  }
  void tell(Console& console) const {
    for (const std::string& one : first) console.error(one);
    if (count > first.size()) {
      console.error("and " + describe_count(count - first.size(), "line", "lines") + " more");
    }
  }
};

std::string too_long() {
  return "is longer than " + std::to_string(limits::kExportLineBytes) + " bytes";
}

// A pass over the file that only looks. Returns its digest.
Result<std::uint64_t> look(const ImportFile& file, Importer& importer, Faults& faults,
                           ProgressBar& bar) {
  auto digest = file.read([&](std::uint64_t number, const std::string_view* line) {
    bar.show("checking line", number, 0);
    if (line == nullptr) {
      faults.add(file, number, too_long());
      return Result<void>();
    }
    const auto checked = importer.check(*line);
    if (!checked) faults.add(file, number, checked.error().message);
    // A file that begins otherwise is not looked at any further.
    const bool is_no_export = !checked && number == 1;
    return is_no_export ? Result<void>(checked.error()) : Result<void>();
  });
  if (!digest && faults.count > 0) return std::uint64_t{0};
  if (!digest) return digest;
  if (const auto whole = importer.check_end(); !whole && faults.count == 0) {
    faults.add(file, 0, whole.error().message);
  }
  return digest;
}

// The pass that stores; what is wrong was told by the one before.
Result<void> store(const ImportFile& file, Importer& importer, std::uint64_t expected,
                   ProgressBar& bar, std::uint64_t lines) {
  importer.begin_again();
  const auto digest = file.read([&](std::uint64_t number, const std::string_view* line) {
    bar.show("importing line", number, lines);
    if (line == nullptr) return Result<void>();
    auto checked = importer.check(*line);
    if (!checked) return Result<void>();
    if (const auto* redacted = std::get_if<RedactedEntry>(&*checked)) importer.count(*redacted);
    if (auto* record = std::get_if<Record>(&*checked)) return importer.store(std::move(*record));
    return Result<void>();
  });
  if (!digest) return digest.error();
  if (*digest == expected) return {};
  return Error{
      ErrorCode::kUnavailable, file.name() + " changed while it was imported; import it again", {}};
}

void print(Context& context, const ImportOptions& options, const ImportCounts& counts,
           std::uint64_t bad) {
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.import/1").member("dry_run", options.dry_run);
    writer.member("entries", counts.entries).member("stored", counts.stored);
    writer.member("kept", counts.kept).member("expired", counts.expired);
    writer.member("redacted", counts.redacted).member("not_wanted", counts.not_wanted);
    writer.member("refused", counts.refused).member("declined", counts.declined);
    writer.member("bad_lines", bad).end_object();
    context.console.data(writer.take() + "\n");
    return;
  }
  context.console.data((options.dry_run ? "would store " : "stored ") +
                       describe_count(counts.stored, "entry", "entries") + " of " +
                       describe_count(counts.entries) + "\n");
  const std::pair<std::uint64_t, std::string_view> others[] = {
      {counts.kept, "not stored: what is there is as new; --overwrite replaces it"},
      {counts.expired, "not stored: expired meanwhile"},
      {counts.redacted, "not stored: the export does not show their values"},
      {counts.not_wanted, "not stored: this configuration would not serve them"},
      {counts.refused, "not stored: invalidated since the import began"},
      {counts.declined, "not stored: too large for the tier, or it had no room"},
  };
  for (const auto& [count, meaning] : others) {
    if (count > 0) context.console.data(describe_count(count) + " " + std::string(meaning) + "\n");
  }
}

ExitCode import(Context& context, Session& session, const ImportFile& file,
                const ImportOptions& options) {
  if (session.cache().lower_tiers().empty()) {
    return fail(context, ExitCode::kUsage,
                "this configuration has no tier below memory: what is imported would end with "
                "this run");
  }
  Importer importer(session, {.overwrite = options.overwrite, .dry_run = options.dry_run});
  ProgressBar bar(context.console, session.clock());
  Faults faults;
  const Result<std::uint64_t> digest = look(file, importer, faults, bar);
  bar.clear();
  if (!digest) return fail(context, digest.error());
  faults.tell(context.console);
  const bool is_export = importer.is_export();
  if (faults.count > 0 && (!options.skip_bad || !is_export)) {
    return fail(context, ExitCode::kFailed,
                "nothing was imported" +
                    std::string(is_export ? "; --skip-bad imports the lines that are right" : ""));
  }
  const Result<void> stored = store(file, importer, *digest, bar, importer.counts().lines);
  bar.clear();
  if (!stored) {
    return fail(context, exit_code_of(stored.error().code),
                stored.error().message + "; " + describe_count(importer.counts().stored) +
                    " entries were stored before that");
  }
  print(context, options, importer.counts(), faults.count);
  for (const auto& [reason, count] : importer.counts().reasons) {
    context.console.note(describe_count(count, "entry", "entries") + ": " + reason);
  }
  return faults.count > 0 ? ExitCode::kFailed : ExitCode::kOk;
}

ExitCode run_import(Context& context, const ImportOptions& options) {
  // The tickets are taken before the first byte is read.
  auto opened = Session::open(context, Access::kChange);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  const Cache::Origin origin = session.acting_as("import");
  const Result<ImportFile> file = ImportFile::open(options.file, context.environment);
  if (!file) return session.finish(fail(context, file.error()));
  return session.finish(import(context, session, *file, options));
}

}  // namespace

Command make_import() {
  const auto options = std::make_shared<ImportOptions>();
  Command command("import", "Stores what an export has, with the life that is left.");
  command
      .positional("FILE", "what `strata export` wrote, compressed or not; - reads standard input",
                  options->file)
      .file();
  command.flag("--overwrite", "replaces what is there even where it is newer", options->overwrite);
  command.flag("--skip-bad", "imports the lines that are right, and ends with 1",
               options->skip_bad);
  command.flag("--dry-run", "only tells what would be stored", options->dry_run);
  command.example("strata import cache.jsonl.zst --dry-run");
  command.example("strata import - < cache.jsonl");
  command.details(
      "Every line is checked before anything is stored; if one is wrong, nothing is. An export "
      "does not know what was invalidated after it: import it only where that does not matter. "
      "What depends on a value that is replaced by another goes.");
  command.runs([options](Context& context) { return run_import(context, *options); });
  return command;
}

}  // namespace strata::cli
