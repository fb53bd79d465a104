// The canonical text of JSON: nlohmann's parser tells what it reads, and it is written here.
#include "codecs/json_canonical.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "strata/codecs/json.h"
#include "strata/codecs/json_writer.h"

namespace strata {

namespace {

// Writes events of the parser as canonical text, into one buffer.
//
// Invariants:
// (1) Every closed object in `out` is canonical; so is every finished value.
// (2) members[k] of an open object begins where member k's name does in `out`; member k ends
//     one byte, the comma, before member k + 1 begins, and the last at the end of `out`.
//
// Members are written as they come. When an object closes and they were not in order, its part
// of the buffer is written again; by (1) that is a matter of copying. An object that arrives in
// order costs nothing more, and one that does not costs a copy per level it is nested in.
class CanonicalWriter {
 public:
  [[nodiscard]] std::string take() { return std::move(out_); }
  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool null() { return literal("null"); }
  bool boolean(bool value) { return literal(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return literal(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) { return literal(std::to_string(value)); }

  // `written` is the number as it stood in the text, except that the parser replaces the point
  // by that of the process's locale.
  bool number_float(double, const std::string& written) {
    begin_value();
    for (const char c : written) {
      const bool is_of_number =
          (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e' || c == 'E';
      out_ += is_of_number ? c : '.';
    }
    return true;
  }

  bool string(const std::string& value) {
    begin_value();
    append_json_string(out_, value);
    return true;
  }

  bool binary(const std::vector<std::uint8_t>&) { return false; }  // not in JSON

  bool start_object(std::size_t) { return open('{'); }
  bool start_array(std::size_t) { return open('['); }

  bool key(const std::string& name) {
    Frame& frame = frames_.back();
    if (!frame.members.empty()) out_ += ',';
    frame.members.push_back({.begin = out_.size(), .name_size = 0});
    append_json_string(out_, name);
    frame.members.back().name_size = out_.size() - frame.members.back().begin;
    out_ += ':';
    return true;
  }

  bool end_object() {
    put_in_order(frames_.back());
    out_ += '}';
    frames_.pop_back();
    return true;
  }

  bool end_array() {
    out_ += ']';
    frames_.pop_back();
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& e) {
    // The parser's own text quotes what it last read, which may be long or secret.
    const bool is_number = e.id == 406;
    problem_ = (is_number ? "number out of range before byte " : "not JSON at byte ") +
               std::to_string(position);
    return false;
  }

 private:
  struct Member {
    std::size_t begin = 0;
    std::size_t name_size = 0;  // quotes included
  };
  struct Frame {
    bool is_object = false;
    bool has_items = false;  // of an array
    std::vector<Member> members;
    std::size_t begin = 0;  // after the bracket
  };

  void begin_value() {
    if (frames_.empty() || frames_.back().is_object) return;
    if (frames_.back().has_items) out_ += ',';
    frames_.back().has_items = true;
  }

  bool literal(std::string_view text) {
    begin_value();
    out_ += text;
    return true;
  }

  bool open(char bracket) {
    if (frames_.size() >= kJsonDepth) {
      problem_ = "nested deeper than " + std::to_string(kJsonDepth) + " levels";
      return false;
    }
    begin_value();
    out_ += bracket;
    frames_.push_back(
        {.is_object = bracket == '{', .has_items = false, .members = {}, .begin = out_.size()});
    return true;
  }

  // The name as it is written between its quotes.
  [[nodiscard]] std::string_view name_of(const Member& member) const {
    return std::string_view(out_).substr(member.begin + 1, member.name_size - 2);
  }

  void put_in_order(const Frame& frame) {
    const std::vector<Member>& members = frame.members;
    const auto not_before = [this](const Member& a, const Member& b) {
      return name_of(a) >= name_of(b);
    };
    const auto wrong = std::adjacent_find(members.begin(), members.end(), not_before);
    if (wrong == members.end()) return;

    std::vector<std::size_t> order(members.size());
    for (std::size_t index = 0; index < order.size(); ++index) order[index] = index;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return name_of(members[a]) < name_of(members[b]);
    });

    std::string sorted;
    sorted.reserve(out_.size() - frame.begin);
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      const Member& member = members[order[rank]];
      const bool is_repeated =
          rank + 1 < order.size() && name_of(members[order[rank + 1]]) == name_of(member);
      if (is_repeated) continue;  // The last one wins; the sort is stable.
      if (!sorted.empty()) sorted += ',';
      const bool is_last = order[rank] + 1 == members.size();
      const std::size_t end = is_last ? out_.size() : members[order[rank] + 1].begin - 1;
      sorted.append(out_, member.begin, end - member.begin);
    }
    out_.replace(frame.begin, std::string::npos, sorted);
  }

  std::string out_;
  std::vector<Frame> frames_;
  std::string problem_;
};

}  // namespace

Result<std::string> canonical_json(std::string_view text) {
  if (text.size() > kJsonBytes) {
    return Error{ErrorCode::kRejected,
                 "JSON of " + std::to_string(text.size()) + " bytes is longer than " +
                     std::to_string(kJsonBytes),
                 {}};
  }
  CanonicalWriter writer;
  const char* begin = text.data();
  if (!nlohmann::json::sax_parse(begin, begin + text.size(), &writer)) {
    return Error{ErrorCode::kRejected, writer.problem(), {}};
  }
  return writer.take();
}

std::size_t json_value_end(std::string_view canonical, std::size_t begin) {
  std::size_t depth = 0;
  for (std::size_t at = begin; at < canonical.size(); ++at) {
    switch (canonical[at]) {
      case '"':
        for (++at; canonical[at] != '"'; ++at) {
          if (canonical[at] == '\\') ++at;
        }
        if (depth == 0) return at + 1;
        break;
      case '[':
      case '{':
        ++depth;
        break;
      case ']':
      case '}':
        if (depth == 0) return at;  // A number or word ended here.
        if (--depth == 0) return at + 1;
        break;
      case ',':
        if (depth == 0) return at;
        break;
      default:
        break;
    }
  }
  STRATA_ASSERT(depth == 0);
  return canonical.size();
}

}  // namespace strata
