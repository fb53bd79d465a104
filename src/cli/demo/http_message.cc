// Parses requests and writes responses.
#include "cli/demo/http_message.h"

#include <algorithm>
#include <optional>

namespace strata::demo {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// Takes the first line off `head`.
std::string_view take_line(std::string_view& head) {
  const std::size_t end = head.find("\r\n");
  const std::string_view line = head.substr(0, end);
  head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
  return line;
}

// Returns the status to refuse with, or 0.
int parse_request_line(std::string_view line, HttpRequest& request) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || first == 0) return 400;
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view protocol = line.substr(last + 1);
  if (protocol != "HTTP/1.1" && protocol != "HTTP/1.0") return 505;
  request.method = line.substr(0, first);
  request.keep_alive = protocol == "HTTP/1.1";
  if (request.method != "GET" && request.method != "HEAD") return 405;
  const auto path = percent_decoded(target.substr(0, target.find('?')));
  if (!path || !path->starts_with('/')) return 400;
  request.path = *path;
  return 0;
}

int parse_header(std::string_view line, HttpRequest& request) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return 400;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (same_ignoring_case(name, "if-none-match")) request.if_none_match = value;
  if (same_ignoring_case(name, "connection")) {
    if (same_ignoring_case(value, "close")) request.keep_alive = false;
    if (same_ignoring_case(value, "keep-alive")) request.keep_alive = true;
  }
  const bool has_body = same_ignoring_case(name, "transfer-encoding") ||
                        (same_ignoring_case(name, "content-length") && value != "0");
  return has_body ? 413 : 0;
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Bad Request";
  }
}

}  // namespace

ParsedRequest parse_request(std::string_view bytes) {
  ParsedRequest parsed;
  const std::size_t end = bytes.substr(0, kRequestBytes).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= kRequestBytes) parsed.error_status = 431;
    return parsed;
  }
  parsed.bytes = end + 4;
  std::string_view head = bytes.substr(0, end);
  parsed.error_status = parse_request_line(take_line(head), parsed.request);
  while (!head.empty() && parsed.error_status == 0) {
    parsed.error_status = parse_header(take_line(head), parsed.request);
  }
  return parsed;
}

std::string format_response(const HttpRequest& request, const HttpResponse& response) {
  const bool unchanged =
      response.status == 200 && !response.etag.empty() && request.if_none_match == response.etag;
  const int status = unchanged ? 304 : response.status;
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(reason(status)).append("\r\n");
  if (!response.etag.empty()) text += "ETag: " + response.etag + "\r\n";
  if (!unchanged) {
    text += "Content-Type: " + response.content_type + "\r\n";
    text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  if (!request.keep_alive) text += "Connection: close\r\n";
  text += "\r\n";
  if (!unchanged && request.method != "HEAD") text += response.body;
  return text;
}

}  // namespace strata::demo
