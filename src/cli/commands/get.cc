// `strata get`: a value of a source through the cache, or what a keyspace holds.
#include <memory>

#include "cli/answer.h"
#include "cli/commands/commands.h"
#include "cli/keyspace_group.h"
#include "cli/named_key.h"
#include "cli/session.h"
#include "core/quote.h"

namespace strata::cli {
namespace {

struct GetOptions {
  std::string name;  // of the source; with --keyspace, the identifier
  std::vector<std::string> params;
  std::optional<std::string> keyspace;
  bool explain = false;
  bool no_cache = false;
  bool reveal = false;
};

// "year=2022" as a parameter.
Result<Params> read_params(const std::vector<std::string>& words) {
  Params params;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kRejected,
                   internal::quoted(word) + " is not a parameter; write name=value",
                   {}};
    }
    params.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return params;
}

std::uint64_t hits_below_memory(const Cache& cache) {
  std::uint64_t hits = 0;
  const CacheStats stats = cache.stats();
  for (std::size_t i = 1; i < stats.tiers.size(); ++i) hits += stats.tiers[i].tier.hits;
  return hits;
}

// Why the values of a keyspace, or of a source, are not printed, if they are not.
std::optional<std::string> why_hidden(const Session& session, const GetOptions& options) {
  const Settings& settings = session.settings();
  const std::string& name = options.keyspace ? *options.keyspace : options.name;
  const KeyspaceOptions* policy = &settings.defaults;
  if (const auto own = settings.keyspaces.find(name); own != settings.keyspaces.end()) {
    policy = &own->second;
  } else if (const auto source = session.sources().find(name); source != session.sources().end()) {
    policy = &source->second.cache.keyspace;
  }
  if (!policy->sensitive || options.reveal) return std::nullopt;
  return name + " is sensitive; nothing is printed without --reveal";
}

// What a value of another type than text is stored as: its codec's bytes. An error where all that
// there is cannot be decrypted or decompressed.
Result<std::optional<StoredBytes>> find_stored(Session& session, const Key& key) {
  std::optional<Error> error;
  for (Tier* tier : session.cache().lower_tiers()) {
    const auto record = session.peek(*tier, key);
    if (!record || !record->has_value()) continue;
    const RecordRow row = row_of(tier->name(), **record, Moment(session.clock()));
    if (row.negative || row.state == RecordState::kExpired) continue;
    Result<std::string> value = session.cache().unpack(**record);
    if (value) return std::optional(StoredBytes{row, *std::move(value)});
    if (!error) error = value.error();
  }
  if (error) return *error;
  return std::optional<StoredBytes>();
}

ExitCode get_stored(Context& context, Session& session, const GetOptions& options) {
  Keyspace<std::string> keyspace = session.cache().keyspace<std::string>(*options.keyspace);
  const Result<Key> key = named_key(session, *options.keyspace, options.name);
  if (!key) return fail(context, key.error());
  const std::uint64_t hits_before = hits_below_memory(session.cache());
  const Lookup<std::string> found = session.timed([&] { return keyspace.get(*key); });
  // A tier that has a record although no text was found holds a value of another type.
  if (found.outcome() == Outcome::kMiss && hits_below_memory(session.cache()) > hits_before) {
    const auto found_stored = find_stored(session, *key);
    if (!found_stored) {
      return fail(context, Error{found_stored.error().code,
                                 *options.keyspace + ":" + options.name +
                                     " cannot be read: " + found_stored.error().message,
                                 {}});
    }
    if (const auto& stored = *found_stored) {
      if (const auto missing = missing_label(session.settings(), stored->row.labels)) {
        return fail(
            context, ExitCode::kNotFound,
            *options.keyspace + ":" + options.name + " is a miss: " + describe_missing(*missing));
      }
      return print_stored(context, *stored, options.explain);
    }
  }
  return print_answer(context, found,
                      {.what = *options.keyspace + ":" + options.name,
                       .explain = options.explain,
                       .at = Moment(session.clock())});
}

ExitCode get_from_source(Context& context, Session& session, const GetOptions& options,
                         const Params& params) {
  CallOptions call;
  call.bypass = options.no_cache;
  const Lookup<std::string> found =
      session.timed([&] { return session.cache().read(options.name, params, call); });
  std::string what = options.name;
  for (const std::string& param : options.params) what += " " + param;
  return print_answer(context, found,
                      {.what = what, .explain = options.explain, .at = Moment(session.clock())});
}

ExitCode run_get(Context& context, const GetOptions& options) {
  if (options.keyspace && !options.params.empty()) {
    return fail(
        context, ExitCode::kUsage,
        "--keyspace takes one ID; unexpected argument " + internal::quoted(options.params.front()));
  }
  if (options.keyspace && options.no_cache) {
    return fail(context, ExitCode::kUsage, "--no-cache asks a source; a keyspace has none to ask");
  }
  const Result<Params> params = read_params(options.params);
  if (!params) return fail(context, params.error());

  auto opened = Session::open(context, options.keyspace ? Access::kLook : Access::kSources);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  if (const auto hidden = why_hidden(session, options)) {
    return session.finish(fail(context, ExitCode::kUsage, *hidden));
  }
  const ExitCode code = options.keyspace ? get_stored(context, session, options)
                                         : get_from_source(context, session, options, *params);
  return session.finish(code);
}

}  // namespace

Command make_get() {
  const auto options = std::make_shared<GetOptions>();
  Command command("get", "Prints a value: of a source, through the cache, or of a keyspace.");
  command.positional("SOURCE", "the source to read; with --keyspace, the ID of the value",
                     options->name);
  command.positional("NAME=VALUE", "what the source is asked with", options->params)
      .optional()
      .repeats();
  command.option("--keyspace", "KEYSPACE", "prints what this keyspace holds; asks no source",
                 options->keyspace);
  command.flag("--explain", "tells where the value is from, how old it is, what it depends on",
               options->explain);
  command.flag("--no-cache", "asks the source whatever is cached; the answer is stored",
               options->no_cache);
  command.flag("--reveal", "prints the value also where the configuration says sensitive",
               options->reveal);
  command.example("strata get packages name=bash --explain");
  command.example("strata get --keyspace user 42");
  command.details(
      "The value is printed as it is. On a terminal, control characters in it are escaped and a "
      "line feed is added if it ends without one.");
  command.runs([options](Context& context) { return run_get(context, *options); });
  return command;
}

}  // namespace strata::cli
