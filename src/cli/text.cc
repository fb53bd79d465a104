#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codecs/utf8.h"

namespace strata::cli {
namespace {

// The code point of a well-formed sequence.
std::uint32_t code_point(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead;
  std::uint32_t point = lead & (0x7fu >> sequence.size());
  for (const char byte : sequence.substr(1)) {
    point = (point << 6) | (static_cast<unsigned char>(byte) & 0x3fu);
  }
  return point;
}

// Control characters, and those that change the direction of what follows or are invisible.
bool is_unsafe(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x2069) ||
         point == 0xfeff;
}

// The value of a base64 digit; -1 for anything else.
int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

std::string describe_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // Not 1024: "1,023.99 KiB" would be rounded to "1024.0 KiB".
  while (amount >= 1023.95 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", amount, amount < 9.995 ? 2 : 1, kUnits[unit]);
}

std::string describe_count(std::uint64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string describe_count(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", describe_count(count), count == 1 ? one : many);
}

void write_share(JsonWriter& writer, std::string_view name, std::uint64_t part,
                 std::uint64_t whole) {
  writer.key(name);
  if (whole == 0) {
    writer.null();
  } else {
    writer.value(static_cast<double>(part) / static_cast<double>(whole));
  }
}

std::string describe_share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.1f} %", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string printable(std::string_view text, bool lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_length(text);
    if (size == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    const std::string_view sequence = text.substr(0, size);
    const std::uint32_t point = code_point(sequence);
    if (lines && (point == '\n' || point == '\t')) {
      out += sequence;
    } else if (point == '\n') {
      out += "\\n";
    } else if (point == '\t') {
      out += "\\t";
    } else if (point < 0x80 && is_unsafe(point)) {
      out += fmt::format("\\x{:02x}", point);
    } else if (is_unsafe(point)) {
      out += fmt::format("\\u{{{:04x}}}", point);
    } else {
      out += sequence;
    }
    text.remove_prefix(size);
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kGroupBytes = 3;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += kGroupBytes) {
    const std::string_view group = bytes.substr(at, kGroupBytes);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kGroupBytes; ++i) {
      bits = (bits << 8) | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0u);
    }
    for (std::size_t i = 0; i <= kGroupBytes; ++i) {
      out += i <= group.size() ? kDigits[(bits >> (18 - 6 * i)) & 63u] : '=';
    }
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::size_t kGroup = 4;
  if (text.size() % kGroup != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / kGroup * 3);
  for (std::size_t at = 0; at < text.size(); at += kGroup) {
    const std::size_t digits = text[at + 2] == '=' ? 2 : text[at + 3] == '=' ? 3 : kGroup;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kGroup; ++i) {
      const int digit = i < digits ? digit_of(text[at + i]) : 0;
      if (digit < 0 || (i >= digits && text[at + i] != '=')) return std::nullopt;
      bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    }
    if (digits < kGroup && at + kGroup != text.size()) return std::nullopt;
    for (std::size_t i = 0; i + 1 < digits; ++i) {
      out += static_cast<char>((bits >> (16 - 8 * i)) & 0xffu);
    }
    // Bits that no byte has: two texts would stand for the same bytes.
    if (digits < kGroup && (bits & ((1u << (8 * (kGroup - digits))) - 1)) != 0) return std::nullopt;
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
  }));
}

std::string fit(std::string_view text, std::size_t columns) {
  constexpr std::string_view kCut = "...";
  if (columns_of(text) <= columns) return std::string(text);
  const std::size_t kept = columns > kCut.size() ? columns - kCut.size() : 0;
  std::size_t end = 0;
  for (std::size_t column = 0; column < kept; ++column) {
    end += std::max<std::size_t>(1, utf8_sequence_length(text.substr(end)));
  }
  return std::string(text.substr(0, end)) + std::string(kCut.substr(0, columns - kept));
}

}  // namespace strata::cli
