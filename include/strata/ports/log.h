// LogSink: where Strata's messages go. Without one they go nowhere; counters still count.
//
// Threads   May be called from any thread, with no lock held. May not throw.
#pragma once

#include <functional>
#include <string_view>

namespace strata {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

[[nodiscard]] std::string_view to_string(LogLevel level);

using LogSink = std::function<void(LogLevel level, std::string_view message)>;

}  // namespace strata
