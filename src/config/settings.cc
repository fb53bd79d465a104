// From the text of a configuration to Settings: which section stands where.
#include "strata/config/settings.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include "config/document.h"
#include "config/dot_env.h"
#include "config/reader.h"
#include "config/rule_settings.h"
#include "config/schema.h"
#include "config/source_checks.h"
#include "config/text_file.h"
#include "config/variables.h"
#include "core/nearest.h"
#include "core/quote.h"
#include "http_source/url_template.h"
#include "outbox/relay_options.h"
#include "strata/core/duration.h"
#include "strata/core/key.h"

namespace strata {
namespace internal {
namespace {

constexpr std::string_view kRoot = "cache";
constexpr std::array<std::string_view, 12> kSections = {
    "log",       "memory",  "sqlite", "encryption", "journal",  "defaults",
    "keyspaces", "sources", "types",  "rules",      "cascades", "outboxes"};
constexpr std::array<std::string_view, 2> kMemorySections = {"tenants", "each_tenant"};
constexpr std::array<std::string_view, 2> kSourceKinds = {"http", "sqlite"};

// Fills `settings` from what stands under `cache`.
class SettingsReader {
 public:
  SettingsReader(Reader& reader, Settings& settings) : reader_(reader), settings_(settings) {}

  void read(const Node& node) {
    const std::string path(kRoot);
    const Target root{root_settings(), &settings_};
    const Reader::Sections found = reader_.read_map(node, path, {&root, 1}, kSections);

    read_section(found, "log", {log_settings(), &settings_.log});
    read_memory(found);
    read_section(found, "sqlite", {sqlite_settings(), &settings_.sqlite});
    if (const auto entry = found.find("sqlite"); entry != found.end()) {
      check_breaker(*entry->second, std::string(kRoot) + ".sqlite", settings_.sqlite.guard.breaker);
    }
    read_section(found, "encryption", {encryption_settings(), &settings_.encryption});
    read_section(found, "journal", {journal_settings(), &settings_.journal});
    // Before those that take over from them, wherever they stand in the text.
    read_section(found, "defaults", {policy_settings(), &settings_.defaults});
    if (const auto entry = found.find("defaults"); entry != found.end()) {
      check_policy(*entry->second, std::string(kRoot) + ".defaults", settings_.defaults);
    }
    read_keyspaces(found);
    read_sources(found);
    read_rule_settings(reader_, found, settings_);
    read_outboxes(found);
  }

 private:
  void read_section(const Reader::Sections& found, const std::string& name, Target target) {
    const auto entry = found.find(name);
    if (entry == found.end()) return;
    static_cast<void>(
        reader_.read_map(entry->second->value, std::string(kRoot) + "." + name, {&target, 1}));
  }

  void read_memory(const Reader::Sections& found) {
    const auto section = found.find("memory");
    if (section == found.end()) return;
    MemoryOptions& memory = settings_.memory;
    const std::string path = std::string(kRoot) + ".memory";
    const Target target{memory_settings(), &memory};
    const Reader::Sections below =
        reader_.read_map(section->second->value, path, {&target, 1}, kMemorySections);
    if (const auto each = below.find("each_tenant"); each != below.end()) {
      const Target quota{quota_settings(), &memory.each_tenant};
      reader_.read_map(each->second->value, path + ".each_tenant", {&quota, 1});
    }
    if (const auto named = below.find("tenants"); named != below.end()) {
      read_tenants(*named->second, path + ".tenants");
    }
  }

  void read_tenants(const Entry& named, const std::string& path) {
    for (const Entry* entry : reader_.read_names(named.value, path, "tenant")) {
      if (!check_name("tenant", *entry, path)) continue;
      TenantQuota& quota = settings_.memory.tenants[entry->key];
      const Target target{quota_settings(), &quota};
      reader_.read_map(entry->value, key_below(path, entry->key), {&target, 1});
    }
    if (const auto valid = check_tenants(settings_.memory); !valid) {
      reader_.problem(named.place, path, valid.error().message);
    }
  }

  void read_keyspaces(const Reader::Sections& found) {
    const auto section = found.find("keyspaces");
    if (section == found.end()) return;
    const std::string path = std::string(kRoot) + ".keyspaces";
    for (const Entry* entry : reader_.read_names(section->second->value, path, "keyspace")) {
      if (!check_name("keyspace", *entry, path)) continue;
      KeyspaceOptions options = settings_.defaults;
      const std::array targets = {Target{policy_settings(), &options},
                                  Target{identity_settings(), &options}};
      reader_.read_map(entry->value, path + "." + entry->key, targets);
      check_policy(*entry, path + "." + entry->key, options);
      settings_.keyspaces.emplace(entry->key, std::move(options));
    }
  }

