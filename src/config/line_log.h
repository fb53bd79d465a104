// line_log(): a log sink that writes lines, at a chosen level, and says a thing once a minute.
//
// A tier that is away fails every read in the same words; the first says so, and the next one
// after a minute says how many there were.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "strata/config/settings.h"
#include "strata/ports/clock.h"
#include "strata/ports/log.h"

namespace strata::internal {

inline constexpr Duration kLogRepeatAfter = std::chrono::minutes(1);
inline constexpr std::size_t kLogRemembered = 64;  // messages that are watched for repetition

// May be called from any thread, also while another call runs.
using LineWriter = std::function<void(std::string_view line)>;

// Lines are `<time> <level> <name>: <message>`, ended by a line feed. Empty for kOff.
[[nodiscard]] LogSink line_log(std::string name, LogThreshold threshold,
                               std::shared_ptr<Clock> clock, LineWriter write);

// Writes to standard error, each line at once.
void write_to_standard_error(std::string_view line);

}  // namespace strata::internal
