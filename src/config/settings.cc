// From the text of a configuration to Settings: which section stands where.
#include "strata/config/settings.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "config/document.h"
#include "config/reader.h"
#include "config/schema.h"
#include "config/source_checks.h"
#include "core/nearest.h"
#include "core/quote.h"
#include "strata/core/key.h"

namespace strata {
namespace internal {
namespace {

constexpr std::string_view kRoot = "cache";
constexpr std::array<std::string_view, 6> kSections = {"log",      "memory",    "sqlite",
                                                       "defaults", "keyspaces", "sources"};
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
    read_section(found, "memory", {memory_settings(), &settings_.memory});
    read_section(found, "sqlite", {sqlite_settings(), &settings_.sqlite});
    // Before those that take over from them, wherever they stand in the text.
    read_section(found, "defaults", {policy_settings(), &settings_.defaults});
    read_keyspaces(found);
    read_sources(found);
  }

 private:
  void read_section(const Reader::Sections& found, const std::string& name, Target target) {
    const auto entry = found.find(name);
    if (entry == found.end()) return;
    static_cast<void>(
        reader_.read_map(entry->second->value, std::string(kRoot) + "." + name, {&target, 1}));
  }

  void read_keyspaces(const Reader::Sections& found) {
    const auto section = found.find("keyspaces");
    if (section == found.end()) return;
    const std::string path = std::string(kRoot) + ".keyspaces";
    for (const Entry* entry : reader_.read_names(section->second->value, path)) {
      if (!check_name("keyspace", *entry, path)) continue;
      KeyspaceOptions options = settings_.defaults;
      const std::array targets = {Target{policy_settings(), &options},
                                  Target{identity_settings(), &options}};
      reader_.read_map(entry->value, path + "." + entry->key, targets);
      settings_.keyspaces.emplace(entry->key, std::move(options));
    }
  }

  void read_sources(const Reader::Sections& found) {
    const auto section = found.find("sources");
    if (section == found.end()) return;
    const std::string path = std::string(kRoot) + ".sources";
    for (const Entry* entry : reader_.read_names(section->second->value, path)) {
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

  void read_source(const Entry& entry, const std::string& path) {
    SourceSettings source;
    source.cache.keyspace = settings_.defaults;
    const std::array targets = {Target{policy_settings(), &source.cache.keyspace},
                                Target{source_settings(), &source.cache}};
    const Reader::Sections kinds = reader_.read_map(entry.value, path, targets, kSourceKinds);
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

Error unreadable(const std::string& path, const std::string& why) {
  return {ErrorCode::kRejected, path + ": " + why, {}};
}

}  // namespace
}  // namespace internal

Result<Settings> parse_settings(std::string_view text, const std::string& file_name,
                                const Environment& environment) {
  using internal::Node;
  auto document = internal::parse_document(text, file_name);
  if (!document) return document.error();

  internal::Reader reader(file_name, environment);
  Settings settings;
  settings.file = file_name;
  if (document->kind == Node::Kind::kMap) {
    const internal::Entry* root = internal::find_root(reader, *document);
    if (root != nullptr) {
      internal::SettingsReader(reader, settings).read(root->value);
    } else {
      settings.remarks.push_back(file_name + ": has no key cache; every setting has its default");
    }
  } else if (document->kind != Node::Kind::kNull) {
    return Error{ErrorCode::kRejected,
                 internal::located(file_name, document->place,
                                   "the file must be a map; begin it with `cache:`"),
                 {}};
  }
  if (auto error = reader.error()) return std::move(*error);
  settings.origins = reader.take_origins();
  return settings;
}

Result<Settings> load_settings(const std::string& path, const Environment& environment) {
  const std::filesystem::path file(path);
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return internal::unreadable(
        path, "does not exist; `strata init` writes one with every key and its default");
  }
  if (error) return internal::unreadable(path, "cannot be read: " + error.message());
  if (!std::filesystem::is_regular_file(status)) return internal::unreadable(path, "is not a file");

  std::ifstream stream(file, std::ios::binary);
  // One byte more than is allowed tells a text that is too long.
  std::string text(internal::kConfigBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) {
    return internal::unreadable(path, "cannot be read; check its permissions");
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));

  auto settings = parse_settings(text, path, environment);
  if (settings) settings->folder = file.parent_path().string();
  return settings;
}

}  // namespace strata
