// Settings: everything that a configuration can say, as plain data, and the YAML that says it.
//
// A file keeps all that is Strata's under one key, `cache`; other top-level keys belong to other
// readers of the same file and are left alone. docs/configuration.md lists every key. ${NAME} in
// a value is replaced by a variable of the environment or, where it is not set there, of the file
// `.env` beside the configuration. A default-constructed Settings is what an empty file gives.
//
//   Settings settings = load_settings("strata.yaml").value();
//   Cache cache = open(settings).value();
//
// Errors    kRejected, with up to 20 lines `file:line:column: key: what is wrong, what to write`.
//           A value that may be a secret is not shown. Nothing is ever opened or created here.
// Memory    A file has at most 1 MiB, 32 levels and 100,000 values.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "strata/core/result.h"
#include "strata/http_source/http_source.h"
#include "strata/labels/cause_journal.h"
#include "strata/labels/rules.h"
#include "strata/load/guarded_tier.h"
#include "strata/memory/memory_tier.h"
#include "strata/outbox/outbox_relay.h"
#include "strata/ports/environment.h"
#include "strata/sources/sqlite_query_source.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/tiered/cache.h"
#include "strata/tiered/policy.h"

namespace strata {

enum class LogThreshold { kDebug, kInfo, kWarning, kError, kOff };

struct LogSettings {
  LogThreshold level = LogThreshold::kWarning;  // what is less severe is not written
};

struct SqliteSettings {
  bool enabled = true;
  SqliteOptions options{.path = ".cache/strata.db"};
  TierGuardOptions guard;
};

// Where the keys of keyspaces with `encrypt` come from: never from the configuration itself.
struct EncryptionSettings {
  std::string keys_variable = "STRATA_ENCRYPTION_KEYS";  // of the environment; not of `.env`
  std::string keys_file;                                 // instead; for its owner's eyes only
};

struct SourceSettings {
  SourceOptions cache;  // the keyspace's policy includes the defaults
  std::variant<HttpOptions, SqliteQueryOptions> kind;
};

struct OutboxSettings {
  bool enabled = true;
  OutboxRelayOptions options;
};

enum class VariableOrigin {
  kEnvironment,
  kDotEnv,   // the file `.env` beside the configuration
  kDefault,  // neither sets it: the text came from ${NAME:-default}
};

struct SettingVariable {
  std::string name;
  VariableOrigin origin = VariableOrigin::kEnvironment;
};

// Where a setting was given.
struct SettingOrigin {
  std::size_t line = 0;
  std::size_t column = 0;
  std::vector<SettingVariable> variables;  // that its value was made from, in order of use
  bool secret = false;                     // by the name of a variable
};

struct Settings {
  std::string name = "cache";
  bool graceful = true;
  LogSettings log;
  MemoryOptions memory;
  SqliteSettings sqlite;
  EncryptionSettings encryption;
  CauseJournalOptions journal;
  KeyspaceOptions defaults;
  std::map<std::string, KeyspaceOptions> keyspaces;  // these include the defaults
  std::map<std::string, SourceSettings> sources;
  std::vector<TypeFields> types;                   // in the order of the file
  std::vector<Rule> rules;                         // likewise
  std::map<std::string, Cascade> cascades;         // by a name for messages
  std::map<std::string, OutboxSettings> outboxes;  // by reader

  std::string file;    // that this was read from, for messages; may be empty
  std::string folder;  // that relative paths start from; empty: the working directory
  std::map<std::string, SettingOrigin> origins;  // by full key: cache.memory.max_bytes
  std::vector<std::string> remarks;              // on the text itself, for settings_warnings()
};

// Reads `.env` too. Errors: kRejected, also for a file that cannot be read. What is wrong with
// `.env` is an error if a variable was looked for there, and else one of the remarks.
[[nodiscard]] Result<Settings> load_settings(const std::string& path,
                                             const Environment& environment = system_environment());
// `file_name` stands in messages and may name no file; no `.env` is read.
[[nodiscard]] Result<Settings> parse_settings(
    std::string_view text, const std::string& file_name,
    const Environment& environment = system_environment());

// What is allowed and yet probably meant differently, each as one line with its place.
[[nodiscard]] std::vector<std::string> settings_warnings(const Settings& settings);

// One setting as it is in force.
struct EffectiveSetting {
  std::string key;
  std::string value;   // as YAML, or "(redacted)"
  std::string origin;  // "default", "strata.yaml:12", "strata.yaml:12, from .env NAME", ...
};

// Every setting, in the order of docs/configuration.md. Secrets are redacted: values of headers,
// what came from a variable named like one, passwords and keys inside addresses.
[[nodiscard]] std::vector<EffectiveSetting> effective_settings(const Settings& settings);

// A commented file in which every key stands with its default and its meaning.
[[nodiscard]] std::string write_example();

}  // namespace strata
