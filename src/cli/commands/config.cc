// `strata config`: what the configuration says, and whether it is right.
#include "cli/commands/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/text.h"
#include "config/encryption_keys.h"
#include "strata/codecs/encryption.h"
#include "strata/codecs/json_writer.h"
#include "strata/config/open.h"

namespace strata::cli {
namespace {

std::string name_of(const Settings& settings) {
  return settings.file.empty() ? "no configuration file; the defaults are in force" : settings.file;
}

ExitCode run_check(Context& context) {
  const Result<Settings> settings = find_settings(context);
  if (!settings) return fail(context, ExitCode::kUsage, settings.error().message);
  std::vector<std::string> warnings = settings_warnings(*settings);
  for (const std::string& warning : warnings) context.console.warning(warning);
  if (const Result<void> sources = check_sources(*settings); !sources) {
    // What is not there yet may come.
    if (sources.error().code != ErrorCode::kUnavailable) return fail(context, sources.error());
    context.console.warning(sources.error().message);
  }
  const auto keys = internal::load_encryption_keys(*settings, context.environment);
  if (!keys) {
    return fail(
        context,
        {ErrorCode::kRejected, settings->file + ": cache.encryption: " + keys.error().message, {}});
  }
  if (*keys == nullptr && internal::wants_encryption(*settings)) {
    warnings.push_back(settings->file + ": cache.encryption: " + internal::without_keys(*settings));
    context.console.warning(warnings.back());
  }
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.config-check/1");
    writer.member("file", settings->file).key("warnings").begin_array();
    for (const std::string& warning : warnings) writer.value(warning);
    writer.end_array().end_object();
    context.console.data(writer.take() + "\n");
    return ExitCode::kOk;
  }
  context.console.data(printable_line(name_of(*settings)) + ": ok, " +
                       describe_count(settings->sources.size(), "source", "sources") + ", " +
                       describe_count(settings->keyspaces.size(), "keyspace", "keyspaces") + "\n");
  return ExitCode::kOk;
}

ExitCode run_show(Context& context) {
  const Result<Settings> settings = find_settings(context);
  if (!settings) return fail(context, ExitCode::kUsage, settings.error().message);
  const std::vector<EffectiveSetting> all = effective_settings(*settings);
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.config/1").member("file", settings->file);
    writer.key("settings").begin_array();
    for (const EffectiveSetting& one : all) {
      writer.begin_object().member("key", one.key).member("value", one.value);
      writer.member("origin", one.origin).end_object();
    }
    writer.end_array().end_object();
    context.console.data(writer.take() + "\n");
    return ExitCode::kOk;
  }
  Table table({{"SETTING"}, {"VALUE", Align::kLeft, true}, {"FROM", Align::kLeft, true}});
  for (const EffectiveSetting& one : all) {
    table.row({printable_line(one.key), printable_line(one.value), printable_line(one.origin)});
  }
  context.console.data(table.text(context.console.table_style()));
  return ExitCode::kOk;
}

ExitCode run_new_key(Context& context) {
  Result<std::string> key = make_encryption_key();
  if (!key) return fail(context, key.error());
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.config-key/1").member("key", *key).end_object();
    context.console.data(writer.take() + "\n");
  } else {
    context.console.data(*key + "\n");
  }
  wipe(*key);
  return ExitCode::kOk;
}

}  // namespace

Command make_config() {
  Command command("config", "Checks the configuration, shows what is in force, makes a key.");
  Command& check = command.add(Command("check", "Tells whether the configuration is right."));
  check.example("strata config check");
  check.runs(run_check);
  Command& show = command.add(Command("show", "Shows every setting and where it comes from."));
  show.example("strata config show");
  show.details("Secrets are shown as (redacted).");
  show.runs(run_show);
  Command& new_key = command.add(Command("new-key", "Prints a new key for encrypted keyspaces."));
  new_key.example("strata config new-key");
  new_key.details(
      "Put it first among the keys that cache.encryption names, and keep the older ones below it "
      "until nothing is stored any more that they encrypted.");
  new_key.runs(run_new_key);
  command.example("strata config check");
  return command;
}

}  // namespace strata::cli
