// `strata invalidate`: makes wrong, or out of date, what labels, filters or an event select.
#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "cli/commands/commands.h"
#include "cli/invalidation_report.h"
#include "cli/known_names.h"
#include "cli/named_key.h"
#include "cli/record_filter.h"
#include "cli/session.h"
#include "cli/wildcards.h"
#include "core/quote.h"
#include "strata/labels/rules.h"

namespace strata::cli {
namespace {

constexpr std::size_t kKeysAtOnce = 1000;  // of one invalidation

struct InvalidateOptions {
  std::vector<std::string> keys, tags, sources, keyspaces, types, tenants, schemas;
  std::optional<std::string> prefix;
  std::optional<Duration> older_than;
  std::optional<std::string> write;
  std::vector<std::string> fields, old_fields;
  bool soft = false;
  bool dry_run = false;

  [[nodiscard]] bool names_labels() const {
    return !(keys.empty() && tags.empty() && sources.empty() && keyspaces.empty() &&
             types.empty() && tenants.empty() && schemas.empty());
  }
  // By names that can be looked up.
  [[nodiscard]] bool names_things() const {
    return !(keys.empty() && sources.empty() && keyspaces.empty());
  }
  [[nodiscard]] bool filters() const { return prefix || older_than; }
  [[nodiscard]] bool has_fields() const { return !fields.empty() || !old_fields.empty(); }
};

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// KEYSPACE:ID and canonical text may both be meant: rather too much is invalidated than too little.
Result<void> add_keys(Session& session, const std::string& text, Labels& labels) {
  const Result<std::vector<MeantKey>> keys = meant_keys(session, text);
  if (!keys) return rejected("--key: " + keys.error().message);
  for (const MeantKey& key : *keys) labels.emplace_back(LabelKind::kKey, key.text);
  return {};
}

Result<Labels> labels_of(Session& session, const InvalidateOptions& options) {
  Labels labels;
  for (const std::string& text : options.keys) {
    if (const Result<void> added = add_keys(session, text, labels); !added) return added.error();
  }
  const std::pair<const std::vector<std::string>*, LabelKind> named[] = {
      {&options.tags, LabelKind::kTag},           {&options.sources, LabelKind::kSource},
      {&options.keyspaces, LabelKind::kKeyspace}, {&options.types, LabelKind::kType},
      {&options.tenants, LabelKind::kTenant},     {&options.schemas, LabelKind::kSchema}};
  for (const auto& [texts, kind] : named) {
    for (const std::string& text : *texts) {
      const std::string option = "--" + std::string(to_string(kind));
      if (Result<void> plain = refuse_wildcards(option, text); !plain) return plain.error();
      const Label label(kind, text);
      if (const Result<void> valid = label.validate(); !valid) return valid.error();
      labels.push_back(label);
    }
  }
  return labels;
}

// Counts the records that `is_meant` accepts, and collects their keys.
template <typename IsMeant>
Result<Labels> find(Session& session, InvalidationReport& report, const IsMeant& is_meant) {
  Labels keys;
  const Result<void> scanned =
      scan_records(session.cache(), [&](std::string_view tier, const Record& record) {
        if (!is_meant(tier, record)) return true;
        ++report.entries;
        report.bytes += record.payload.size();
        if (report.soft) ++report.expired_entries;
        keys.emplace_back(LabelKind::kKey, record.key_text);
        return true;
      });
  if (!scanned) return scanned.error();
  return keys;
}

// Counts what carries one of the labels, and what only carries one of `soft_labels`.
Result<void> count(Session& session, const Labels& labels, const Labels& soft_labels,
                   InvalidationReport& report) {
  return scan_records(session.cache(), [&](std::string_view, const Record& record) {
    const bool goes = carries(record, labels);
    if (!goes && !carries(record, soft_labels)) return true;
    ++report.entries;
    report.bytes += record.payload.size();
    if (!goes) ++report.expired_entries;
    return true;
  });
}

Result<void> change(Cache& cache, std::span<const Label> labels, InvalidationReport& report) {
  while (!labels.empty()) {
    const std::span<const Label> some = labels.first(std::min(kKeysAtOnce, labels.size()));
    const InvalidationResult done = report.soft ? cache.expire(some) : cache.invalidate(some);
    if (!done.ok()) return *done.error;
    if (report.soft) {
      report.add_expired(done);
    } else {
      report.add_removed(done);
    }
    labels = labels.subspan(some.size());
  }
  return {};
}

// What was named and is nowhere, where nothing was found.
void note_unknown_names(Context& context, Session& session, const InvalidateOptions& options,
                        const InvalidationReport& report) {
  if (report.entries > 0 || (!options.names_things() && !options.prefix)) return;
  const KnownNames known(session);
  const auto note = [&](const std::string& remark) {
    if (!remark.empty()) context.console.note(remark);
  };
  for (const std::string& name : options.keyspaces) note(known.remark_on_keyspace(name));
  for (const std::string& name : options.sources) note(known.remark_on_source(name));
  for (const std::string& text : options.keys) {
    note(known.remark_on_key(text));
    const bool has_wildcard = text.find_first_of("*?") != std::string::npos;
    if (has_wildcard) note(internal::quoted(text) + " is that one key: there are no wildcards");
  }
  if (options.prefix) note(known.remark_on_prefix(*options.prefix));
}

ExitCode invalidate_filtered(Context& context, Session& session, const InvalidateOptions& options,
                             const Labels& labels, InvalidationReport& report) {
  const Moment at(session.clock());
  const Result<Labels> keys =
      find(session, report, [&](std::string_view tier, const Record& record) {
        if (!labels.empty() && !carries(record, labels)) return false;
        const RecordRow row = row_of(tier, record, at);
        return (!options.prefix || is_called(row, *options.prefix)) &&
               (!options.older_than || row.age > *options.older_than);
      });
  if (!keys) return fail(context, keys.error());
  if (!options.dry_run) {
    if (const auto done = change(session.cache(), *keys, report); !done) {
      return fail(context, done.error());
    }
  }
  print_report(context, report);
  note_unknown_names(context, session, options, report);
  return ExitCode::kOk;
}

ExitCode invalidate(Context& context, Session& session, const InvalidateOptions& options) {
  const Result<Labels> labels = labels_of(session, options);
  if (!labels) return fail(context, labels.error());
  InvalidationReport report{.dry_run = options.dry_run, .soft = options.soft};
  if (options.filters()) {
    return invalidate_filtered(context, session, options, *labels, report);
  }
  const Result<void> counted =
      options.soft ? count(session, {}, *labels, report) : count(session, *labels, {}, report);
  if (!options.dry_run) {
    const auto done = change(session.cache(), *labels, report);
    if (!done) return fail(context, done.error());
  }
  // What cannot be counted is invalidated all the same.
  if (!counted) return fail(context, counted.error());
  print_report(context, report);
  note_unknown_names(context, session, options, report);
  return ExitCode::kOk;
}

Result<Fields> fields_of(std::string_view option, const std::vector<std::string>& texts) {
  Fields fields;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return rejected(std::string(option) + ": " + internal::quoted(text) +
                      " is not a field; write name=value");
    }
    fields.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return fields;
}

Result<Event> event_of(const InvalidateOptions& options) {
  const std::string& text = *options.write;
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return rejected("--write: " + internal::quoted(text) + " is not an item; write TYPE:ID");
  }
  if (const auto plain = refuse_wildcards("--write", text); !plain) return plain.error();
  // What rules make of a text that is no label would be carried by nothing.
  if (const Result<void> valid = tag(text).validate(); !valid) {
    return rejected("--write: " + valid.error().message);
  }
  const Result<Fields> fields = fields_of("--field", options.fields);
  if (!fields) return fields.error();
  const Result<Fields> old_fields = fields_of("--old", options.old_fields);
  if (!old_fields) return old_fields.error();
  Event event = entity_write(text.substr(0, colon), text.substr(colon + 1), *fields, *old_fields);
  if (const Result<void> valid = event.validate(); !valid) return valid.error();
  return event;
}

