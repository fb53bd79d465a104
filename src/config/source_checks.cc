// Checks of sources, before anything is opened or asked.
#include "config/source_checks.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "core/nearest.h"
#include "core/quote.h"
#include "http_source/options.h"

namespace strata::internal {
namespace {

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool has_parameter(std::span<const SourceParameter> parameters, std::string_view name) {
  return std::any_of(parameters.begin(), parameters.end(),
                     [&](const SourceParameter& known) { return known.name == name; });
}

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// Where what begins at `at` ends, if it is something in which names mean nothing.
std::size_t end_of_text(std::string_view query, std::size_t at) {
  const auto after = [&](std::string_view mark, std::size_t from) {
    const std::size_t found = query.find(mark, from);
    return found == std::string_view::npos ? query.size() : found + mark.size();
  };
  switch (query[at]) {
    case '\'':
      return after("'", at + 1);
    case '"':
      return after("\"", at + 1);
    case '`':
      return after("`", at + 1);
    case '[':
      return after("]", at + 1);
    default:
      break;
  }
  if (query.substr(at, 2) == "--") return after("\n", at);
  if (query.substr(at, 2) == "/*") return after("*/", at + 2);
  return at;
}

}  // namespace

std::vector<std::string> names_in_query(std::string_view query) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  std::size_t at = 0;
  while (at < query.size()) {
    const std::size_t after = end_of_text(query, at);
    if (after > at) {
      at = after;
      continue;
    }
    const bool is_mark = query[at++] == ':';
    const std::size_t begin = at;
    while (is_mark && at < query.size() && is_name_byte(query[at])) ++at;
    const std::string_view name = query.substr(begin, at - begin);
    if (!name.empty() && seen.insert(name).second) names.emplace_back(name);
  }
  return names;
}

Result<std::vector<SourceParameter>> parameters_of(const SourceSettings& source) {
  if (const auto* http = std::get_if<HttpOptions>(&source.kind)) {
    HttpOptions options = *http;
    const auto checked = check_options(options);
    if (!checked) return checked.error();
    return std::move(options.parameters);
  }
  const auto& query = std::get<SqliteQueryOptions>(source.kind);
  std::vector<SourceParameter> parameters = query.parameters;
  std::set<std::string_view> declared;
  for (const SourceParameter& parameter : query.parameters) declared.insert(parameter.name);
  for (std::string& name : names_in_query(query.sql)) {
    if (declared.contains(name)) continue;
    parameters.push_back({.name = std::move(name), .required = true, .default_value = {}});
  }
  return parameters;
}

Result<void> check_tags(std::span<const std::string> tags,
                        std::span<const SourceParameter> parameters) {
  std::vector<std::string_view> known;
  for (const SourceParameter& parameter : parameters) known.push_back(parameter.name);
  for (const std::string& tag : tags) {
    std::string_view rest = tag;
    if (tag.empty()) return rejected("a tag is empty");
    for (std::size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
      const std::size_t close = rest.find('}', open);
      if (close == std::string_view::npos) {
        return rejected(quoted(tag) + " has a { without }");
      }
      const std::string_view name = rest.substr(open + 1, close - open - 1);
      if (!has_parameter(parameters, name)) {
        return rejected(quoted(tag) + " names " + quoted(name) +
                        ", which is not a parameter of this source" + suggestion(name, known));
      }
      rest.remove_prefix(close + 1);
    }
  }
  return {};
}

}  // namespace strata::internal
