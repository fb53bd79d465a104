#include "core/byte_size.h"

#include <array>
#include <charconv>

namespace strata::internal {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t bytes;
};

// Those that sizes are written with come first, from the largest down.
constexpr std::array<Unit, 6> kUnits = {Unit{"GiB", 1LL << 30}, {"MiB", 1LL << 20},
                                        {"KiB", 1LL << 10},     {"GB", 1'000'000'000},
                                        {"MB", 1'000'000},      {"kB", 1'000}};
constexpr std::size_t kWrittenUnits = 3;

}  // namespace

std::optional<std::int64_t> parse_whole_number(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.starts_with('0') && text != "0") return std::nullopt;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number);
  if (code == std::errc::result_out_of_range && stop == end) {
    return text.starts_with('-') ? INT64_MIN : INT64_MAX;
  }
  if (code != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<std::int64_t> parse_byte_size(std::string_view text) {
  std::int64_t factor = 1;
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    text.remove_suffix(unit.name.size());
    if (text.ends_with(' ')) text.remove_suffix(1);
    factor = unit.bytes;
    break;
  }
  const auto number = parse_whole_number(text);
  if (!number) return std::nullopt;
  std::int64_t bytes = 0;
  if (!__builtin_mul_overflow(*number, factor, &bytes)) return bytes;
  return *number < 0 ? INT64_MIN : INT64_MAX;
}

std::string format_byte_size(std::int64_t bytes) {
  for (std::size_t index = 0; index < kWrittenUnits; ++index) {
    const Unit& unit = kUnits[index];
    if (bytes >= unit.bytes && bytes % unit.bytes == 0) {
      return std::to_string(bytes / unit.bytes).append(unit.name);
    }
  }
  return std::to_string(bytes);
}

}  // namespace strata::internal