ExitCode tell_write(Context& context, Session& session, const InvalidateOptions& options) {
  const Result<Event> event = event_of(options);
  if (!event) return fail(context, event.error());
  const EventItem& item = event->items.front();
  const RuleOutcome outcome = session.cache().rules().evaluate(*event);
  const Labels labels =
      outcome.fired.empty() ? default_labels(event->type, item.id) : outcome.invalidate;

  InvalidationReport report{.dry_run = options.dry_run, .rules = std::vector<std::string>()};
  for (const FiredRule& rule : outcome.fired) {
    report.rules->emplace_back(rule.name);
    report.incomplete = report.incomplete || rule.is_incomplete;
  }
  const Result<void> counted = count(session, labels, outcome.expire, report);
  if (!options.dry_run) {
    const EventResult done =
        session.cache().invalidate_by_write(event->type, item.id, item.fields, item.old_fields);
    if (!done.ok()) return fail(context, *done.error);
    report.add_removed(done.invalidated);
    report.add_expired(done.expired);
    report.rules = done.rules;
    report.incomplete = done.incomplete;
  }
  if (!counted) return fail(context, counted.error());
  print_report(context, report);
  return ExitCode::kOk;
}

// What is wrong with the options together, or nothing.
std::string problem_with(const InvalidateOptions& options) {
  if (options.write) {
    if (options.names_labels() || options.filters() || options.soft) {
      return "--write says what happened, and the rules what is wrong then; it takes --field, "
             "--old and --dry-run";
    }
    return {};
  }
  if (options.has_fields()) return "--field and --old belong to --write TYPE:ID";
  if (!options.names_labels() && !options.filters()) {
    return "say what to invalidate: --tag, --key, --source, --keyspace, --type, --tenant, "
           "--schema, --prefix, --older-than or --write";
  }
  if (options.prefix && options.prefix->empty()) {
    return "--prefix is empty, and everything begins so; `strata purge --all` removes everything";
  }
  if (options.prefix) {
    const Result<void> plain = refuse_wildcards("--prefix", *options.prefix, "*");
    if (!plain) return plain.error().message;
  }
  return {};
}

