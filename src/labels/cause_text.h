// What causes are called, and text of callers made fit to be kept and shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "strata/core/limits.h"
#include "strata/labels/cause.h"

namespace strata::internal {

// Writes `text` to `out`, which has room for limits::kCauseTextBytes, and returns its size: UTF-8
// without control characters; what is not becomes '?', and what is too long ends in "...".
std::size_t keep_text(std::string_view text, char* out);

// The cause as a link of a chain: "tag org:7", "rule issue-write", "pid 4711", "clear".
[[nodiscard]] std::string link_text(CauseKind kind, std::string_view text);

// What is stored of a time: 48 bits of milliseconds, which is 4,000 years either way.
inline constexpr std::int64_t kLatestMs = (std::int64_t{1} << 47) - 1;
[[nodiscard]] constexpr std::int64_t kept_ms(WallTime at) {
  return at.unix_ms > kLatestMs ? kLatestMs : at.unix_ms < -kLatestMs ? -kLatestMs : at.unix_ms;
}

// "3 s", of what is not negative.
[[nodiscard]] std::string age_text(WallTime at, WallTime now);

}  // namespace strata::internal
