// Outcome: how one look-up was answered. Every look-up has exactly one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace strata {

enum class Outcome : std::uint8_t {
  kHit,          // a fresh value, from a tier
  kStaleHit,     // a value past its ttl, served while a refresh runs or because a load failed
  kNegativeHit,  // a remembered "does not exist"
  kLoaded,       // there was nothing; the source answered, maybe that nothing exists
  kRefreshed,    // there was a value past its ttl or of another version; the source answered
  kMiss,         // nothing, and no load was asked for
  kError,        // nothing, and the load failed
};

inline constexpr std::size_t kOutcomeCount = 7;
inline constexpr std::array kOutcomes{Outcome::kHit,    Outcome::kStaleHit,  Outcome::kNegativeHit,
                                      Outcome::kLoaded, Outcome::kRefreshed, Outcome::kMiss,
                                      Outcome::kError};

// The stable name: "hit", "stale_hit", "negative_hit", ...
[[nodiscard]] std::string_view to_string(Outcome outcome);

}  // namespace strata