  void read_sources(const Reader::Sections& found) {
    const auto section = found.find("sources");
    if (section == found.end()) return;
    const std::string path = std::string(kRoot) + ".sources";
    for (const Entry* entry : reader_.read_names(section->second->value, path, "source")) {
      if (!check_name("source", *entry, path)) continue;
      if (settings_.keyspaces.contains(entry->key)) {
        reader_.problem(entry->place, path + "." + entry->key,
                        "has the name of a keyspace; a source has a keyspace of its own name, so "
                        "write its policy here or rename one of them");
        continue;
      }
      read_source(*entry, path + "." + entry->key);
    }
  }

  void read_outboxes(const Reader::Sections& found) {
    const auto section = found.find("outboxes");
    if (section == found.end()) return;
    const std::string path = std::string(kRoot) + ".outboxes";
    for (const Entry* entry : reader_.read_names(section->second->value, path, "outbox")) {
      if (const auto valid = outbox::check_reader_name(entry->key); !valid) {
        reader_.problem(entry->place, path, valid.error().message);
        continue;
      }
      OutboxSettings outbox;
      outbox.options.reader = entry->key;
      const Target target{outbox_settings(), &outbox};
      reader_.read_map(entry->value, path + "." + entry->key, {&target, 1});
      settings_.outboxes.emplace(entry->key, std::move(outbox));
    }
  }

  void read_source(const Entry& entry, const std::string& path) {
    SourceSettings source;
    source.cache.keyspace = settings_.defaults;
    const std::array targets = {Target{policy_settings(), &source.cache.keyspace},
                                Target{source_settings(), &source.cache}};
    const Reader::Sections kinds = reader_.read_map(entry.value, path, targets, kSourceKinds);
    check_policy(entry, path, source.cache.keyspace);
    check_breaker(entry, path, source.cache.guard.breaker);
    if (kinds.size() != 1) {
      reader_.problem(entry.place, path,
                      kinds.empty() ? "says nothing of where values come from; write http or sqlite"
                                    : "has http and sqlite; write one of them");
      return;
    }
    const auto& [kind, below] = *kinds.begin();
    const std::string kind_path = path + "." + kind;
    if (kind == "http") {
      HttpOptions options;
      options.name = entry.key;
      const Target target{http_settings(), &options};
      reader_.read_map(below->value, kind_path, {&target, 1});
      source.kind = std::move(options);
    } else {
      SqliteQueryOptions options;
      options.name = entry.key;
      const Target target{query_settings(), &options};
      reader_.read_map(below->value, kind_path, {&target, 1});
      source.kind = std::move(options);
    }
    check_source(source, path, *below, entry);
    settings_.sources.emplace(entry.key, std::move(source));
  }

  // What the table cannot say, unless it already found something wrong here.
  void check_source(const SourceSettings& source, const std::string& path, const Entry& kind,
                    const Entry& entry) {
    if (reader_.has_problem_below(path)) return;
    const auto parameters = parameters_of(source);
    if (!parameters) {
      reader_.problem_with_all(kind.place, path + "." + kind.key, parameters.error().message);
      return;
    }
    const auto tags = check_tags(source.cache.tags, *parameters);
    if (tags) return;
    const auto& given = entry.value.entries;
    const auto at = std::find_if(given.begin(), given.end(),
                                 [](const Entry& below) { return below.key == "tags"; });
    const Place place = at == given.end() ? entry.place : at->value.place;
    reader_.problem_with_all(place, path + ".tags", tags.error().message);
  }

  // Which levels there are depends on the method, and either may be taken over from the defaults.
  void check_policy(const Entry& entry, const std::string& path, const KeyspaceOptions& options) {
    if (reader_.has_problem_below(path)) return;
    check_bound(entry, path, {"error_backoff", options.error_backoff},
                {"error_backoff_max", options.error_backoff_max});
    const Result<void> valid = check_compression(options.compression);
    if (valid) return;
    const auto& given = entry.value.entries;
    const auto at = std::find_if(given.begin(), given.end(), [](const Entry& below) {
      return below.key == "compression_level" || below.key == "compression";
    });
    const Place place = at == given.end() ? entry.place : at->value.place;
    reader_.problem(place, path + ".compression_level", valid.error().message);
  }

  void check_breaker(const Entry& entry, const std::string& path, const BreakerOptions& breaker) {
    if (reader_.has_problem_below(path)) return;
    check_bound(entry, path, {"breaker_open_for", breaker.open_for},
                {"breaker_open_for_max", breaker.open_for_max});
  }

