// The headers of a reply: RFC 9110 for their form, RFC 9111 for what may be kept how long.
#include "http_source/reply_headers.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "strata/core/limits.h"

namespace strata {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Takes the part before the first comma outside quotes off `list`.
std::string_view next_item(std::string_view& list) {
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < list.size(); ++end) {
    if (list[end] == '\\' && is_quoted) {
      ++end;
    } else if (list[end] == '"') {
      is_quoted = !is_quoted;
    } else if (list[end] == ',' && !is_quoted) {
      break;
    }
  }
  const std::string_view item = trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return item;
}

// Seconds; too many saturate. Nothing if it is not a number.
std::optional<Duration> parse_seconds(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  std::int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (stop != text.data() + text.size() || text.empty() || text[0] == '-') return std::nullopt;
  constexpr std::int64_t kMost = kForever.count() / 1'000'000'000;
  if (error == std::errc::result_out_of_range || seconds >= kMost) return kForever;
  if (error != std::errc()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

void keep_first(std::string& field, std::string_view value) {
  if (field.empty() && value.size() <= limits::kVersionBytes) field = value;
}

}  // namespace

void ReplyHeaders::add(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "etag") {
    keep_first(etag_, value);
  } else if (name == "last-modified") {
    keep_first(last_modified_, value);
  } else if (name == "content-type") {
    keep_first(content_type_, value);
  } else if (name == "retry-after") {
    keep_first(retry_after_, value);
  } else if (name == "cache-control") {
    add_cache_control(value);
  } else if (name == "age") {
    age_ = std::max(age_, parse_seconds(value).value_or(Duration(0)));
  } else if (name == "vary") {
    if (value.find('*') != std::string_view::npos) is_uncacheable_ = true;
  } else if (name == "content-length") {
    // libcurl refuses what is not a number; one that it takes but that is too large saturates.
    const auto [stop, error] =
        std::from_chars(value.data(), value.data() + value.size(), content_length_);
    if (error == std::errc::result_out_of_range) content_length_ = UINT64_MAX;
  } else if (name == "content-encoding") {
    add_content_encoding(value);
  } else if (name == "transfer-encoding") {
    add_transfer_encoding(value);
  }
}

void ReplyHeaders::add_cache_control(std::string_view value) {
  while (!value.empty()) {
    const std::string_view item = next_item(value);
    const std::size_t equals = std::min(item.find('='), item.size());
    const std::string name = lower(trim(item.substr(0, equals)));
    if (name == "no-store" || name == "no-cache" || name == "private") is_uncacheable_ = true;
    if (name != "max-age") continue;
    // One that cannot be read, and all but the shortest of several, are taken with caution.
    const std::string_view text = item.substr(std::min(equals + 1, item.size()));
    const Duration age = parse_seconds(trim(text)).value_or(Duration(0));
    max_age_ = max_age_ ? std::min(*max_age_, age) : age;
  }
}

void ReplyHeaders::add_content_encoding(std::string_view value) {
  while (!value.empty()) {
    const std::string item = lower(next_item(value));
    if (item.empty() || item == "identity") continue;
    if (!content_encoding_.empty()) content_encoding_ += ", ";
    content_encoding_ += item;
    content_encoding_.resize(std::min(content_encoding_.size(), limits::kVersionBytes));
  }
}

void ReplyHeaders::add_transfer_encoding(std::string_view value) {
  while (!value.empty()) {
    const std::string item = lower(next_item(value));
    if (item.empty() || item == "identity" || item == "chunked") continue;
    keep_first(foreign_transfer_encoding_, item.substr(0, limits::kVersionBytes));
  }
}

std::optional<Duration> ReplyHeaders::ttl() const {
  if (is_uncacheable_) return Duration(0);
  if (!max_age_ || *max_age_ == kForever) return max_age_;
  return std::max(*max_age_ - age_, Duration(0));
}

}  // namespace strata
