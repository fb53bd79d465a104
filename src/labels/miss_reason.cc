// The stable names of miss reasons.
#include "strata/labels/miss_reason.h"

#include "core/assert.h"

namespace strata {

std::string_view to_string(MissReason reason) {
  constexpr std::array<std::string_view, kMissReasonCount> kNames{
      "cold",    "erased",  "replaced", "invalidated", "expired", "evicted", "cleared",
      "corrupt", "version", "negative", "disabled",    "error",   "no_key",  "tampered"};
  return kNames[static_cast<std::size_t>(reason)];
}

MissReason miss_reason_of(RemovalCause cause) {
  switch (cause) {
    case RemovalCause::kErased:
      return MissReason::kErased;
    case RemovalCause::kReplaced:
      return MissReason::kReplaced;
    case RemovalCause::kInvalidated:
      return MissReason::kInvalidated;
    case RemovalCause::kExpired:
      return MissReason::kExpired;
    case RemovalCause::kEvicted:
      return MissReason::kEvicted;
    case RemovalCause::kCleared:
      return MissReason::kCleared;
    case RemovalCause::kCorrupt:
      return MissReason::kCorrupt;
  }
  STRATA_ASSERT(false && "not a RemovalCause");
}

}  // namespace strata
