// Durations as people write them: "365d", "1h30m", "1.5h", "250ms", "PT30M", "never".
//
// A number without a unit counts seconds. Units are w d h m s ms us ns, from the largest to
// the smallest, each at most once; a fraction is allowed on the last of them. ISO 8601
// durations with days and smaller parts are accepted ("P1DT12H"); months and years are not,
// since they have no fixed length. "never" is kForever. What exceeds 292 years is kForever.
//
// Errors    kRejected, with the text, the reason and an example. Negative is an error.
#pragma once

#include <string>
#include <string_view>

#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata {

[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// The shortest text that parse_duration() reads back as the same duration: "1h30m".
[[nodiscard]] std::string format_duration(Duration duration);

// For people: at most two units, rounded: "3.2 ms", "2h 5m", "never".
[[nodiscard]] std::string describe_duration(Duration duration);

// RFC 3339 in UTC with milliseconds: "2026-11-21T09:30:00.000Z".
[[nodiscard]] std::string format_wall_time(WallTime time);
[[nodiscard]] Result<WallTime> parse_wall_time(std::string_view text);

}  // namespace strata
