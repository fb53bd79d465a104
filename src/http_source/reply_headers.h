// ReplyHeaders: what a source needs to know of an HTTP reply's headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strata/core/time.h"

namespace strata {

class ReplyHeaders {
 public:
  // One line, with or without its line end. Lines that are not headers are ignored.
  void add(std::string_view line);

  // As received, at most limits::kVersionBytes long; longer ones are as good as none.
  [[nodiscard]] const std::string& etag() const { return etag_; }
  [[nodiscard]] const std::string& last_modified() const { return last_modified_; }
  [[nodiscard]] const std::string& content_type() const { return content_type_; }
  [[nodiscard]] const std::string& retry_after() const { return retry_after_; }

  // How long the reply may be kept from now on, if the server says so; see http_source.h.
  [[nodiscard]] std::optional<Duration> ttl() const;

  // What the server announces for the body as it is sent; 0 if it does not.
  [[nodiscard]] std::uint64_t content_length() const { return content_length_; }

  // The content encodings but identity, in lower case, joined by ", "; cut if there are too many.
  [[nodiscard]] const std::string& content_encoding() const { return content_encoding_; }

  // A transfer encoding other than chunked, or "". None was asked for.
  [[nodiscard]] const std::string& foreign_transfer_encoding() const {
    return foreign_transfer_encoding_;
  }

 private:
  void add_cache_control(std::string_view value);
  void add_content_encoding(std::string_view value);
  void add_transfer_encoding(std::string_view value);

  std::string etag_;
  std::string last_modified_;
  std::string content_type_;
  std::string retry_after_;
  std::string content_encoding_;
  std::string foreign_transfer_encoding_;
  std::uint64_t content_length_ = 0;
  std::optional<Duration> max_age_;
  Duration age_{0};
  bool is_uncacheable_ = false;
};

}  // namespace strata
