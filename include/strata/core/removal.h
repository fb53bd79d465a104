// Why something left a tier. Each cause is a counter of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace strata {

enum class RemovalCause : std::uint8_t {
  kErased,       // somebody asked for this key
  kReplaced,     // a newer value of the same key took its place
  kInvalidated,  // made wrong by a change
  kExpired,      // out of time
  kEvicted,      // out of space
  kCleared,      // clear()
  kCorrupt,      // did not decode
};

inline constexpr std::size_t kRemovalCauseCount = 7;
inline constexpr std::array kRemovalCauses{RemovalCause::kErased,      RemovalCause::kReplaced,
                                           RemovalCause::kInvalidated, RemovalCause::kExpired,
                                           RemovalCause::kEvicted,     RemovalCause::kCleared,
                                           RemovalCause::kCorrupt};

[[nodiscard]] std::string_view to_string(RemovalCause cause);

}  // namespace strata
