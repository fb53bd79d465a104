// `strata explain`: where a key lives, what it depends on, and what happened to it.
#include <algorithm>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/keyspace_group.h"
#include "cli/known_names.h"
#include "cli/named_key.h"
#include "cli/record_filter.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/text.h"
#include "ports/small_file.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/duration.h"
#include "strata/labels/cause_journal.h"
#include "strata/tiered/explanation.h"

namespace strata::cli {
namespace {

struct ExplainOptions {
  std::string key;
};

using Place = Explanation::Place;

// What is known of a key, and of each place of it the label that it lacks to be taken.
struct Findings {
  Explanation why;
  std::vector<std::optional<Label>> missing{};
};

RecordState state_of(const Place& place) {
  if (place.kept_left <= Duration(0)) return RecordState::kExpired;
  return place.fresh_left <= Duration(0) ? RecordState::kStale : RecordState::kFresh;
}

std::string_view describe_state(const Findings& findings, std::size_t place) {
  const bool is_refused = findings.missing[place] || findings.why.places[place].refusal;
  return is_refused ? "refused" : to_string(state_of(findings.why.places[place]));
}

// Why a look-up would miss, or nothing where a tier has something to answer with.
std::optional<MissReason> miss_of(const Findings& findings) {
  const Explanation& why = findings.why;
  std::optional<MissReason> refusal;
  for (std::size_t i = 0; i < why.places.size(); ++i) {
    if (state_of(why.places[i]) == RecordState::kExpired) continue;
    if (!findings.missing[i] && !why.places[i].refusal) return std::nullopt;
    if (!refusal) refusal = why.places[i].refusal.value_or(MissReason::kVersion);
  }
  if (refusal) return refusal;
  if (!why.places.empty()) return MissReason::kExpired;
  return why.failures.empty() ? why.miss : MissReason::kError;
}

std::string_view describe(MissReason reason) {
  switch (reason) {
    case MissReason::kCold:
      return "no removal is known: it was never there, or left before what is remembered begins";
    case MissReason::kErased:
      return "somebody erased it";
    case MissReason::kReplaced:
      return "a newer value took its place, and is gone";
    case MissReason::kInvalidated:
      return "it was made wrong by a change";
    case MissReason::kExpired:
      return "it is out of time";
    case MissReason::kEvicted:
      return "memory had no room for it";
    case MissReason::kCleared:
      return "the cache was emptied";
    case MissReason::kCorrupt:
      return "it did not decode";
    case MissReason::kVersion:
      return "it has another codec, schema or format";
    case MissReason::kNegative:
      return "it is known to be absent";
    case MissReason::kDisabled:
      return "its keyspace is switched off, or on for a share of its keys that it is not in";
    case MissReason::kNoKey:
      return "it is encrypted by a key that is not among those given";
    case MissReason::kTampered:
      return "it is encrypted, and was changed or belongs elsewhere";
    case MissReason::kError:
      break;
  }
  return "a tier could not be asked";
}

bool is_known(const Explanation& why) {
  return !(why.places.empty() && why.history.empty() && why.sources.empty() &&
           why.dependents.empty() && why.failures.empty());
}

void write_seconds(JsonWriter& writer, std::string_view name, Duration duration) {
  writer.key(name);
  if (duration == kForever) {
    writer.null();
  } else {
    writer.value(std::chrono::duration<double>(duration).count());
  }
}

void write_labels(JsonWriter& writer, std::string_view name, const Labels& labels) {
  writer.key(name).begin_array();
  for (const Label& label : labels) writer.value(format_label(label));
  writer.end_array();
}

void write_texts(JsonWriter& writer, std::string_view name, const std::vector<std::string>& texts) {
  writer.key(name).begin_array();
  for (const std::string& text : texts) writer.value(text);
  writer.end_array();
}

void write_place(JsonWriter& writer, const Place& place, std::string_view state) {
  writer.begin_object().member("tier", place.tier).member("state", state);
  writer.member("negative", place.negative).member("size_bytes", place.size_bytes);
  write_seconds(writer, "age_seconds", place.age);
  write_seconds(writer, "fresh_left_seconds", place.fresh_left);
  write_seconds(writer, "kept_left_seconds", place.kept_left);
  write_seconds(writer, "load_cost_seconds", place.load_cost);
  if (!place.version.empty()) writer.member("version", place.version);
  if (place.compression != CompressionId::kNone) {
    writer.member("compression", strata::to_string(place.compression));
    writer.member("value_bytes", place.value_bytes);
  }
  if (!place.encryption_key.empty()) writer.member("encryption_key", place.encryption_key);
  write_labels(writer, "labels", place.labels);
  writer.end_object();
}

std::string json_of(const Findings& findings) {
  const Explanation& why = findings.why;
  const std::optional<MissReason> miss = miss_of(findings);
  JsonWriter writer;
  writer.begin_object().member("schema", "strata.explain/1").member("key", why.key);
  writer.key("places").begin_array();
  for (std::size_t i = 0; i < why.places.size(); ++i) {
    write_place(writer, why.places[i], describe_state(findings, i));
  }
  writer.end_array().key("miss");
  if (miss) {
    writer.value(strata::to_string(*miss));
  } else {
    writer.null();
  }
  write_labels(writer, "sources", why.sources);
  write_labels(writer, "dependents", why.dependents);
  write_texts(writer, "history", why.history);
  write_texts(writer, "failures", why.failures);
  return writer.end_object().take() + "\n";
}

std::string left(Duration duration) {
  return duration > Duration(0) ? describe_duration(duration) : "-";
}

std::string table_of(const Findings& findings, const TableStyle& style) {
  Table table({{"TIER"},
               {"STATE"},
               {"SIZE", Align::kRight},
               {"AGE", Align::kRight},
               {"TTL LEFT", Align::kRight},
               {"KEPT LEFT", Align::kRight},
               {"LOAD COST", Align::kRight},
               {"VERSION", Align::kLeft, true}});
  for (std::size_t i = 0; i < findings.why.places.size(); ++i) {
    const Place& place = findings.why.places[i];
    table.row({printable_line(place.tier),
               std::string(describe_state(findings, i)) + (place.negative ? ", absent" : ""),
               describe_bytes(place.size_bytes), describe_duration(place.age),
               left(place.fresh_left), left(place.kept_left),
               place.load_cost > Duration(0) ? describe_duration(place.load_cost) : "",
               printable_line(place.version)});
  }
  return table.empty() ? std::string() : table.text(style);
}

// A line for each, the name before the first.
std::string lines_of(std::string_view name, const std::vector<std::string>& texts) {
  constexpr std::size_t kNameColumns = 12;
  std::string out;
  for (const std::string& text : texts) {
    std::string line(out.empty() ? name : std::string_view());
    line.resize(kNameColumns, ' ');
    out += line + printable_line(text) + "\n";
  }
  return out;
}

std::vector<std::string> texts_of(const Labels& labels) {
  std::vector<std::string> texts;
  for (const Label& label : labels) texts.push_back(format_label(label));
  return texts;
}

// "sqlite: zstd of 12.3 KiB, encrypted by key 0123456789abcdef", of each place where it is so.
std::vector<std::string> packings_of(const Explanation& why) {
  std::vector<std::string> texts;
  for (const Place& place : why.places) {
    std::string text;
    if (place.compression != CompressionId::kNone) {
      text = std::string(strata::to_string(place.compression)) + " of " +
             describe_bytes(place.value_bytes);
    }
    if (!place.encryption_key.empty()) {
      text += (text.empty() ? "encrypted by key " : ", encrypted by key ") + place.encryption_key;
    }
    if (!text.empty()) texts.push_back(place.tier + ": " + text);
  }
  return texts;
}

std::string text_of(const Findings& findings, const TableStyle& style) {
  const Explanation& why = findings.why;
  std::string out = why.key + "\n" + table_of(findings, style);
  // What tiers hold of one key was written with the same labels; the nearest is the newest.
  if (!why.places.empty()) out += lines_of("labels", texts_of(why.places.front().labels));
  out += lines_of("stored", packings_of(why));
  out += lines_of("depends on", texts_of(why.sources));
  out += lines_of("dependents", texts_of(why.dependents));
  if (const auto miss = miss_of(findings)) {
    std::string reason(describe(*miss));
    for (const std::optional<Label>& missing : findings.missing) {
      if (missing && miss == MissReason::kVersion) reason = describe_missing(*missing);
    }
    out += lines_of("would miss", {std::string(strata::to_string(*miss)) + ": " + reason});
  }
  return out + lines_of("history", why.history);
}

// The parameters that the text of a key only holds a hash of, from the record that has them.
std::string find_long_params(Session& session, const std::string& key) {
  std::string params;
  const Result<void> scanned =
      scan_records(session.cache(), [&](std::string_view, const Record& record) {
        if (record.key_text != key) return true;
        params = record.long_params;
        return false;
      });
  return scanned ? params : std::string();
}

// Of what the text may mean: the first key of which anything is known.
Explanation explanation_of(Session& session, std::vector<MeantKey> keys) {
  Explanation why;
  for (MeantKey& key : keys) {
    const bool is_hashed = key.text.find(":#") != std::string::npos;
    if (is_hashed && key.long_params.empty()) {
      key.long_params = find_long_params(session, key.text);
    }
    why = session.cache().explain(key.ref());
    if (is_known(why)) break;
  }
  return why;
}

// The cache goes on without what it cannot read of the journal; here that is all that was asked.
ExitCode warn_of_journal(Context& context, Session& session) {
  constexpr std::size_t kJournalBytes = 16u << 20;
  if (!session.settings().sqlite.enabled) return ExitCode::kOk;
  const std::string file = sqlite_path(session.settings()) + ".causes";
  const Result<std::string> bytes = internal::read_file(file, kJournalBytes);
  Result<void> read = bytes ? Result<void>() : Result<void>(bytes.error());
  if (bytes && !bytes->empty()) {
    read = CauseJournal(session.settings().journal).decode(*bytes);
  }
  if (read) return ExitCode::kOk;
  context.console.warning("what happened before cannot be told: " + file + ": " +
                          read.error().message);
  const bool is_damaged = read.error().code == ErrorCode::kCorrupt;
  return is_damaged ? ExitCode::kCorrupt : ExitCode::kDegraded;
}

ExitCode explain(Context& context, Session& session, const ExplainOptions& options) {
  Result<std::vector<MeantKey>> keys = meant_keys(session, options.key);
  if (!keys) return fail(context, keys.error());
  const ExitCode of_journal = warn_of_journal(context, session);
  Findings findings{.why = explanation_of(session, *std::move(keys))};
  const Explanation& why = findings.why;
  if (!is_known(why)) {
    const std::string remark = KnownNames(session).remark_on_key(options.key);
    const ExitCode code = of_journal == ExitCode::kOk ? ExitCode::kNotFound : of_journal;
    return fail(context, code,
                options.key + " is not in the cache, and nothing is known of it" +
                    (remark.empty() ? "" : ": " + remark));
  }
  for (const Place& place : why.places) {
    findings.missing.push_back(missing_label(session.settings(), place.labels));
  }
  for (const std::string& failure : why.failures) context.console.warning(failure);
  context.console.data(context.globals.json ? json_of(findings)
                                            : text_of(findings, context.console.table_style()));
  return why.failures.empty() ? of_journal : ExitCode::kDegraded;
}

ExitCode run_explain(Context& context, const ExplainOptions& options) {
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  return session.finish(explain(context, session, options));
}

}  // namespace

Command make_explain() {
  const auto options = std::make_shared<ExplainOptions>();
  Command command("explain", "Tells where a key is, what it depends on, and why it went.");
  command.positional("KEY", "KEYSPACE:ID, or a key as `inspect --json` prints it", options->key);
  command.example("strata explain user:42");
  command.details(
      "History is how it left memory lately, newest first, each with what caused it, as far as it "
      "is remembered. Ends with 3 if the key is nowhere and nothing is known of it.");
  command.runs([options](Context& context) { return run_explain(context, *options); });
  return command;
}

}  // namespace strata::cli
