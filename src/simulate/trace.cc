// Trace: the parser of text traces.
#include "simulate/trace.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "core/hash.h"
#include "core/quote.h"
#include "simulate/compressed_file.h"

namespace strata::simulate {
namespace {

constexpr std::size_t kLineBytesMax = 64 * 1024;
constexpr std::string_view kBlanks = " \t\r";
constexpr KeyNumber kNoKey = std::numeric_limits<KeyNumber>::max();

// A key, a size, a cost, and what is too much.
using Fields = std::array<std::string_view, 4>;

// The next word of `line`, which is shortened by it; empty if there is none.
std::string_view next_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return line = {};
  const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

// What stands before the next comma of `line`, which is shortened by both.
std::string_view next_field(std::string_view& line) {
  const std::size_t comma = std::min(line.find(','), line.size());
  const std::string_view field = without_blanks(line.substr(0, comma));
  line.remove_prefix(std::min(comma + 1, line.size()));
  return field;
}

// Numbers keys by their hashes: those whose 64 bits are equal count as one. They are looked up
// many at a time, so that memory is fetched for all of them at once.
class KeyNumbers {
 public:
  KeyNumbers(std::vector<std::uint64_t>& hashes, std::vector<KeyNumber>& requests)
      : hashes_(hashes), requests_(requests) {}

  // The request of a key: its number is there after flush() at the latest.
  void add(std::uint64_t hash) {
    waiting_[waiting_count_++] = hash;
    if (waiting_count_ == waiting_.size()) flush();
  }
  void flush() {
    if (!places_.empty()) {
      const std::size_t mask = places_.size() - 1;
      for (std::size_t i = 0; i < waiting_count_; ++i) {
        __builtin_prefetch(&places_[waiting_[i] & mask]);
      }
      for (std::size_t i = 0; i < waiting_count_; ++i) {
        const KeyNumber first = places_[waiting_[i] & mask];
        if (first != kNoKey) __builtin_prefetch(&hashes_[first]);
      }
    }
    for (std::size_t i = 0; i < waiting_count_; ++i) requests_.push_back(number_of(waiting_[i]));
    waiting_count_ = 0;
  }
  // Of all keys so far, and of those whose requests wait.
  [[nodiscard]] std::size_t most() const { return hashes_.size() + waiting_count_; }

 private:
  KeyNumber number_of(std::uint64_t hash) {
    if ((hashes_.size() + 1) * 2 > places_.size()) grow();
    KeyNumber& place = place_of(hash);
    if (place == kNoKey) {
      place = static_cast<KeyNumber>(hashes_.size());
      hashes_.push_back(hash);
    }
    return place;
  }

  KeyNumber& place_of(std::uint64_t hash) {
    const std::size_t mask = places_.size() - 1;
    std::size_t at = hash & mask;
    while (places_[at] != kNoKey && hashes_[places_[at]] != hash) at = (at + 1) & mask;
    return places_[at];
  }

  void grow() {
    places_.assign(places_.empty() ? 1024 : places_.size() * 2, kNoKey);
    for (KeyNumber i = 0; i < hashes_.size(); ++i) place_of(hashes_[i]) = i;
  }

  std::vector<std::uint64_t>& hashes_;
  std::vector<KeyNumber>& requests_;
  std::vector<KeyNumber> places_;  // a power of two
  std::array<std::uint64_t, 32> waiting_{};
  std::size_t waiting_count_ = 0;
};

class TraceParser {
 public:
  TraceParser(Trace& trace, Separator separator)
      : trace_(trace), separator_(separator), numbers_(trace.hashes, trace.requests) {}

  Result<void> add(std::string_view bytes) {
    for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos;) {
      const std::string_view rest = bytes.substr(0, end);
      bytes.remove_prefix(end + 1);
      if (begun_.empty()) {
        if (Result<void> taken = take(rest); !taken) return taken;
        continue;
      }
      begun_ += rest;
      if (Result<void> taken = take(begun_); !taken) return taken;
      begun_.clear();
    }
    begun_ += bytes;
    if (begun_.size() > kLineBytesMax) return wrong("is longer than 64 KiB");
    return {};
  }

