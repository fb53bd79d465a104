// Bounds: how much a shard may hold, and what a share of that is.
#pragma once

#include <algorithm>
#include <cstdint>

#include "memory/policy/queue.h"

namespace strata::memory {

struct Bounds {
  std::uint64_t max_entries = 0;  // 0: not bounded so
  std::uint64_t max_weight = 0;   // 0: not bounded so

  // Whether it is entries that are scarce where so many are held, and not weight.
  [[nodiscard]] bool counts_places(std::uint64_t entries) const {
    return max_weight == 0 || (max_entries != 0 && entries >= max_entries);
  }
};

// The most that a part of a shard should hold, in entries and in weight; whichever is exceeded
// first counts, so that shares are by weight where weight is what binds.
struct Share {
  std::uint64_t entries = UINT64_MAX;
  std::uint64_t weight = UINT64_MAX;

  [[nodiscard]] bool is_exceeded_by(const Queue& queue) const {
    return queue.entries() > entries || queue.weight() > weight;
  }
  // Whether there is room for whoever comes, proven or not. Of the weight a sixteenth is kept: what
  // leaves is rarely as heavy as what comes, and each gap would let somebody unproven in.
  [[nodiscard]] bool has_room_beside(const auto& queue) const {
    return queue.entries() < entries &&
           queue.weight() < (weight == UINT64_MAX ? weight : weight - weight / 16);
  }
};

// What is left when `permille` of the bounds, and no less than `least` entries, is kept for
// others. The weight of an entry is taken to be `mean_weight`.
[[nodiscard]] inline Share share_beside(const Bounds& bounds, std::uint64_t permille,
                                        std::uint64_t least, std::uint64_t mean_weight) {
  Share share;
  const auto part = [&](std::uint64_t whole, std::uint64_t unit) {
    // Divided first where the product would not fit.
    const std::uint64_t wanted =
        whole <= UINT64_MAX / 1000 ? whole * permille / 1000 : whole / 1000 * permille;
    return whole - std::min(whole, std::max(wanted, least * unit));
  };
  if (bounds.max_entries != 0) share.entries = part(bounds.max_entries, 1);
  if (bounds.max_weight != 0) share.weight = part(bounds.max_weight, mean_weight);
  return share;
}

}  // namespace strata::memory