  // What a bound is below of. What both were taken over from has been told already.
  using NamedDuration = std::pair<std::string_view, Duration>;
  void check_bound(const Entry& section, const std::string& path, const NamedDuration& bounded,
                   const NamedDuration& bound) {
    if (bounded.second <= bound.second) return;
    for (const bool is_bounded : {true, false}) {
      const auto& [name, value] = is_bounded ? bounded : bound;
      const auto& [other, others] = is_bounded ? bound : bounded;
      const auto& given = section.value.entries;
      const auto at = std::find_if(given.begin(), given.end(),
                                   [key = name](const Entry& below) { return below.key == key; });
      if (at == given.end()) continue;
      reader_.problem(at->value.place, path + '.' + std::string(name),
                      format_duration(value) +
                          (is_bounded ? " is longer than " : " is shorter than ") +
                          std::string(other) + ", which is " + format_duration(others));
      return;
    }
  }

  bool check_name(std::string_view what, const Entry& entry, const std::string& path) {
    const auto valid = validate_name(what, entry.key);
    if (!valid) reader_.problem(entry.place, path, valid.error().message);
    return valid.ok();
  }

  Reader& reader_;
  Settings& settings_;
};

// The only top-level key that is ours. Others are foreign, unless one is nearly ours and ours is
// not there.
const Entry* find_root(Reader& reader, const Node& document) {
  const Entry* found = nullptr;
  const Entry* nearly = nullptr;
  for (const Entry& entry : document.entries) {
    if (entry.key == kRoot && found != nullptr) {
      reader.problem(entry.place, std::string(kRoot),
                     "is given twice; the first is in line " + std::to_string(found->place.line));
    } else if (entry.key == kRoot) {
      found = &entry;
    } else if (nearest(entry.key, {&kRoot, 1})) {
      nearly = &entry;
    }
  }
  if (found == nullptr && nearly != nullptr) {
    reader.problem(nearly->place, internal::quoted(nearly->key),
                   "is not a key that exists here, did you mean " + internal::quoted(kRoot) + "?");
  }
  return found;
}

Result<Settings> read_settings(std::string_view text, const std::string& file_name,
                               Variables& variables) {
  auto document = parse_document(text, file_name);
  if (!document) return document.error();

  Reader reader(file_name, variables);
  Settings settings;
  settings.file = file_name;
  if (document->kind == Node::Kind::kMap) {
    const Entry* root = find_root(reader, *document);
    if (root != nullptr) {
      SettingsReader(reader, settings).read(root->value);
    } else {
      settings.remarks.push_back(file_name + ": has no key cache; every setting has its default");
    }
  } else if (document->kind != Node::Kind::kNull) {
    return Error{
        ErrorCode::kRejected,
        located(file_name, document->place, "the file must be a map; begin it with `cache:`"),
        {}};
  }
  if (auto error = reader.error()) return std::move(*error);
  settings.origins = reader.take_origins();
  return settings;
}

// Whoever may read a secret in it may use it.
void remark_on_readers(const DotEnv& dot_env, std::vector<std::string>& remarks) {
  if (!dot_env.others_read) return;
  const auto secret = std::find_if(dot_env.variables.begin(), dot_env.variables.end(),
                                   [](const auto& one) { return is_secret_name(one.first); });
  if (secret == dot_env.variables.end()) return;
  remarks.push_back(dot_env.file + ": others than its owner may read it, and it holds " +
                    secret->first + "; make it private with chmod 600");
}

}  // namespace
}  // namespace internal

Result<Settings> parse_settings(std::string_view text, const std::string& file_name,
                                const Environment& environment) {
  internal::Variables variables(environment);
  return internal::read_settings(text, file_name, variables);
}

Result<Settings> load_settings(const std::string& path, const Environment& environment) {
  const auto file = internal::read_text_file(path, internal::kConfigBytes);
  if (!file) return file.error();
  if (!*file) {
    return Error{ErrorCode::kRejected,
                 path + ": does not exist; `strata init` writes one with every key and its default",
                 {}};
  }
  const internal::DotEnv dot_env = internal::load_dot_env(path);
  internal::Variables variables(environment, &dot_env);
  auto settings = internal::read_settings((*file)->text, path, variables);
  // First of all: what else is wrong may follow from it. A `.env` that nothing was looked for in
  // may be meant for somebody who reads it differently.
  if (!dot_env.problems.empty() && variables.asked_dot_env()) {
    std::string message;
    for (const std::string& problem : dot_env.problems) {
      message += (message.empty() ? "" : "\n") + problem;
    }
    return Error{ErrorCode::kRejected, std::move(message), {}};
  }
  if (!settings) return settings;
  settings->folder = std::filesystem::path(path).parent_path().string();
  auto& remarks = settings->remarks;
  remarks.insert(remarks.end(), dot_env.problems.begin(), dot_env.problems.end());
  internal::remark_on_readers(dot_env, remarks);
  return settings;
}

}  // namespace strata
