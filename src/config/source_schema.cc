// The rows of the table that say where a source's values come from.
#include <array>
#include <cstdint>

#include "config/schema.h"
#include "config/setting_rows.h"
#include "http_source/url_template.h"
#include "strata/config/settings.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

constexpr std::array<std::string_view, 2> kShapes = {"rows", "row"};

Result<void> check_url(const Value& value) {
  const auto url = UrlTemplate::parse(std::get<std::string>(value));
  return url ? Result<void>() : Result<void>(url.error());
}

}  // namespace

std::span<const Setting> http_settings() {
  using Http = HttpOptions;
  static const std::array kRows = {
      required(
          "https://api.example.com/users/{id}",
          text<&Http::url_template>(
              "url", "The address; {name} in its path or query stands for the value of a parameter",
              check_url)),
      make_setting<&Http::parameters>(
          "params", SettingType::kParameters, {},
          "Parameters with their defaults; those of the address that are not named are required"),
      make_setting<&Http::headers>("headers", SettingType::kTextMap, {},
                                   "Headers of each request, never shown"),
      text<&Http::json_pointer>("json_pointer",
                                "What to keep of a JSON answer, as /name/0/name; empty keeps all"),
      make_setting<&Http::absent_statuses>("absent_statuses", SettingType::kIntegerList, {204, 599},
                                           "Answers that mean that nothing exists"),
      boolean<&Http::allow_private>(
          "allow_private", "Also connect to addresses of this machine and of private networks"),
      boolean<&Http::follow_redirects>("follow_redirects",
                                       "Follow redirects within the same scheme, host and port"),
      text<&Http::ca_file>("ca_file",
                           "Certificates to trust (PEM); empty trusts those of the system"),
      text<&Http::user_agent>("user_agent", "The User-Agent header of each request"),
      bytes<&Http::max_body_bytes>("max_body_bytes",
                                   {1, static_cast<std::int64_t>(limits::kValueBytesMax)},
                                   "The largest answer that is accepted"),
      duration<&Http::connect_timeout>("connect_timeout", {kMillisecond, 3600 * kSecond},
                                       "How long connecting may take"),
      duration<&Http::timeout>("timeout", {kMillisecond, 3600 * kSecond},
                               "How long a request may take in all"),
      integer<&Http::connections>("connections", {1, 1024}, "How many requests run at a time"),
  };
  return kRows;
}

std::span<const Setting> query_settings() {
  using Query = SqliteQueryOptions;
  static const std::array kRows = {
      required(
          "app.db",
          text<&Query::path>(
              "path", "The database; a relative path starts at the folder of this configuration",
              check_not_empty)),
      required(
          "SELECT name, city FROM user WHERE id = :id",
          text<&Query::sql>("query", "One SELECT; :name in it stands for the value of a parameter",
                            check_not_empty)),
      make_setting<&Query::parameters>(
          "params", SettingType::kParameters, {},
          "Parameters with their defaults; those of the query that are not named are required"),
      choice<&Query::shape>("shape", kShapes,
                            "What a value is: rows, all of them as a list; row, the first one"),
      boolean<&Query::refuse_symlinks>("refuse_symlinks",
                                       "Refuse a path with a symbolic link in it"),
      integer<&Query::max_rows>("max_rows", {1, 10'000'000}, "More rows are an error"),
      bytes<&Query::max_bytes>("max_bytes", {1, static_cast<std::int64_t>(limits::kValueBytesMax)},
                               "A larger answer, as JSON, is an error"),
      duration<&Query::busy_timeout>("busy_timeout", {0, 3600 * kSecond},
                                     "How long a query waits for a lock on the file"),
      duration<&Query::timeout>("timeout", {kMillisecond, 3600 * kSecond},
                                "How long a query may take in all"),
      integer<&Query::connections>("connections", {1, 64}, "How many queries run at a time"),
  };
  return kRows;
}

}  // namespace strata::internal