  Result<void> finish() {
    if (!begun_.empty()) {
      if (Result<void> taken = take(begun_); !taken) return taken;
    }
    numbers_.flush();
    if (trace_.requests.empty()) return wrong("there is no request");
    return {};
  }

 private:
  Error wrong(const std::string& what) const {
    return {.code = ErrorCode::kRejected,
            .message = trace_.name + ":" + std::to_string(lines_ + 1) + ": " + what};
  }

  Result<void> take(std::string_view line) {
    if (line.size() > kLineBytesMax) return wrong("is longer than 64 KiB");
    const Result<Fields> fields =
        separator_ == Separator::kBlanks ? words_of(line) : fields_of(line);
    if (!fields) return fields.error();
    const auto& [key, size, cost, more] = *fields;
    if (!key.empty()) {
      if (!more.empty()) {
        return wrong(internal::quoted(line) + " is more than a key, a size and a cost");
      }
      if (Result<void> taken = request(key, size, cost); !taken) return taken;
    }
    ++lines_;
    return {};
  }

  // Of a line that says nothing the key is empty.
  static Result<Fields> words_of(std::string_view line) {
    Fields fields;
    for (std::string_view& field : fields) field = next_word(line);
    return fields[0].starts_with('#') ? Fields() : fields;
  }

  Result<Fields> fields_of(std::string_view line) const {
    Fields fields;
    std::string_view rest = without_blanks(line);
    if (rest.empty() || rest.starts_with('#')) return fields;
    const auto count = 1 + static_cast<std::size_t>(std::count(rest.begin(), rest.end(), ','));
    for (std::size_t i = 0; i < std::min(count, fields.size()); ++i) {
      fields[i] = next_field(rest);
      if (fields[i].empty()) return wrong(internal::quoted(line) + " has an empty field");
    }
    return fields;
  }

  Result<void> request(std::string_view key, std::string_view size, std::string_view cost) {
    if (Result<void> taken = number(size, trace_.sizes, "size", "bytes below 4 GiB"); !taken) {
      return taken;
    }
    if (Result<void> taken = number(cost, trace_.costs, "cost", "microseconds below 2^32");
        !taken) {
      return taken;
    }
    if (numbers_.most() >= kNoKey) return wrong("there are too many keys");
    numbers_.add(internal::hash64(key));
    has_request_ = true;
    return {};
  }

  // A word that every request has, or none.
  Result<void> number(std::string_view word, std::vector<std::uint32_t>& column,
                      const std::string& name, const std::string& unit) {
    const bool is_there = !word.empty();
    if (has_request_ && is_there == column.empty()) {
      return wrong(is_there ? "has a " + name + ", and earlier lines have none"
                            : "has no " + name + ", and earlier lines have one");
    }
    if (!is_there) return {};
    std::uint32_t value = 0;
    const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (problem != std::errc() || end != word.data() + word.size()) {
      return wrong(internal::quoted(word) + " is no " + name + " in " + unit);
    }
    column.push_back(value);
    return {};
  }

  Trace& trace_;
  const Separator separator_;
  KeyNumbers numbers_;
  std::string begun_;  // a line whose end is yet to come
  std::uint64_t lines_ = 0;
  bool has_request_ = false;
};

}  // namespace

Result<Trace> read_trace(const std::string& path, Separator separator) {
  Trace trace;
  trace.name = path == "-" ? "standard input" : path;
  TraceParser parser(trace, separator);
  Result<void> read =
      read_compressed(path, [&](std::string_view bytes) { return parser.add(bytes); });
  if (read) read = parser.finish();
  if (!read) return read.error();
  return trace;
}

}  // namespace strata::simulate