ExitCode run_invalidate(Context& context, const InvalidateOptions& options) {
  const std::string problem = problem_with(options);
  if (!problem.empty()) return fail(context, ExitCode::kUsage, problem);
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  const Cache::Origin origin = session.acting_as("invalidate");
  return session.finish(options.write ? tell_write(context, session, options)
                                      : invalidate(context, session, options));
}

void add_options(Command& command, InvalidateOptions& options) {
  command.option("--tag", "TAG", "what carries this tag", options.tags).repeats();
  command
      .option("--key", "KEY", "KEYSPACE:ID, or a key as `inspect --json` prints it", options.keys)
      .repeats();
  command.option("--source", "SOURCE", "what came from this source", options.sources).repeats();
  command.option("--keyspace", "KEYSPACE", "what is in this keyspace", options.keyspaces).repeats();
  command.option("--type", "TYPE", "what is made of this type", options.types).repeats();
  command.option("--tenant", "TENANT", "what belongs to this tenant", options.tenants).repeats();
  command.option("--schema", "SCHEMA", "what depends on this schema", options.schemas).repeats();
  command.option("--prefix", "TEXT", "only what has an ID, a KEYSPACE:ID or a key that begins so",
                 options.prefix);
  command.option("--older-than", "DURATION", "only what was written longer ago: 30d, 12h",
                 options.older_than);
  command.option("--write", "TYPE:ID", "what the rules say is wrong when this item was written",
                 options.write);
  command.option("--field", "NAME=VALUE", "of that item, as it is now", options.fields).repeats();
  command.option("--old", "NAME=VALUE", "of that item, as it was before", options.old_fields)
      .repeats();
  command.flag("--soft", "ends the ttl only: it is served stale where that is allowed",
               options.soft);
  command.flag("--dry-run", "only tells how much it is", options.dry_run);
}

}  // namespace

Command make_invalidate() {
  const auto options = std::make_shared<InvalidateOptions>();
  Command command("invalidate", "Makes everything wrong that depends on something.");
  add_options(command, *options);
  command.example("strata invalidate --tag org:7 --key user:42");
  command.example("strata invalidate --prefix issue --older-than 12h --soft");
  command.example("strata invalidate --write issue:12 --field status=closed --old status=open");
  command.details(
      "Labels add up: what carries one of them is meant, of all that are given. --prefix and "
      "--older-than narrow that down, together; alone, they select among everything. " +
      std::string(kPrefixHelp) +
      " There are no wildcards. Without a rule for it, --write invalidates the tags TYPE:ID and "
      "TYPE:lists.");
  command.runs([options](Context& context) { return run_invalidate(context, *options); });
  return command;
}

}  // namespace strata::cli
