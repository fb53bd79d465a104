// JSON of packages and sections, both ways.
#include "cli/demo/package.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "strata/codecs/json_writer.h"

namespace strata::demo {
namespace {

// Skips `text` at the front of `json`; returns whether it was there.
bool skip(std::string_view& json, std::string_view text) {
  if (!json.starts_with(text)) return false;
  json.remove_prefix(text.size());
  return true;
}

Package package_of(const PackageRow& row, std::uint64_t version) {
  return {.name = row.name,
          .version = version,
          .package_version = row.package_version,
          .section = row.section,
          .installed_kib = row.installed_kib,
          .depends = row.depends,
          .description = row.description};
}

std::string write(const Package& package) {
  JsonWriter writer;
  writer.begin_object().member("name", package.name).member("version", package.version);
  writer.member("package_version", package.package_version).member("section", package.section);
  writer.member("installed_kib", package.installed_kib).key("depends").begin_array();
  for (const std::string& name : package.depends) writer.value(name);
  writer.end_array().member("description", package.description).end_object();
  return writer.take();
}

}  // namespace

std::string package_json(const PackageRow& row, std::uint64_t version) {
  return write(package_of(row, version));
}

std::string section_json(std::string_view section, std::uint64_t version,
                         const std::vector<std::string_view>& packages) {
  JsonWriter writer;
  writer.begin_object().member("section", section).member("version", version);
  writer.key("packages").begin_array();
  for (const std::string_view name : packages) writer.value(name);
  writer.end_array().end_object();
  return writer.take();
}

Stamp stamp_of(std::string_view json, std::string_view name_member) {
  Stamp stamp;
  if (!skip(json, "{\"") || !skip(json, name_member) || !skip(json, "\":\"")) return {};
  const std::size_t end = json.find('"');
  if (end == std::string_view::npos) return {};
  stamp.name = json.substr(0, end);
  json.remove_prefix(end);
  if (!skip(json, "\",\"version\":")) return {};
  const auto [stopped, error] =
      std::from_chars(json.data(), json.data() + json.size(), stamp.version);
  return error == std::errc() ? stamp : Stamp{};
}

}  // namespace strata::demo

namespace strata {

using demo::Package;

Result<std::string> Codec<Package>::encode(const Package& package) { return demo::write(package); }

// What nlohmann throws for text that is not the right JSON becomes kCorrupt where it is called.
Result<Package> Codec<Package>::decode(std::string_view bytes) {
  const nlohmann::json json = nlohmann::json::parse(bytes);
  return Package{.name = json.at("name").get<std::string>(),
                 .version = json.at("version").get<std::uint64_t>(),
                 .package_version = json.at("package_version").get<std::string>(),
                 .section = json.at("section").get<std::string>(),
                 .installed_kib = json.at("installed_kib").get<std::uint64_t>(),
                 .depends = json.at("depends").get<std::vector<std::string>>(),
                 .description = json.at("description").get<std::string>()};
}

std::size_t Codec<Package>::owned_bytes(const Package& package) {
  const auto owned = [](const std::string& text) { return Codec<std::string>::owned_bytes(text); };
  std::size_t bytes = owned(package.name) + owned(package.package_version) +
                      owned(package.section) + owned(package.description) +
                      package.depends.capacity() * sizeof(std::string);
  for (const std::string& name : package.depends) bytes += owned(name);
  return bytes;
}

}  // namespace strata
