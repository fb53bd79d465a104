// UrlTemplate: a URL with {placeholders}, into which no value can smuggle anything.
//
// Placeholders stand in the path and in the query. Their values are percent-encoded byte by
// byte, but for letters, digits and -._~; so a value is always one part of one path segment or
// of one query field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http_source/printable_url.h"
#include "strata/core/key.h"
#include "strata/core/result.h"

namespace strata {

struct ExpandedUrl {
  std::string url;
  std::string printable;             // the template, for messages; see printable_url.h
  std::vector<std::string> secrets;  // what should not be shown either if a server repeats it
};

// Immutable once parsed.
class UrlTemplate {
 public:
  // kRejected, saying what is wrong. Whether there is such a host is not looked at.
  [[nodiscard]] static Result<UrlTemplate> parse(std::string_view text);

  // The names of the placeholders, each once.
  [[nodiscard]] std::vector<std::string> names() const;

  // kRejected for a value with CR, LF or NUL, for an empty one in the path or one that makes a
  // segment "." or "..", and for a URL longer than kHttpUrlBytes. Precondition: `params` has
  // every name.
  [[nodiscard]] Result<ExpandedUrl> expand(const Params& params) const;

 private:
  std::vector<UrlPiece> pieces_;
  std::string printable_;
  std::vector<std::string> secrets_;  // of the template's own text
};

}  // namespace strata
