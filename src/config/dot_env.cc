// The lines of a `.env` file. Each stands for itself: a problem ends with its line.
#include "config/dot_env.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "config/document.h"
#include "config/text_check.h"
#include "config/text_file.h"
#include "config/variables.h"

namespace strata::internal {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kExport = "export";

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

class Parser {
 public:
  explicit Parser(const std::string& file) { result_.file = file; }

  DotEnv parse(std::string_view text) {
    if (text.size() > kDotEnvBytes) {
      line_ = 0;
      problem(0, "is larger than " + std::to_string(kDotEnvBytes) + " bytes, the most it may have");
      return std::move(result_);
    }
    if (const auto wrong = check_config_text(text)) {
      result_.problems.push_back(located(result_.file, wrong->place, wrong->message));
      return std::move(result_);
    }
    text = without_byte_order_mark(text);
    while (!text.empty() && result_.problems.size() < kDotEnvProblems) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      whole_line_ = text.substr(0, end);
      if (whole_line_.ends_with('\r')) whole_line_.remove_suffix(1);
      ++line_;
      read_line();
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(result_);
  }

 private:
  void read_line() {
    std::string_view rest = without_blanks(whole_line_);
    if (const std::size_t at = whole_line_.find('\r'); at != std::string_view::npos) {
      return problem_at(whole_line_.substr(at),
                        "a carriage return ends no line; write a line feed");
    }
    if (rest.empty() || rest.starts_with('#')) return;
    const bool is_exported = rest.starts_with(kExport) && rest.size() > kExport.size() &&
                             kBlanks.find(rest[kExport.size()]) != std::string_view::npos;
    if (is_exported) rest = without_blanks(rest.substr(kExport.size()));

    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return problem_at(rest, "has no =; write NAME=value");
    const std::string_view name = without_blanks(rest.substr(0, equals));
    // Not shown: it may be a line of a value that began above.
    if (!is_variable_name(name)) {
      return problem_at(rest, "what stands before the = is not a name; write at most " +
                                  std::to_string(kVariableNameBytes) +
                                  " letters, digits and _, not beginning with a digit");
    }
    name_ = name;
    const auto [first, is_new] = lines_.emplace(name_, line_);
    if (!is_new) {
      return problem_at(
          rest, name_ + " is given twice; the first is in line " + std::to_string(first->second));
    }
    auto value = read_value(without_blanks(rest.substr(equals + 1)));
    if (value) result_.variables.emplace(name_, *std::move(value));
  }

  std::optional<std::string> read_value(std::string_view text) {
    if (text.starts_with('"')) return read_double_quoted(text);
    if (text.starts_with('\'')) {
      const std::size_t end = text.find('\'', 1);
      if (end == std::string_view::npos) return unclosed(text);
      if (!ends_well(text.substr(end + 1))) return std::nullopt;
      return std::string(text.substr(1, end - 1));
    }
    if (text.starts_with('#')) return std::string();
    for (std::size_t hash = text.find('#'); hash != std::string_view::npos;
         hash = text.find('#', hash + 1)) {
      if (kBlanks.find(text[hash - 1]) == std::string_view::npos) continue;
      return std::string(without_blanks(text.substr(0, hash)));
    }
    return std::string(text);
  }

  std::optional<std::string> read_double_quoted(std::string_view text) {
    std::string value;
    for (std::size_t at = 1; at < text.size(); ++at) {
      if (text[at] == '"') {
        if (!ends_well(text.substr(at + 1))) return std::nullopt;
        return value;
      }
      if (text[at] != '\\') {
        value += text[at];
        continue;
      }
      const char next = at + 1 < text.size() ? text[at + 1] : '\0';
      if (next != 'n' && next != '"' && next != '\\') {
        problem_at(text.substr(at), name_ + R"( has a \ that begins no escape; write \\, \" or \n,)"
                                            " or put the value between single quotes");
        return std::nullopt;
      }
      value += next == 'n' ? '\n' : next;
      ++at;
    }
    return unclosed(text);
  }

  // Whether nothing but a comment stands behind a closing quote.
  bool ends_well(std::string_view rest) {
    const std::string_view text = without_blanks(rest);
    if (text.empty() || (text.starts_with('#') && text.data() != rest.data())) return true;
    problem_at(text, "something stands behind the closing quote of " + name_ +
                         "; write nothing there, or a comment after a blank");
    return false;
  }

  std::optional<std::string> unclosed(std::string_view text) {
    problem_at(text, "the quote that begins the value of " + name_ +
                         " is not closed on its line; write a line feed in it as \\n");
    return std::nullopt;
  }

  // `part` is where it stands in the line.
  void problem_at(std::string_view part, const std::string& message) {
    const auto bytes = static_cast<std::size_t>(part.data() - whole_line_.data());
    const std::string_view before = whole_line_.substr(0, bytes);
    // In characters: bytes that continue one are not counted.
    const auto columns = std::count_if(before.begin(), before.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    });
    problem(static_cast<std::size_t>(columns) + 1, message);
  }

  void problem(std::size_t column, const std::string& message) {
    result_.problems.push_back(located(result_.file, {line_, column}, message));
  }

  DotEnv result_;
  std::string_view whole_line_;
  std::size_t line_ = 0;
  std::string name_;                          // that is being read
  std::map<std::string, std::size_t> lines_;  // where each name is given first
};

}  // namespace

DotEnv parse_dot_env(std::string_view text, const std::string& file) {
  return Parser(file).parse(text);
}

DotEnv load_dot_env(const std::string& config_file) {
  const std::filesystem::path path = std::filesystem::path(config_file).parent_path() / ".env";
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  const auto read = read_text_file(path.string(), kDotEnvBytes);
  if (!read) return {.file = path.string(), .variables = {}, .problems = {read.error().message}};
  if (!*read) return {};
  DotEnv parsed = parse_dot_env((*read)->text, path.string());
  parsed.others_read = (*read)->others_read;
  return parsed;
}

}  // namespace strata::internal
