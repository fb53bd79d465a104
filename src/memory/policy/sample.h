// Sample: what the controller is told of one use of a sampled key.
//
// Keys are sampled by their hash: `sample_place(hash)` is a number below 2^32 that is as good as
// random, and a sample has the keys whose place is below its limit. So a thinner sample is a part
// of a thicker one, and a key is in it with all of its uses or with none. Limits are those of
// levels: level 0 is everything, and eight levels further is half as much.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace strata::memory {

enum class UseKind : std::uint8_t {
  kHit,      // a look-up that found an entry
  kMiss,     // one that found nothing; what is stored then is an insertion of its own
  kGone,     // one that found what had expired or was invalidated: a miss whatever the size
  kInsert,   // a new entry
  kReplace,  // another value of a key that was there
  kErase     // it was taken away, and not for want of room
};

struct Sample {
  std::uint64_t hash = 0;
  std::uint32_t weight = 1;  // of the entry; unknown for kMiss and kGone
  UseKind kind = UseKind::kHit;
  std::uint8_t keyspace = 0;  // KeyspaceNames::slot_of()

  [[nodiscard]] bool is_look_up() const { return kind <= UseKind::kGone; }
};

inline constexpr std::uint64_t kSampleAll = std::uint64_t{1} << 32;

[[nodiscard]] inline std::uint64_t sample_place(std::uint64_t hash) {
  return (hash * 0xd1b54a32d192ed03ULL) >> 32;
}

inline constexpr std::uint8_t kLevelsPerHalf = 8;
inline constexpr std::uint8_t kLevelMax = 31 * kLevelsPerHalf;

[[nodiscard]] inline std::uint64_t limit_of_level(std::uint8_t level) {
  // 2^32, 2^(32 - 1/8), 2^(32 - 2/8), ...
  constexpr std::array<std::uint64_t, kLevelsPerHalf> kSteps{
      kSampleAll,    0xeac0c6e8ULL, 0xd744fccbULL, 0xc5672a11ULL,
      0xb504f334ULL, 0xa5fed6aaULL, 0x9837f052ULL, 0x8b95c1e4ULL};
  return kSteps[level % kLevelsPerHalf] >> (level / kLevelsPerHalf);
}

// The last level that a place is in.
[[nodiscard]] inline std::uint8_t level_of(std::uint64_t place) {
  int level = kLevelsPerHalf * std::countl_zero(static_cast<std::uint32_t>(place));
  if (level >= kLevelMax) return kLevelMax;
  while (level < kLevelMax && place < limit_of_level(static_cast<std::uint8_t>(level + 1))) ++level;
  return static_cast<std::uint8_t>(level);
}

// The first level whose sample is no larger than this share of all.
[[nodiscard]] inline std::uint8_t level_for(double share) {
  if (share >= 1) return 0;
  const double level = std::ceil(-kLevelsPerHalf * std::log2(share) - 1e-9);
  return static_cast<std::uint8_t>(std::min<double>(level, kLevelMax));
}

}  // namespace strata::memory
