// MissReason: why a look-up found nothing in the cache.
//
// The first eight are what CauseJournal::classify() finds. Who looked knows better where a tier
// still holds something: kExpired, kCorrupt, kVersion, kNoKey and kTampered say of a record that
// was there why it is no answer, and kError that a tier could not be asked. A negative hit is no
// miss: kNegative is only said by Cache::explain().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "strata/core/removal.h"

namespace strata {

enum class MissReason : std::uint8_t {
  kCold,         // no removal is known: it was never there, or left before the journal begins
  kErased,       // somebody asked for it
  kReplaced,     // a newer value took its place, and is gone without a removal of its own
  kInvalidated,  // made wrong by a change
  kExpired,      // out of time
  kEvicted,      // out of space
  kCleared,      // clear()
  kCorrupt,      // did not decode
  kVersion,      // a record of another codec or schema, or from before the keyspace had its labels
  kNegative,     // known to be absent: what a tier holds says so
  kDisabled,     // the keyspace is switched off
  kError,        // a tier failed
  kNoKey,        // encrypted by a key that is not here
  kTampered,     // encrypted, and changed since, or another record's
};

inline constexpr std::size_t kMissReasonCount = 14;
inline constexpr std::array<MissReason, kMissReasonCount> kMissReasons{
    MissReason::kCold,    MissReason::kErased,   MissReason::kReplaced, MissReason::kInvalidated,
    MissReason::kExpired, MissReason::kEvicted,  MissReason::kCleared,  MissReason::kCorrupt,
    MissReason::kVersion, MissReason::kNegative, MissReason::kDisabled, MissReason::kError,
    MissReason::kNoKey,   MissReason::kTampered};

// Stable names: "cold", "erased", ...
[[nodiscard]] std::string_view to_string(MissReason reason);

[[nodiscard]] MissReason miss_reason_of(RemovalCause cause);

}  // namespace strata
