// Sizes: parsing, and what percentages mean.
#include "simulate/sizes.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <string>

#include "core/byte_size.h"
#include "core/quote.h"

namespace strata::simulate {
namespace {

bool is_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<Size> parse_size(std::string_view text, bool size_is_bytes) {
  const bool is_bytes = !size_is_bytes && !text.ends_with('%') && internal::parse_byte_size(text);
  const Error wrong{
      .code = ErrorCode::kRejected,
      .message = internal::quoted(text) +
                 (size_is_bytes ? " is no size; sizes are bytes, perhaps as 64MiB, or percentages "
                                  "like 5%"
                  : is_bytes ? " is no size in entries; sizes are numbers, or percentages like 5%, "
                               "unless they are --by bytes"
                             : " is no size; sizes are numbers, or percentages like 5%")};
  Size size;
  if (text.ends_with('%')) {
    const std::string_view number = text.substr(0, text.size() - 1);
    const auto [end, problem] =
        std::from_chars(number.data(), number.data() + number.size(), size.percent);
    if (problem != std::errc() || end != number.data() + number.size()) return wrong;
    if (!(size.percent > 0 && size.percent <= 100)) return wrong;
    return size;
  }
  if (size_is_bytes && !is_digits(text)) {
    const std::optional<std::int64_t> bytes = internal::parse_byte_size(text);
    if (!bytes || *bytes <= 0) return wrong;
    size.amount = static_cast<std::uint64_t>(*bytes);
    return size;
  }
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), size.amount);
  if (problem != std::errc() || end != text.data() + text.size() || size.amount == 0) return wrong;
  return size;
}

}  // namespace

Result<std::vector<Size>> parse_sizes(std::string_view text, bool size_is_bytes) {
  std::vector<Size> sizes;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const Result<Size> size = parse_size(text.substr(0, comma), size_is_bytes);
    if (!size) return size.error();
    sizes.push_back(*size);
    if (comma == text.size()) return sizes;
    text.remove_prefix(comma + 1);
  }
}

std::uint64_t whole_size(const Trace& trace, bool size_is_bytes, std::uint64_t overhead) {
  if (!size_is_bytes || trace.sizes.empty()) return trace.keys();
  std::vector<std::uint64_t> last(trace.keys());
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    last[trace.requests[i]] = trace.sizes[i];
  }
  return std::accumulate(last.begin(), last.end(), overhead * trace.keys());
}

std::vector<std::uint64_t> sizes_for(const std::vector<Size>& sizes, std::uint64_t whole) {
  std::vector<std::uint64_t> out;
  for (const Size& size : sizes) {
    const auto part = static_cast<std::uint64_t>(size.percent / 100 * static_cast<double>(whole));
    out.push_back(std::max<std::uint64_t>(1, size.percent > 0 ? part : size.amount));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace strata::simulate
