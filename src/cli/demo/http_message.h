// As much of HTTP/1.1 as the demo's origin speaks: parsing requests, writing responses.
//
// Threads   Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace strata::demo {

inline constexpr std::size_t kRequestBytes = 8 * 1024;  // a longer head is answered with 431

struct HttpRequest {
  std::string method;
  std::string path;           // without the query; percent-decoded
  std::string if_none_match;  // as sent; empty: not sent
  bool keep_alive = true;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string etag;  // with its quotes; empty: none
  std::string body;
};

struct ParsedRequest {
  std::size_t bytes = 0;  // of the head, which the caller drops; 0: more is to come
  int error_status = 0;   // not 0: answer so, and close
  HttpRequest request;
};

// The request at the front of `bytes`. A request with a body is refused: the origin only reads.
[[nodiscard]] ParsedRequest parse_request(std::string_view bytes);

// What is sent for `response`: 304 without a body if the request has its ETag.
[[nodiscard]] std::string format_response(const HttpRequest& request, const HttpResponse& response);

}  // namespace strata::demo
