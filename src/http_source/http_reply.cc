// Conditional requests, and the statuses: which are values, absence, "not modified" or errors.
#include "http_source/http_reply.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/quote.h"
#include "http_source/content_decoder.h"
#include "http_source/http_date.h"
#include "strata/codecs/json.h"
#include "strata/core/limits.h"

namespace strata {

namespace {

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_condition(std::string_view version) {
  return !version.empty() && version.size() <= limits::kVersionBytes && is_printable(version);
}

// A version is an ETag, or the text of a Last-Modified; the latter is the only of the two that
// reads as a date.
std::string condition_of(const SourceRequest& request) {
  const std::string& version = request.known_version;
  if (is_condition(version)) {
    return (parse_http_date(version) ? "If-Modified-Since: " : "If-None-Match: ") + version;
  }
  if (!request.known_last_modified) return {};
  return "If-Modified-Since: " + format_http_date(*request.known_last_modified);
}

std::string describe_status(const HttpAnswer& answer) {
  std::string text = "status " + std::to_string(answer.status);
  const std::string& retry_after = answer.headers.retry_after();
  if (!retry_after.empty()) text += ", Retry-After " + internal::quoted(retry_after);
  if (!answer.redirect_url.empty()) {
    text += ", a redirect to " + answer.printable_redirect +
            "; follow_redirects would permit one to the same host";
  }
  return text;
}

Result<std::string> pick(std::string body, const HttpOptions& options) {
  if (options.json_pointer.empty()) return body;
  const Result<Json> json = Json::parse(body);
  if (!json) return Error{ErrorCode::kLoadFailed, "the body is " + json.error().message, {}};
  const Result<Json> part = json->pick(options.json_pointer);
  if (!part) return Error{ErrorCode::kLoadFailed, part.error().message, {}};
  return part->text();
}

SourceReply describe(const HttpAnswer& answer) {
  SourceReply reply;
  const ReplyHeaders& headers = answer.headers;
  reply.content_type = headers.content_type();
  reply.version = headers.etag().empty() ? headers.last_modified() : headers.etag();
  reply.last_modified = parse_http_date(headers.last_modified());
  reply.ttl = headers.ttl();
  return reply;
}

}  // namespace

std::vector<std::string> request_headers(const SourceRequest& request, const HttpOptions& options) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : options.headers) {
    // libcurl takes "Name:" for a wish not to send the header.
    lines.push_back(value.empty() ? name + ";" : name + ": " + value);
  }
  lines.push_back("Accept-Encoding: " + std::string(kAcceptedEncodings));
  std::string condition = condition_of(request);
  if (!condition.empty()) lines.push_back(std::move(condition));
  return lines;
}

Result<SourceReply> reply_of(HttpAnswer answer, const SourceRequest& request,
                             const HttpOptions& options) {
  SourceReply reply = describe(answer);
  const std::vector<int>& absent = options.absent_statuses;
  if (std::find(absent.begin(), absent.end(), answer.status) != absent.end()) {
    reply.status = SourceReply::Status::kAbsent;
    return reply;
  }
  switch (answer.status) {
    case 200:
    case 203:
    case 204: {
      Result<std::string> body = pick(std::move(answer.body), options);
      if (!body) return body.error();
      reply.body = *std::move(body);
      return reply;
    }
    case 304:
      if (condition_of(request).empty()) break;
      reply.status = SourceReply::Status::kNotModified;
      // A 304 need not repeat what has not changed.
      if (reply.version.empty()) reply.version = request.known_version;
      if (!reply.last_modified) reply.last_modified = request.known_last_modified;
      return reply;
    case 429:
    case 503:
      return Error{ErrorCode::kUnavailable, describe_status(answer), {}};
    default:
      break;
  }
  return Error{ErrorCode::kLoadFailed, describe_status(answer), {}};
}

}  // namespace strata
