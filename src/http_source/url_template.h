// UrlTemplate: a URL with {placeholders}, into which no value can smuggle anything.
//
// Placeholders stand in the path and in the query. Their values are percent-encoded byte by
// byte, but for letters, digits and -._~; so a value is always one part of one path segment or
// of one query field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "strata/core/key.h"
#include "strata/core/result.h"

namespace strata {

struct ExpandedUrl {
  std::string url;
  std::string printable;  // without user, password and what looks like a secret; not too long
  std::vector<std::string> secrets;  // the values that `printable` does not have
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
  struct Piece {
    std::string text;  // of the URL, or the name of a placeholder
    bool is_placeholder = false;
  };
  std::vector<Piece> pieces_;
};

// Whether a parameter of this name had better not be shown: it contains token, key, secret, ...
[[nodiscard]] bool is_secret_name(std::string_view name);

// `url` fit for a message: user, password, values of secret names and, wherever they stand, the
// `secrets` become ***; what is longer than a few lines is cut.
[[nodiscard]] std::string redact_url(std::string_view url,
                                     const std::vector<std::string>& secrets = {});

}  // namespace strata
