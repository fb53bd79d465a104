// Any bytes as reply headers, dates, URL templates and compressed bodies.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http_source/content_decoder.h"
#include "http_source/http_date.h"
#include "http_source/reply_headers.h"
#include "http_source/url_template.h"
#include "strata/core/limits.h"

namespace {

void check(bool condition) {
  if (!condition) std::abort();
}

void check_headers(std::string_view input) {
  strata::ReplyHeaders headers;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size() - 1);
    headers.add(input.substr(0, end + 1));
    input.remove_prefix(end + 1);
  }
  check(headers.etag().size() <= strata::limits::kVersionBytes);
  check(!headers.ttl() || *headers.ttl() >= strata::Duration(0));
}

void check_date(std::string_view input) {
  const auto time = strata::parse_http_date(input);
  if (time) check(strata::parse_http_date(strata::format_http_date(*time)) == time);
}

// The input is a template, a zero, and the value of its first placeholder.
void check_template(std::string_view input) {
  const std::size_t zero = std::min(input.find('\0'), input.size());
  const auto url = strata::UrlTemplate::parse(input.substr(0, zero));
  static_cast<void>(strata::redact_url(input));
  if (!url) return;
  strata::Params params;
  for (const std::string& name : url->names()) {
    params.emplace_back(name, input.substr(std::min(zero + 1, input.size())));
  }
  const auto expanded = url->expand(params);
  if (!expanded) return;
  const auto is_safe = [](char c) { return c > ' ' && c <= '~' && c != '#' && c != '\\'; };
  check(std::all_of(expanded->url.begin(), expanded->url.end(), is_safe));
  const std::size_t authority = expanded->url.find("://") + 3;
  const std::size_t path = expanded->url.find_first_of("/?", authority);
  check(expanded->url.substr(0, path) == input.substr(0, std::min(path, zero)));
}

// A body comes whole, in pieces, or not at all; and never larger than it may be.
void check_body(std::string_view input) {
  constexpr std::size_t kMaxBytes = 1 << 16;
  for (const char* coding : {"", "gzip", "deflate"}) {
    const auto decode = [&](std::size_t piece) -> strata::Result<std::string> {
      strata::ContentDecoder decoder(coding, kMaxBytes);
      for (std::string_view rest = input; !rest.empty();) {
        const std::size_t size = std::min(piece, rest.size());
        if (auto added = decoder.add(rest.substr(0, size)); !added) return added.error();
        rest.remove_prefix(size);
      }
      return decoder.finish();
    };
    const auto whole = decode(input.size());
    const auto pieces = decode(7);
    check(whole.ok() == pieces.ok());
    if (whole) check(*whole == *pieces && whole->size() <= kMaxBytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_headers(input);
  check_date(input);
  check_template(input);
  check_body(input);
  return 0;
}
