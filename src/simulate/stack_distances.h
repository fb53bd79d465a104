// StackDistances: how many other keys were asked for since a key was last asked for.
//
// That is where the key is in a list of the keys by their last requests, so that
// least-recently-used caches of any number of sizes are simulated in one pass: those hit that have
// more places than this. The distance is the number of last requests that lie after the key's own,
// among the places of all requests so far: a bit is set for each, and counts of blocks of bits say
// how many. When the places are used up, those of last requests move together.
//
// Source: Mattson, Gecsei, Slutz, Traiger: "Evaluation techniques for storage hierarchies", 1970.
//
// Threads   Thread-compatible.
// Memory    About 12 bytes a key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "simulate/trace.h"

namespace strata::simulate {

class StackDistances {
 public:
  static constexpr std::size_t kKeysMax = std::size_t{1} << 30;

  // Precondition: at most kKeysMax, and none of a higher number is asked for.
  explicit StackDistances(std::size_t keys);

  // The distance of a key that is asked for now; nothing the first time.
  [[nodiscard]] std::optional<std::uint64_t> request(KeyNumber key);

 private:
  using Place = std::uint32_t;

  void set(Place place);
  void clear(Place place);
  [[nodiscard]] std::uint64_t set_after(Place place) const;
  void compact();

  std::vector<Place> last_;  // by key, one more than its place; 0: it was not asked for yet
  std::vector<KeyNumber> key_at_;
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint32_t> in_block_;  // how many bits are set
  std::vector<std::uint32_t> in_group_;  // of blocks
  Place next_ = 0;
};

}  // namespace strata::simulate
