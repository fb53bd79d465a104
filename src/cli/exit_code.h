// ExitCode: how a run of `strata` ended. Scripts rely on these numbers; docs/cli.md lists them.
#pragma once

#include "strata/core/result.h"

namespace strata::cli {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,  // or only partly done
  kUsage = 2,   // wrong arguments or configuration, or refused for lack of --confirm
  kNotFound = 3,
  kDegraded = 4,  // answered, but stale or without a tier that should be there
  kCorrupt = 5,
  kInterrupted = 130,
};

// The exit code for an operation that ended with an error of this code.
[[nodiscard]] constexpr ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kRejected:
      return ExitCode::kUsage;
    case ErrorCode::kCorrupt:
      return ExitCode::kCorrupt;
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kLoadFailed:
    case ErrorCode::kClosed:
      break;
  }
  return ExitCode::kFailed;
}

}  // namespace strata::cli
