// URLs in messages: their shape, and of their text only what is not likely to be a secret.
//
// A message shows scheme, host and port, the path, and the names of the query's fields. It shows
// *** for user and password, for the text of the query's values, and for a segment of the path
// that may be a token: one of 16 characters or more with a digit among them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace strata {

// A part of a URL template.
struct UrlPiece {
  std::string text;  // of the URL, or the name of a placeholder
  bool is_placeholder = false;
};

struct PrintableUrl {
  std::string text;                        // without control characters; long ones are cut
  std::vector<std::string> hidden_values;  // the text of the query's values
};

// A template as it was written, with {name} for its placeholders.
[[nodiscard]] PrintableUrl printable_template(const std::vector<UrlPiece>& pieces);

// A URL that a server sent. The `secrets` become *** wherever it repeats them.
[[nodiscard]] std::string printable_redirect(std::string_view url,
                                             const std::vector<std::string>& secrets);

// A URL for those who wrote it themselves: only user, password and values of secret names are
// hidden.
[[nodiscard]] std::string redact_url(std::string_view url);

// Whether a parameter of this name had better not be shown: it contains token, key, secret, ...
[[nodiscard]] bool is_secret_name(std::string_view name);

}  // namespace strata
