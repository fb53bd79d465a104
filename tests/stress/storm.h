// Storm: many invalidations of tags and keys on a memory tier of entries with ten tags each, while
// others read.
//
// A round invalidates a share of the tags and keys and then looks at every entry: exactly those
// that carry nothing which was invalidated must be left. Readers check meanwhile that nothing is
// served of which an invalidation had returned before. Then what is missing is filled again.
//
// Threads   run() belongs to the test's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "strata/ports/hot_tier.h"

namespace strata::stress {

struct StormOptions {
  std::uint32_t entries = 100'000;
  std::uint64_t invalidations = 100'000;  // at least, over all rounds
  std::size_t writers = 2;
  std::size_t readers = 2;
  std::uint64_t seed = 1;
};

struct StormResult {
  std::uint64_t invalidations = 0;
  std::uint64_t removed = 0;
  std::uint64_t reads = 0;
  std::uint64_t rounds = 0;
  std::string wrong;  // the first thing that was
};

class Storm {
 public:
  explicit Storm(const StormOptions& options);
  ~Storm();
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

  StormResult run();
  [[nodiscard]] HotTier& tier();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::stress
