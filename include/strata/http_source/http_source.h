// http_source(): a source that is an HTTP API, asked with GET.
//
//   auto census = strata::http_source({
//       .name = "census",
//       .url_template = "https://api.census.gov/data/{year}/acs/acs5?for=cbsa:{cbsa}&key={key}",
//       .parameters = {{.name = "key", .required = false, .default_value = secret}},
//       .json_pointer = "/1"}).value();
//   census->fetch({.params = {{"year", "2022"}, {"cbsa", "14500"}}});
//
// Placeholders stand in the path and in the query, and their values are percent-encoded: no
// value reaches the scheme, the host, the port, another segment or another query field. An empty
// value in the path, and one that makes a segment "." or "..", are refused.
//
// The ETag, or else the text of Last-Modified, is the reply's version. A request that brings a
// known version asks If-None-Match (or If-Modified-Since) and gets kNotModified for a 304. The
// ttl is max-age less Age; it is 0 for no-store, no-cache, private and `Vary: *`. Expires and
// s-maxage are not looked at. A body may come as it is, or in one of the codings gzip and deflate.
//
// Promise    Only http and https; TLS certificates are always verified; no proxy, cookie or
//            netrc of the environment. Unless allow_private, no connection is ever opened to an
//            address that is not publicly routable, whatever the name resolves to at that
//            moment. A redirect is followed only if asked, at most kHttpRedirects times, and
//            never to another scheme, host or port. A compressed body that stops in the
//            middle is an error, also where HTTP itself is content. Errors show the template
//            and no values: not those of parameters and headers, no user:password, not the
//            query's own text, and of the path no segment of 16 or more characters with a digit
//            among them. A secret in the path that is shorter is shown.
// Threads    Thread-safe. At most `connections` requests run at a time; further ones wait.
// Errors     http_source(): kRejected for options that cannot work. fetch(): kUnavailable if no
//            connection came about, `timeout` is over, or the answer is 429 or 503 (the message
//            has its Retry-After); kLoadFailed for every other answer that is not 200, 203, 204,
//            304 or an absent status, for one that is broken or too large, and for JSON without
//            what json_pointer names; kRejected for a private address.
// Time       The deadline and `timeout` include waiting, redirects and name resolution. close()
//            ends running requests with kClosed at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/ports/source.h"

namespace strata {

inline constexpr std::size_t kHttpRedirects = 3;
inline constexpr std::size_t kHttpUrlBytes = 8 * 1024;
inline constexpr std::size_t kHttpReplyHeaderBytes = 256 * 1024;

struct HttpOptions {
  // Behaviour.
  std::string name{};
  std::string url_template{};
  // Placeholders that are not declared here are required.
  std::vector<SourceParameter> parameters{};
  // Sent as they are; for instance {"Authorization", "Bearer ..."}.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string json_pointer{};                  // what to keep of a JSON body; "": all, as it is
  std::vector<int> absent_statuses{404, 410};  // the answers that mean "does not exist"
  bool allow_private = false;                  // for services on this machine or network
  bool follow_redirects = false;
  std::string ca_file{};  // PEM; "": the certificates of the system
  std::string user_agent = "strata";
  std::size_t max_body_bytes = 8u << 20;  // after decompression
  Duration connect_timeout = std::chrono::seconds(2);
  Duration timeout = std::chrono::seconds(10);  // for the whole of a fetch

  // Performance.
  std::size_t connections = 8;  // opened when needed, then kept
};

[[nodiscard]] Result<std::shared_ptr<Source>> http_source(
    HttpOptions options, std::shared_ptr<Clock> clock = system_clock());

}  // namespace strata
