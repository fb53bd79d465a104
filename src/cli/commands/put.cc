// `strata put` and `strata erase`: one value of a keyspace.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/named_key.h"
#include "cli/session.h"
#include "cli/text.h"
#include "cli/wildcards.h"
#include "ports/small_file.h"
#include "strata/codecs/json_writer.h"

namespace strata::cli {
namespace {

struct PutOptions {
  std::string keyspace;
  std::string id;
  std::string value;
  std::optional<Duration> ttl;
  std::vector<std::string> tags;
};

struct EraseOptions {
  std::string keyspace;
  std::string id;
};

// Why a value was not kept by any tier that outlives this process; empty if one keeps it.
std::string why_not_kept(const PutResult& put, const KeyspaceOptions& policy,
                         const std::string& keyspace, std::uint64_t key_hash, bool has_keys) {
  std::string reason;
  for (const PutResult::Tier& tier : put.tiers) {
    if (tier.name == "memory") continue;
    if (tier.error) {
      reason = "the " + tier.name + " tier failed: " + tier.error->message;
    } else if (tier.outcome == FillOutcome::kStored) {
      return {};
    } else {
      reason = "the " + tier.name + " tier declined it";
    }
  }
  if (!policy.enabled.includes(key_hash)) {
    return "keyspace " + keyspace +
           (policy.enabled.none() ? " is switched off"
                                  : " is switched off for this key, which is not in its share") +
           " (enabled: " + to_string(policy.enabled) + ")";
  }
  if (policy.ttl == Duration(0)) return "keyspace " + keyspace + " has a ttl of 0";
  if (policy.sensitive && !policy.encrypt) {
    return "keyspace " + keyspace + " is sensitive and not encrypted: only memory may hold it";
  }
  if (policy.encrypt && !has_keys) {
    return "keyspace " + keyspace + " is to be encrypted, and there are no keys; give them in " +
           "cache.encryption";
  }
  const auto& allowed = policy.tiers;
  const bool memory_only = std::all_of(allowed.begin(), allowed.end(),
                                       [](const std::string& name) { return name == "memory"; });
  if (!reason.empty() && (allowed.empty() || !memory_only)) return reason;
  return "no tier of this configuration that outlives the program may hold it";
}

ExitCode put(Context& context, Session& session, const PutOptions& options, std::string value) {
  const KeyspaceOptions& policy = options_of(session.settings(), options.keyspace);
  const std::size_t size = value.size();
  CallOptions call;
  call.ttl = options.ttl;
  for (const std::string& text : options.tags) {
    if (const auto plain = refuse_wildcards("--tag", text); !plain) {
      return fail(context, plain.error());
    }
    call.labels.push_back(tag(text));
  }
  if (options.ttl && *options.ttl == Duration(0)) {
    return fail(context, ExitCode::kUsage,
                "--ttl 0 says not to keep it, and nothing was changed; `strata erase` removes a "
                "value");
  }
  if (session.sources().contains(options.keyspace)) {
    return fail(context, ExitCode::kUsage,
                options.keyspace + " is a source: its values come from it alone, by `strata get " +
                    options.keyspace + " NAME=VALUE`");
  }
  const Result<Key> key = named_key(session, options.keyspace, options.id);
  if (!key) return fail(context, key.error());
  Keyspace<std::string> keyspace = session.cache().keyspace<std::string>(options.keyspace);
  const PutResult result =
      session.timed([&] { return keyspace.put(*key, std::move(value), call); });
  if (!result.ok()) return fail(context, *result.error);
  const std::string reason = why_not_kept(result, policy, options.keyspace, key->hash(),
                                          session.cache().has_encryption_keys());
  const std::string name = options.keyspace + ":" + options.id;
  if (!reason.empty()) return fail(context, ExitCode::kFailed, name + " is not kept: " + reason);
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.put/1").member("keyspace", options.keyspace);
    writer.member("id", options.id).member("size_bytes", size).end_object();
    context.console.data(writer.take() + "\n");
  }
  context.console.note("stored " + name + ", " + describe_bytes(size));
  return ExitCode::kOk;
}

ExitCode run_put(Context& context, const PutOptions& options) {
  std::string value = options.value;
  if (value == "-") {
    Result<std::string> read =
        internal::read_all(STDIN_FILENO, limits::kValueBytesMax, "the value on standard input");
    if (!read) return fail(context, read.error());
    value = *std::move(read);
  }
  auto opened = Session::open(context, Access::kChange);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  const Cache::Origin origin = session.acting_as("put");
  return session.finish(put(context, session, options, std::move(value)));
}

// Whether a tier below memory holds anything under `key`; nothing if one cannot say.
std::optional<bool> is_cached(Session& session, const Key& key) {
  for (Tier* tier : session.cache().lower_tiers()) {
    const auto record = session.peek(*tier, key);
    if (!record) return std::nullopt;
    if (record->has_value()) return true;
  }
  return false;
}

ExitCode erase(Context& context, Session& session, const EraseOptions& options) {
  Keyspace<std::string> keyspace = session.cache().keyspace<std::string>(options.keyspace);
  const Result<Key> key = named_key(session, options.keyspace, options.id);
  if (!key) return fail(context, key.error());
  const std::optional<bool> existed = is_cached(session, *key);
  // What depends on the key goes even where the key itself is not cached.
  const InvalidationResult result = keyspace.erase(*key);
  if (!result.ok()) return fail(context, *result.error);
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.erase/1").member("keyspace", options.keyspace);
    writer.member("id", options.id).key("existed");
    if (existed) {
      writer.value(*existed);
    } else {
      writer.null();
    }
    context.console.data(writer.end_object().take() + "\n");
  }
  const std::string name = options.keyspace + ":" + options.id;
  context.console.note(existed.value_or(true) ? "erased " + name : name + " was not cached");
  return ExitCode::kOk;
}

ExitCode run_erase(Context& context, const EraseOptions& options) {
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  const Cache::Origin origin = session.acting_as("erase");
  return session.finish(erase(context, session, options));
}

}  // namespace

Command make_put() {
  const auto options = std::make_shared<PutOptions>();
  Command command("put", "Stores a value in a keyspace, in place of what it holds.");
  command.positional("KEYSPACE", "where to store it", options->keyspace);
  command.positional("ID", "what it is found by", options->id);
  command.positional("VALUE", "the value; - reads it from standard input", options->value);
  command.option("--ttl", "DURATION", "how long it is fresh: 30s, 1h30m, never", options->ttl);
  command.option("--tag", "TAG", "what it can be invalidated by", options->tags).repeats();
  command.example("strata put user 42 Ada --ttl 1h --tag org:7");
  command.example("strata put page home - < index.html");
  command.details("What was cached of the key, and all that depends on it, is removed.");
  command.runs([options](Context& context) { return run_put(context, *options); });
  return command;
}

Command make_erase() {
  const auto options = std::make_shared<EraseOptions>();
  Command command("erase", "Removes a value, and all that depends on it.");
  command.positional("KEYSPACE", "where it is stored", options->keyspace);
  command.positional("ID", "what it is found by; of a source, its parameters joined by &",
                     options->id);
  command.example("strata erase user 42");
  command.example("strata erase packages name=bash");
  command.details("What depends on it is removed even where it is not cached itself.");
  command.runs([options](Context& context) { return run_erase(context, *options); });
  return command;
}

}  // namespace strata::cli
