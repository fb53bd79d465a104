// The stable names of removal causes.
#include "strata/core/removal.h"

#include "core/assert.h"

namespace strata {

std::string_view to_string(RemovalCause cause) {
  switch (cause) {
    case RemovalCause::kErased:
      return "erased";
    case RemovalCause::kReplaced:
      return "replaced";
    case RemovalCause::kInvalidated:
      return "invalidated";
    case RemovalCause::kExpired:
      return "expired";
    case RemovalCause::kEvicted:
      return "evicted";
    case RemovalCause::kCleared:
      return "cleared";
    case RemovalCause::kCorrupt:
      return "corrupt";
  }
  STRATA_ASSERT(false && "not a RemovalCause");
}

}  // namespace strata
