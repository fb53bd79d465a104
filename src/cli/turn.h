// Taking turns: other runs of the program, and other programs, may have the SQLite file.
#pragma once

#include <functional>
#include <string>

#include "core/mutex.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"

namespace strata::cli {

// How long a command waits for its turn when another process has the SQLite file, before it says
// which: longer than a few runs of the program take, one after the other.
inline constexpr Duration kTurnPatience = std::chrono::seconds(2);

// Whether the SQLite file could not be opened because another process has it.
[[nodiscard]] inline bool is_used_elsewhere(const Error& error) {
  return error.code == ErrorCode::kUnavailable &&
         error.message.find(" is in use by ") != std::string::npos;
}

// What `open` returns, as soon as no other process has its file. Of several that wait, any one is
// next.
template <typename Opened, typename Open>
[[nodiscard]] Opened in_turn(Open open) {
  constexpr auto kPause = std::chrono::milliseconds(10);
  const std::shared_ptr<Clock> clock = system_clock();
  const Instant end = saturating_add(clock->now(), kTurnPatience);
  while (true) {
    Opened opened = open();
    if (opened || !is_used_elsewhere(opened.error()) || clock->now() >= end) return opened;
    Mutex mutex;
    CondVar nobody_notifies;
    const MutexLock lock(mutex);
    (void)nobody_notifies.wait_for(mutex, kPause);
  }
}

}  // namespace strata::cli
