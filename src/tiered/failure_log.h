// FailureLog: says that a tier fails, but not for every call that it fails.
//
// The first failure of a kind (tier and error code) is a line; further ones within kPause are
// counted, and the next line says how many they were.
//
// Threads   Thread-safe.
// Memory    One entry per tier and error code.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/mutex.h"
#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata::internal {

class FailureLog {
 public:
  static constexpr Duration kPause = std::chrono::seconds(30);

  // The line to log for this failure, or nothing.
  [[nodiscard]] std::optional<std::string> line(std::string_view tier, std::string_view doing,
                                                const Error& error, Instant now);

 private:
  struct Kind {
    Instant quiet_until;
    std::uint64_t unsaid = 0;
  };
  Mutex mutex_;
  std::map<std::pair<std::string, ErrorCode>, Kind> kinds_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::internal
