// The names of log levels.
#include "strata/ports/log.h"

#include "core/assert.h"

namespace strata {

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  STRATA_ASSERT(false && "not a LogLevel");
}

}  // namespace strata
