// Taking URLs apart for messages, character by character: they may be anything a server sends.
#include "http_source/printable_url.h"

#include <algorithm>
#include <array>
#include <utility>

namespace strata {

namespace {

constexpr std::string_view kHidden = "***";
constexpr std::size_t kPrintableBytes = 300;

// A path may have a token in it, too: "/bot123456:ABC-DEF/send".
constexpr std::size_t kTokenBytes = 16;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Longer ones first: one may be part of another.
std::string hide(std::string_view text, std::vector<std::string> secrets) {
  std::sort(secrets.begin(), secrets.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  std::string out(text);
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = out.find(secret); at != std::string::npos;
         at = out.find(secret, at + kHidden.size())) {
      out.replace(at, secret.size(), kHidden);
    }
  }
  return out;
}

// Takes scheme and authority off `url`; what is before an @ is hidden.
void append_origin(std::string& out, std::string_view& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos || url.find_first_of("?#") < scheme) return;
  const std::size_t authority = scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", authority), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  const bool has_user = at != std::string_view::npos && at >= authority;
  out += url.substr(0, authority);
  if (has_user) out += kHidden;
  const std::size_t host = has_user ? at : authority;
  out += url.substr(host, end - host);
  url.remove_prefix(end);
}

std::string fit_for_message(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }, '?');
  if (text.size() > kPrintableBytes) {
    text.resize(kPrintableBytes);
    text += "...";
  }
  return text;
}

bool may_be_token(std::string_view segment) {
  return segment.size() >= kTokenBytes &&
         std::any_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Where in a URL the text goes on, and what is to be shown of the text so far.
class Printer {
 public:
  void append_placeholder(std::string_view name) { text_.append("{").append(name).append("}"); }
  void append(std::string_view literal) {
    if (part_ == Part::kOrigin) {
      append_origin(text_, literal);
      part_ = Part::kPath;
    }
    if (part_ == Part::kPath) {
      const std::size_t query = std::min(literal.find_first_of("?#"), literal.size());
      append_path(literal.substr(0, query));
      if (query == literal.size()) return;
      text_ += literal[query];
      literal.remove_prefix(query + 1);
      part_ = Part::kName;
    }
    append_query(literal);
  }
  [[nodiscard]] PrintableUrl result() const { return {fit_for_message(text_), hidden_values_}; }

 private:
  enum class Part { kOrigin, kPath, kName, kValue };

  void append_path(std::string_view path) {
    while (true) {
      const std::size_t end = std::min(path.find('/'), path.size());
      const std::string_view segment = path.substr(0, end);
      text_ += may_be_token(segment) ? kHidden : segment;
      if (end == path.size()) return;
      text_ += '/';
      path.remove_prefix(end + 1);
    }
  }

  // A name is what an equals sign follows; all else could be a value.
  void append_query(std::string_view query) {
    while (true) {
      const std::size_t end = std::min(query.find('&'), query.size());
      std::string_view field = query.substr(0, end);
      const std::size_t equals = field.find('=');
      if (part_ == Part::kName && equals != std::string_view::npos) {
        text_ += field.substr(0, equals + 1);
        field.remove_prefix(equals + 1);
        part_ = Part::kValue;
      }
      if (!field.empty()) {
        text_ += kHidden;
        hidden_values_.emplace_back(field);
      }
      if (end == query.size()) return;
      text_ += '&';
      query.remove_prefix(end + 1);
      part_ = Part::kName;
    }
  }

  Part part_ = Part::kOrigin;
  std::string text_;
  std::vector<std::string> hidden_values_;
};

}  // namespace

PrintableUrl printable_template(const std::vector<UrlPiece>& pieces) {
  Printer printer;
  for (const UrlPiece& piece : pieces) {
    piece.is_placeholder ? printer.append_placeholder(piece.text) : printer.append(piece.text);
  }
  return printer.result();
}

bool is_secret_name(std::string_view name) {
  std::string lowered(name);
  for (char& c : lowered) c = lower(c);
  constexpr std::array<std::string_view, 13> kSecretWords{
      "token",   "key", "secret", "pass", "auth",   "credential", "signature",
      "session", "sig", "pwd",    "dsn",  "cookie", "bearer"};
  return std::any_of(kSecretWords.begin(), kSecretWords.end(), [&](std::string_view word) {
    return lowered.find(word) != std::string::npos;
  });
}

std::string redact_url(std::string_view url) {
  std::string out;
  append_origin(out, url);
  const std::size_t query = std::min(url.find('?'), url.size());
  out += url.substr(0, query);
  url.remove_prefix(query);
  while (!url.empty()) {
    const std::size_t end = std::min(url.find_first_of("&;#", 1), url.size());
    const std::string_view field = url.substr(0, end);  // with its ? or &
    const std::size_t equals = std::min(field.find('='), field.size());
    const bool is_hidden = equals < field.size() && is_secret_name(field.substr(1, equals - 1));
    out += is_hidden ? field.substr(0, equals + 1) : field;
    if (is_hidden) out += kHidden;
    url.remove_prefix(end);
  }
  return fit_for_message(std::move(out));
}

std::string printable_redirect(std::string_view url, const std::vector<std::string>& secrets) {
  Printer printer;
  printer.append(hide(url, secrets));
  return printer.result().text;
}

}  // namespace strata
