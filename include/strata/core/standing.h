// Standing: what an eviction policy thinks of an entry beside the others of its tier.
//
// A guess, from what the entry carries: the policy decides when it needs room, and by more than
// that. docs/eviction.md tells what each policy ranks by.
//
// Threads   A plain value.
#pragma once

#include <cstdint>

namespace strata {

struct Standing {
  std::uint32_t rank = 0;        // the higher, the longer the entry would be kept
  std::uint32_t uses = 0;        // that the policy has noted: up to a few, and it forgets them
  std::uint32_t unused_for = 0;  // one for each 64th of the entries that came since its last use
};

}  // namespace strata
