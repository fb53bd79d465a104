// Reads the two tables of the demo's data.
#include "cli/demo/catalogue.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <span>
#include <utility>

namespace strata::demo {
namespace {

using Fields = std::vector<std::string_view>;

Fields split(std::string_view text, char separator) {
  Fields fields;
  for (;;) {
    const std::size_t end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

template <typename Number>
bool parse_number(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end;
}

// Calls `row` for each line after the header; it returns what is wrong with the line, if anything.
Result<void> each_row(std::string_view text, std::span<const std::string_view> columns,
                      const std::function<std::string(const Fields&)>& row) {
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const Fields fields = split(text.substr(0, end), '\t');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;

    std::string problem;
    if (fields.size() != columns.size()) {
      problem =
          std::to_string(fields.size()) + " fields instead of " + std::to_string(columns.size());
    } else if (number > 1) {
      problem = fields[0].empty() ? "the first field is empty" : row(fields);
    } else if (!std::equal(fields.begin(), fields.end(), columns.begin())) {
      problem = "the header does not name the expected columns";
    }
    if (!problem.empty()) {
      return Error{ErrorCode::kRejected, "line " + std::to_string(number) + ": " + problem, {}};
    }
  }
  if (number < 2) return Error{ErrorCode::kRejected, "there are no rows", {}};
  return {};
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return Error{ErrorCode::kUnavailable, "cannot read " + path, {}};
  const auto size = file.tellg();
  if (size < 0 || static_cast<std::uint64_t>(size) > kCatalogueFileBytes) {
    return Error{ErrorCode::kRejected, path + " is larger than 16 MiB", {}};
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  file.read(text.data(), size);
  if (!file) return Error{ErrorCode::kUnavailable, "cannot read " + path, {}};
  return text;
}

template <typename Row>
Result<std::vector<Row>> load(const std::string& path,
                              Result<std::vector<Row>> (*parse)(std::string_view)) {
  const Result<std::string> text = read_file(path);
  if (!text) return text.error();
  Result<std::vector<Row>> rows = parse(*text);
  if (!rows) return Error{rows.error().code, path + ": " + rows.error().message, {}};
  return rows;
}

}  // namespace

Result<std::vector<PackageRow>> parse_packages(std::string_view text) {
  static constexpr std::string_view kColumns[] = {
      "name", "version", "section", "installed_kib", "depends_count", "depends", "description"};
  std::vector<PackageRow> rows;
  const Result<void> parsed = each_row(text, kColumns, [&rows](const Fields& fields) {
    PackageRow row{.name = std::string(fields[0]),
                   .package_version = std::string(fields[1]),
                   .section = std::string(fields[2]),
                   .installed_kib = 0,
                   .depends = {},
                   .description = std::string(fields[6])};
    if (!parse_number(fields[3], row.installed_kib)) return "installed_kib is not a number";
    if (row.section.empty()) return "the section is empty";
    if (!fields[5].empty()) {
      for (const std::string_view name : split(fields[5], ',')) row.depends.emplace_back(name);
    }
    rows.push_back(std::move(row));
    return "";
  });
  if (!parsed) return parsed.error();
  return rows;
}

Result<std::vector<PlaceRow>> parse_places(std::string_view text) {
  static constexpr std::string_view kColumns[] = {"zone",     "country_codes", "country_names",
                                                  "latitude", "longitude",     "comments"};
  std::vector<PlaceRow> rows;
  const Result<void> parsed = each_row(text, kColumns, [&rows](const Fields& fields) {
    PlaceRow row{.zone = std::string(fields[0]),
                 .country_code = std::string(fields[1]),
                 .country_name = std::string(fields[2]),
                 .latitude = 0,
                 .longitude = 0,
                 .comments = std::string(fields[5])};
    if (row.country_code.empty()) return "the country code is empty";
    if (!parse_number(fields[3], row.latitude)) return "the latitude is not a number";
    if (!parse_number(fields[4], row.longitude)) return "the longitude is not a number";
    rows.push_back(std::move(row));
    return "";
  });
  if (!parsed) return parsed.error();
  return rows;
}

Result<Catalogue> load_catalogue(const std::string& folder) {
  Result<std::vector<PackageRow>> packages = load(folder + "/packages.tsv", &parse_packages);
  if (!packages) return packages.error();
  Result<std::vector<PlaceRow>> places = load(folder + "/places.tsv", &parse_places);
  if (!places) return places.error();
  return Catalogue{.packages = std::move(*packages), .places = std::move(*places)};
}

}  // namespace strata::demo
