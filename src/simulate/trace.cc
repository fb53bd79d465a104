// Trace: the parser of text traces.
#include "simulate/trace.h"

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
constexpr std::string_view kBlanks = " \t\r,";
constexpr KeyNumber kNoKey = std::numeric_limits<KeyNumber>::max();

// The next word of `line`, which is shortened by it; empty if there is none.
std::string_view next_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return line = {};
  const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

// Numbers keys by their hashes: those whose 64 bits are equal count as one.
class KeyNumbers {
 public:
  explicit KeyNumbers(std::vector<std::uint64_t>& hashes) : hashes_(hashes) {}

  KeyNumber number_of(std::uint64_t hash) {
    if ((hashes_.size() + 1) * 2 > places_.size()) grow();
    KeyNumber& place = place_of(hash);
    if (place == kNoKey) {
      place = static_cast<KeyNumber>(hashes_.size());
      hashes_.push_back(hash);
    }
    return place;
  }

 private:
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
  std::vector<KeyNumber> places_;  // a power of two
};

class TraceParser {
 public:
  explicit TraceParser(Trace& trace) : trace_(trace), numbers_(trace.hashes) {}

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
    if (trace_.requests.empty()) return wrong("there is no request");
    return {};
  }

 private:
  Error wrong(const std::string& what) const {
    return {.code = ErrorCode::kCorrupt,
            .message = trace_.name + ":" + std::to_string(lines_ + 1) + ": " + what};
  }

  Result<void> take(std::string_view line) {
    if (line.size() > kLineBytesMax) return wrong("is longer than 64 KiB");
    const std::string_view whole = line;
    const std::string_view key = next_word(line);
    const std::string_view size = next_word(line);
    if (!key.empty() && key[0] != '#') {
      if (!next_word(line).empty()) {
        return wrong(internal::quoted(whole) + " is more than a key and a size");
      }
      if (Result<void> taken = request(key, size); !taken) return taken;
    }
    ++lines_;
    return {};
  }

  Result<void> request(std::string_view key, std::string_view size) {
    const bool is_sized = !size.empty();
    if (!trace_.requests.empty() && is_sized == trace_.sizes.empty()) {
      return wrong(is_sized ? "has a size, and earlier lines have none"
                            : "has no size, and earlier lines have one");
    }
    if (is_sized) {
      std::uint32_t bytes = 0;
      const auto [end, problem] = std::from_chars(size.data(), size.data() + size.size(), bytes);
      if (problem != std::errc() || end != size.data() + size.size()) {
        return wrong(internal::quoted(size) + " is no size in bytes below 4 GiB");
      }
      trace_.sizes.push_back(bytes);
    }
    if (trace_.hashes.size() == kNoKey) return wrong("there are too many keys");
    trace_.requests.push_back(numbers_.number_of(internal::hash64(key)));
    return {};
  }

  Trace& trace_;
  KeyNumbers numbers_;
  std::string begun_;  // a line whose end is yet to come
  std::uint64_t lines_ = 0;
};

}  // namespace

Result<Trace> read_trace(const std::string& path) {
  Trace trace;
  trace.name = path;
  TraceParser parser(trace);
  Result<void> read =
      read_compressed(path, [&](std::string_view bytes) { return parser.add(bytes); });
  if (read) read = parser.finish();
  if (!read) return read.error();
  return trace;
}

}  // namespace strata::simulate
