// Names, links of chains, and text that is cut between two characters.
#include "labels/cause_text.h"

#include <algorithm>
#include <cstring>

#include "core/utf8.h"
#include "strata/core/duration.h"

namespace strata {
namespace {

struct KindRow {
  std::string_view name;
  std::string_view prefix;  // of the text in a chain
};

constexpr std::array<KindRow, kCauseKindCount> kRows{{{"invalidate", ""},
                                                      {"put", "put "},
                                                      {"erase", "erase "},
                                                      {"expire", "expire "},
                                                      {"clear", "clear "},
                                                      {"purge", "purge "},
                                                      {"event", "event "},
                                                      {"rule", "rule "},
                                                      {"transaction", "transaction "},
                                                      {"outbox", "outbox "},
                                                      {"refresh", "refresh "},
                                                      {"dependency", "dependency "},
                                                      {"process", "pid "},
                                                      {"cli", "cli "}}};

const KindRow& row_of(CauseKind kind) { return kRows[static_cast<std::size_t>(kind)]; }

// What is cut ends in these, which stand for the rest.
constexpr std::string_view kCutMark = "...";
constexpr std::size_t kBytesBeforeCut = limits::kCauseTextBytes - kCutMark.size();

bool is_plain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= c >= 0x20 && c <= 0x7e;
  return plain;
}

// The size of the character that `text` begins with, or 0 if that cannot be shown.
std::size_t character_bytes(std::string_view text) {
  constexpr std::size_t kLongest = 4;
  for (std::size_t size = 1; size <= std::min(kLongest, text.size()); ++size) {
    if (internal::check_text(text.substr(0, size)) == internal::TextFault::kNone) return size;
  }
  return 0;
}

}  // namespace

std::string_view to_string(CauseKind kind) { return row_of(kind).name; }

std::size_t internal::keep_text(std::string_view text, char* out) {
  if (is_plain(text.substr(0, limits::kCauseTextBytes))) {
    if (text.size() <= limits::kCauseTextBytes) return text.copy(out, text.size());
    const std::size_t kept = text.copy(out, kBytesBeforeCut);
    return kept + kCutMark.copy(out + kept, kCutMark.size());
  }
  std::size_t size = 0;
  std::size_t size_if_cut = 0;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    const std::string_view shown = bytes == 0 ? std::string_view("?") : text.substr(0, bytes);
    if (size + shown.size() > limits::kCauseTextBytes) {
      return size_if_cut + kCutMark.copy(out + size_if_cut, kCutMark.size());
    }
    size += shown.copy(out + size, shown.size());
    if (size <= kBytesBeforeCut) size_if_cut = size;
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return size;
}

std::string internal::link_text(CauseKind kind, std::string_view text) {
  const KindRow& row = row_of(kind);
  return text.empty() ? std::string(row.name) : std::string(row.prefix).append(text);
}

std::string internal::age_text(WallTime at, WallTime now) {
  const std::int64_t most = std::chrono::duration_cast<std::chrono::milliseconds>(kForever).count();
  const std::int64_t age_ms = std::clamp<std::int64_t>(kept_ms(now) - kept_ms(at), 0, most - 1);
  return describe_duration(std::chrono::milliseconds(age_ms));
}

}  // namespace strata
