#include "cli/answer.h"

#include <utility>
#include <vector>

#include "cli/text.h"
#include "codecs/utf8.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/duration.h"

namespace strata::cli {
namespace {

// What is known about a value, wherever it was found.
struct Facts {
  std::string outcome;  // as JSON and people are told
  std::string tier;     // empty: the source
  std::string key;
  std::uint64_t bytes = 0;
  Duration age{0};
  Duration fresh_for{0};  // from now; negative: past its ttl
  Duration load_cost{0};
  WallTime created;
  std::optional<WallTime> expires;  // not served from then on; nothing: never
  std::vector<std::string> labels;
  std::string version;
  std::optional<WallTime> source_last_modified;
};

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void write_seconds(JsonWriter& writer, std::string_view name, Duration duration) {
  writer.key(name);
  if (duration == kForever) {
    writer.null();
  } else {
    writer.value(seconds(duration));
  }
}

// As text where the bytes are text; JSON cannot carry others.
void write_value(JsonWriter& writer, const std::string& bytes) {
  if (is_utf8(bytes)) {
    writer.member("value", bytes);
  } else {
    writer.member("value_base64", base64(bytes));
  }
}

std::string json_of(const Facts& facts, const std::string* value) {
  JsonWriter writer;
  writer.begin_object().member("schema", "strata.get/1").member("outcome", facts.outcome);
  writer.member("tier", facts.tier.empty() ? "source" : facts.tier).member("key", facts.key);
  if (value != nullptr) write_value(writer, *value);
  writer.member("size_bytes", facts.bytes);
  write_seconds(writer, "age_seconds", facts.age);
  write_seconds(writer, "fresh_for_seconds", facts.fresh_for);
  write_seconds(writer, "load_cost_seconds", facts.load_cost);
  writer.member("created_at", format_wall_time(facts.created));
  write_end(writer, facts.expires);
  write_origin(writer, facts.version, facts.source_last_modified);
  writer.key("labels").begin_array();
  for (const std::string& label : facts.labels) writer.value(label);
  writer.end_array().end_object();
  return writer.take() + "\n";
}

std::string text_of(const Facts& facts) {
  const auto line = [](std::string_view name, const std::string& text) {
    std::string out(name);
    out.resize(11, ' ');
    return out + printable_line(text) + "\n";
  };
  std::string out = line("outcome", facts.outcome);
  out += line("from", facts.tier.empty() ? "the source" : facts.tier);
  out += line("key", facts.key);
  out += line("size", describe_bytes(facts.bytes));
  out += line("age", describe_duration(facts.age));
  out += line("fresh for",
              facts.fresh_for > Duration(0) ? describe_duration(facts.fresh_for) : "no longer");
  if (facts.load_cost > Duration(0)) out += line("load cost", describe_duration(facts.load_cost));
  if (!facts.version.empty()) out += line("version", facts.version);
  if (facts.source_last_modified) {
    out += line("modified", format_wall_time(*facts.source_last_modified));
  }
  std::string labels;
  for (const std::string& label : facts.labels) labels += (labels.empty() ? "" : ", ") + label;
  return out + line("labels", labels.empty() ? "none" : labels);
}

Facts facts_of(const Lookup<std::string>& found, const Moment& at) {
  const Entry& entry = *found.entry();
  Facts facts;
  facts.outcome = to_string(found.outcome());
  facts.tier = found.tier();
  facts.key = entry.key_text();
  facts.bytes = found.has_value() ? found->size() : 0;
  facts.age = between(entry.written_at(), at.now);
  facts.fresh_for = between(at.now, entry.fresh_until());
  facts.created = later(at.wall_now, -facts.age);
  if (entry.keep_until() != kNever) {
    facts.expires = later(at.wall_now, between(at.now, entry.keep_until()));
  }
  facts.load_cost = entry.load_cost();
  const auto add = [&](std::span<const Label> labels) {
    for (const Label& label : labels) facts.labels.push_back(format_label(label));
  };
  if (entry.group() != nullptr) add(entry.group()->labels);
  add(entry.labels());
  if (entry.details() != nullptr) {
    facts.version = entry.details()->version;
    facts.source_last_modified = entry.details()->source_last_modified;
  }
  return facts;
}

void print(Context& context, const Facts& facts, const std::string* value, bool explain) {
  Console& console = context.console;
  if (context.globals.json) {
    console.data(json_of(facts, value));
    return;
  }
  if (value != nullptr && console.data_is_terminal()) {
    console.data(printable(*value, true));
    if (!value->ends_with('\n')) console.data("\n");
  } else if (value != nullptr) {
    console.data(*value);
  }
  if (explain) console.message(text_of(facts));
}

}  // namespace

ExitCode print_answer(Context& context, const Lookup<std::string>& found,
                      const AnswerOptions& options) {
  if (found.has_value()) {
    print(context, facts_of(found, options.at), &*found, options.explain);
    if (found.outcome() != Outcome::kStaleHit) return ExitCode::kOk;
    context.console.warning(options.what + " is past its ttl" +
                            (found.has_error() ? ": " + found.error().message : std::string()));
    return ExitCode::kDegraded;
  }
  if (found.outcome() == Outcome::kError) return fail(context, found.error());
  if (found.absent() && options.explain && !context.globals.json) {
    context.console.message(text_of(facts_of(found, options.at)));
  }
  return fail(context, ExitCode::kNotFound,
              options.what +
                  (found.absent() ? " does not exist, says its source" : " is not in the cache"));
}

ExitCode print_stored(Context& context, const StoredBytes& stored, bool explain) {
  Facts facts;
  facts.outcome = stored.row.state == RecordState::kStale ? "stale_hit" : "hit";
  facts.tier = stored.row.tier;
  facts.key = stored.row.key;
  facts.bytes = stored.bytes.size();
  facts.age = stored.row.age;
  facts.fresh_for = stored.row.fresh_for;
  facts.created = stored.row.written;
  facts.expires = stored.row.expires;
  facts.version = stored.row.version;
  facts.source_last_modified = stored.row.source_last_modified;
  for (const Label& label : stored.row.labels) facts.labels.push_back(format_label(label));
  print(context, facts, &stored.bytes, explain);
  context.console.note("the value is not text; its bytes are printed as they are stored");
  return stored.row.state == RecordState::kStale ? ExitCode::kDegraded : ExitCode::kOk;
}

}  // namespace strata::cli
