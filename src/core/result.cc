// The names of error codes, and the way from an Error back to an exception.
#include "strata/core/result.h"

#include <utility>

#include "core/assert.h"

namespace strata {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kRejected:
      return "rejected";
    case ErrorCode::kLoadFailed:
      return "load_failed";
    case ErrorCode::kClosed:
      return "closed";
  }
  STRATA_ASSERT(false && "not an ErrorCode");
}

std::shared_ptr<const Error> internal::shared_error(Error error) noexcept {
  // Short enough to need no memory.
  static const Error no_memory{ErrorCode::kUnavailable, "out of memory", {}};
  try {
    return std::make_shared<const Error>(std::move(error));
  } catch (...) {
    return {std::shared_ptr<const Error>(), &no_memory};
  }
}

BadResult::BadResult(const Error& error) : std::runtime_error(error.message), code_(error.code) {}

void throw_error(const Error& error) {
  if (error.exception) std::rethrow_exception(error.exception);
  throw BadResult(error);
}

}  // namespace strata
